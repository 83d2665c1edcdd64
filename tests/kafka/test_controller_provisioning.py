"""What the controller remembers of topics and groups on a real broker, and when it asks again."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.support.bodies import stream
from videostream_controller.kafka import KafkaClient, alter_config, delete_group, describe_topic
from videostream_controller.provisioning import Provisioner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from tests.support.kafka import Broker
    from videostream_controller.api import VideoStream

pytestmark = pytest.mark.kafka

_HOUR_S = 3600.0


class Place:
    """A stream's place in Kafka, made by the controller, and a clock that the test turns."""

    def __init__(self, kafka: Broker, client: KafkaClient, topic: str) -> None:
        self.kafka, self.client, self.topic = kafka, client, topic
        self.now_s = 0.0
        self.status: dict[str, object] = {}
        self.provisioner = Provisioner({"default": client}, self._claim, clock=lambda: self.now_s)

    async def _claim(self, _: VideoStream, claimed: Mapping[str, object]) -> None:
        self.status = {"topic": dict(claimed)}

    @property
    def stream(self) -> VideoStream:
        return stream({"kafka": {"topic": {"name": self.topic}}}, status=self.status)

    async def ensure(self, *, doubtful: bool = False) -> None:
        state = await self.provisioner.ensure(self.stream, doubtful=doubtful)
        assert state.reason == "Created", state

    async def retention_ms(self) -> str | None:
        found = await describe_topic(self.client, self.topic)
        assert found is not None
        return found.config.get("retention.ms")

    def offsets(self) -> int:
        """Count the partitions for which the group has an offset."""
        return len(self.kafka.committed(self.stream.group_id, self.topic))


@pytest.fixture
async def place(kafka: Broker, tmp_path: Path) -> AsyncIterator[Place]:
    client = KafkaClient(kafka.write_connection(tmp_path))
    place = Place(kafka, client, f"videostream.test.t{uuid.uuid4().hex[:8]}")
    await place.ensure()
    yield place
    await place.provisioner.remove(place.stream)
    await client.close()


async def test_a_topic_that_somebody_altered_is_put_right_at_the_next_look(place: Place) -> None:
    await alter_config(place.client, place.topic, {"retention.ms": "1000"})
    await place.ensure()
    assert await place.retention_ms() == "1000", "nobody asks Kafka at each look"
    place.now_s += _HOUR_S
    await place.ensure()
    assert await place.retention_ms() == "600000"


async def test_a_group_that_somebody_deleted_comes_back_when_its_lag_is_unknown(
    place: Place,
) -> None:
    assert place.offsets() == 12
    assert await delete_group(place.client, place.stream.group_id)
    place.now_s += _HOUR_S
    await place.ensure()
    assert place.offsets() == 0, "that offsets are missing, the lag sampler finds out"
    place.now_s += _HOUR_S
    await place.ensure(doubtful=True)
    assert place.offsets() == 12
