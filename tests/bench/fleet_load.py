"""What pods would send while frames flow, sent by the benchmark: here are no pods.

A moving stream gets one small record per second, which its group commits as a consumer would do.
All pods, also those of streams that do not move, report their status every 10 s.
"""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from videostream_pipeline.status import (
    STATUS_PERIOD_S,
    ConsumerStatus,
    ProducerStatus,
    SignalsStatus,
    SinkStatus,
    SourceStatus,
    encode_status,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from confluent_kafka.admin import AdminClient

    from tests.support.kafka import Broker

_COMMIT_PERIOD_S: Final = 5
_PERIOD_S: Final = 1.0


@dataclass(slots=True)
class Camera:
    """A stream whose pods are played; `ends` are its records by partition."""

    namespace: str
    name: str
    uid: str
    topic: str
    group: str
    ends: list[int]

    @classmethod
    def of(cls, stream: Mapping[str, Any]) -> Self:
        """Return the camera of a VideoStream whose topic is empty."""
        metadata, status = stream["metadata"], stream["status"]
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            topic=status["topic"]["name"],
            group=status["consumer"]["groupId"],
            ends=[0] * status["topic"]["partitions"],
        )

    def reports(self) -> Iterator[tuple[bytes, bytes]]:
        """Give the status records of its producer and of its consumer."""
        now = datetime.now(UTC)
        said: dict[str, Any] = {
            "namespace": self.namespace,
            "name": self.name,
            "uid": self.uid,
            "time": now,
        }
        source = SourceStatus(
            state="Streaming",
            reason="Streaming",
            codec="h264",
            width=1280,
            height=720,
            fps=random.gauss(25, 0.2),
            last_frame_time=now,
        )
        yield encode_status(ProducerStatus(**said, pod=f"{self.name}-producer-0", source=source))
        yield encode_status(
            ConsumerStatus(
                **said,
                pod=f"{self.name}-consumer-0",
                sink=SinkStatus("Reachable"),
                signals=SignalsStatus("Ready"),
            )
        )

    def commit(self) -> ConsumerGroupTopicPartitions:
        """Return the commit of a consumer that has read everything, with its capacity report."""
        said = {"v": 1, "m": f"{self.name}-0", "mu": 40.0, "busy": 0.03, "blk": 0.0}
        metadata = json.dumps(said | {"t": int(time.time())})
        parts = [
            TopicPartition(self.topic, number, end, metadata)
            for number, end in enumerate(self.ends)
        ]
        return ConsumerGroupTopicPartitions(self.group, parts)


@dataclass(slots=True)
class Load:
    """Plays the pods of all cameras from a thread of its own, for a `with` block."""

    broker: Broker
    status_topic: str
    cameras: Sequence[Camera]
    moving: Sequence[Camera]
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start to send."""
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop to send."""
        self._stopping.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        producer, admin = self.broker.producer(linger_ms=20), self.broker.admin()
        second = 0
        due = time.monotonic()
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            for camera in self._share(self.cameras, second, round(STATUS_PERIOD_S)):
                for key, value in camera.reports():
                    producer.produce(self.status_topic, key=key, value=value)
            for camera in self.moving:
                part = second % len(camera.ends)
                producer.produce(camera.topic, value=b"frame", partition=part)
                camera.ends[part] += 1
            producer.flush(_PERIOD_S)
            self._commit(admin, self._share(self.moving, second, _COMMIT_PERIOD_S))
            second += 1
            due += _PERIOD_S
        producer.flush(10)

    def _commit(self, admin: AdminClient, cameras: Sequence[Camera]) -> None:
        for camera in cameras:
            # The answer is not waited for: the next commit says the same and more.
            admin.alter_consumer_group_offsets([camera.commit()])

    @staticmethod
    def _share(cameras: Sequence[Camera], second: int, shares: int) -> Sequence[Camera]:
        return cameras[second % shares :: shares]
