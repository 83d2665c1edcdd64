"""The lag sampler on a real broker: which streams it wakes, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.bodies import body, deployment
from videostream_controller.kafka import KafkaClient, ensure_offsets
from videostream_controller.sampler import LagSampler
from videostream_controller.scaler import Scaler
from videostream_controller.status_feed import StatusFeed
from videostream_controller.store import Store
from videostream_controller.streams import Streams
from videostream_controller.workqueue import WorkQueue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.kafka import Broker

pytestmark = pytest.mark.kafka


class World:
    """One stream at rest, whose consumers' group has read all that there is."""

    def __init__(self, kafka: Broker, client: KafkaClient, topic: str) -> None:
        self._broker, self._topic = kafka, topic
        self.now_s = 0.0
        self.key = f"video/{topic}"
        self.client = client
        deployments = Store()
        deployments.put(deployment(f"{topic}-consumer"))
        streams = Streams()
        streams.put(self._body())
        self.queue: WorkQueue[str] = WorkQueue(clock=lambda: self.now_s)
        scaler = Scaler(deployments, StatusFeed(self.queue.add))
        self.sampler = LagSampler(
            clients={"default": client},
            streams=streams,
            samples={},
            scaler=scaler,
            queue=self.queue,
            period_s=5,
        )

    def _body(self) -> dict[str, Any]:
        known = {"name": self._topic, "id": "topic-1", "partitions": 12, "ownership": "Created"}
        return body(
            {"kafka": {"topic": {"name": self._topic}}},
            status={"topic": known, "lag": {"records": 0, "duration": "0s"}},
            name=self._topic,
        )

    async def begin(self) -> None:
        group = f"videostream.video.{self._topic}"
        await ensure_offsets(self.client, group, self._topic, partitions=12, start_from="Latest")
        while await self.woken():
            pass

    async def woken(self) -> bool:
        """Sample once; tells whether the stream is to be looked at now."""
        await self.sampler.once()
        return self.is_due()

    def is_due(self) -> bool:
        key = self.queue.pop()
        if key is not None:
            assert key == self.key
            self.queue.done(key)
        return key is not None

    def come(self, records: int) -> None:
        producer = self._broker.producer()
        for number in range(records):
            producer.produce(self._topic, b"frame", partition=number % 12)
        assert producer.flush(10) == 0


@pytest.fixture
async def world(kafka: Broker, topic: str, tmp_path: Path) -> AsyncIterator[World]:
    client = KafkaClient(kafka.write_connection(tmp_path))
    found = World(kafka, client, topic)
    await found.begin()
    yield found
    await client.close()


async def test_a_stream_at_rest_is_let_be(world: World) -> None:
    for _ in range(5):
        assert not await world.woken()
    world.now_s += 3600
    assert not world.is_due()


async def test_a_lag_that_moved_is_told_in_a_while(world: World) -> None:
    world.come(24)
    assert not await world.woken(), "a number is no news"
    world.now_s += 29
    assert not world.is_due()
    world.now_s += 1
    assert world.is_due()


async def test_a_few_records_more_are_told_by_nobody(world: World) -> None:
    world.come(5)
    assert not await world.woken()
    world.now_s += 3600
    assert not world.is_due()


async def test_a_topic_that_is_gone_is_news_at_once(world: World, kafka: Broker) -> None:
    topic = world.key.removeprefix("video/")
    kafka.delete_topic(topic)
    for _ in range(20):
        if await world.woken():
            break
    else:
        raise AssertionError("the lag is not known, and nobody is told")
    assert world.sampler.samples[world.key].records is None
    kafka.create_topic(topic, partitions=12)  # as it was found
