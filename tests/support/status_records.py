"""Status records of pods that are not there: a test says what they would say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from videostream_pipeline.status import (
    ConsumerStatus,
    ProducerStatus,
    SignalsStatus,
    SinkStatus,
    SourceStatus,
    encode_status,
)

if TYPE_CHECKING:
    from tests.support.controller import Cluster
    from tests.support.kafka import Broker


class Pods:
    """Says what the pods of stream `cam` would say, to those who read the status topic."""

    def __init__(self, cluster: Cluster, kafka: Broker, status_topic: str) -> None:
        self._cluster = cluster
        self._topic = status_topic
        self._producer = kafka.producer()

    def produces(self, source: SourceStatus, *, uid: str | None = None) -> None:
        """Send a status record of the producer; `uid` may be another object's."""
        self._send(
            ProducerStatus(
                namespace=self._cluster.namespace,
                name="cam",
                uid=uid or self._uid(),
                pod="cam-producer-1",
                time=datetime.now(UTC),
                source=source,
            )
        )

    def consumes(self, sink: SinkStatus, *, signals: SignalsStatus | None = None) -> None:
        """Send a status record of the consumer."""
        self._send(
            ConsumerStatus(
                namespace=self._cluster.namespace,
                name="cam",
                uid=self._uid(),
                pod="cam-consumer-1",
                time=datetime.now(UTC),
                sink=sink,
                signals=signals or SignalsStatus("Ready"),
            )
        )

    def leaves(self) -> None:
        """Send the consumer's farewell."""
        key = f"{self._cluster.namespace}/cam/consumer/cam-consumer-1"
        self._producer.produce(self._topic, key=key.encode(), value=None)
        assert self._producer.flush(10) == 0

    def _send(self, status: ProducerStatus | ConsumerStatus) -> None:
        key, value = encode_status(status)
        self._producer.produce(self._topic, key=key, value=value)
        assert self._producer.flush(10) == 0

    def _uid(self) -> str:
        return str((self._cluster.stream("cam") or {})["metadata"]["uid"])
