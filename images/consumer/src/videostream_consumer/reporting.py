"""Tells the controller and the dashboards how this consumer is.

Status records go to Kafka every 10 s and at a change (at most one per second), a `pipeline` point
goes to InfluxDB every 10 s. Both are best effort: no report may delay a frame.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaException, Producer

from videostream_consumer.tally import Tally
from videostream_pipeline.pipeline_point import PERIOD_S, pipeline_line
from videostream_pipeline.status import (
    STATUS_PERIOD_S,
    ConsumerStatus,
    SignalsStatus,
    SinkStatus,
    StatusKey,
    encode_status,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_consumer.settings import Settings

_SHORTEST_GAP_S: Final = 1.0
_FAREWELL_S: Final = 2.0
_BOUNDED: Final[Mapping[str, Any]] = {
    "queue.buffering.max.messages": 16,
    "queue.buffering.max.kbytes": 1024,
    "message.timeout.ms": 5000,  # an old status is worth nothing
    "log_level": 2,  # critical: in an outage every attempt to connect would be logged
}
_log = logging.getLogger(__name__)


class StatusTopic:
    """Sends the status records of one consumer."""

    def __init__(self, settings: Settings, connection: Mapping[str, str]) -> None:
        self._settings = settings
        config = {**connection, **_BOUNDED, "client.id": f"{settings.pod}-status"}
        self._producer = Producer({**config, "logger": logging.getLogger("librdkafka")})
        self._said: tuple[object, ...] | None = None
        self._said_at = float("-inf")

    def tell(
        self, *, sink: SinkStatus, signals: SignalsStatus, lag_records: int | None, now: float
    ) -> None:
        """Send the status when it is due: changed and 1 s old, or 10 s old."""
        self._producer.poll(0)
        age_s = now - self._said_at
        changed = (sink, signals) != self._said
        if age_s < _SHORTEST_GAP_S or (not changed and age_s < STATUS_PERIOD_S):
            return
        status = ConsumerStatus(
            namespace=self._settings.stream.namespace,
            name=self._settings.stream.name,
            uid=self._settings.uid,
            pod=self._settings.pod,
            time=datetime.now(UTC),
            sink=sink,
            signals=signals,
            lag_records=lag_records,
        )
        key, value = encode_status(status)
        self._send(key, value)
        self._said, self._said_at = (sink, signals), now

    def say_farewell(self) -> None:
        """Send the tombstone of this consumer and wait up to 2 s for all to be delivered."""
        stream = self._settings.stream
        key = StatusKey(stream.namespace, stream.name, "consumer", self._settings.pod)
        self._send(key.encode(), None)
        self._producer.flush(_FAREWELL_S)

    def _send(self, key: bytes, value: bytes | None) -> None:
        try:
            self._producer.produce(self._settings.status_topic, key=key, value=value)
        except (BufferError, KafkaException) as error:
            _log.debug("status record not sent: %s", error)


@dataclass(slots=True)
class IntervalReport:
    """The tally of the present interval and when it ends."""

    tally: Tally
    started: float

    @classmethod
    def begin(cls, now: float) -> IntervalReport:
        """Start with an empty tally."""
        return cls(Tally(), now)

    def due(self, now: float) -> bool:
        """Return whether the interval is over."""
        return now - self.started >= PERIOD_S

    def line(self, settings: Settings, *, lag_records: int | None) -> str:
        """Return the point of this interval."""
        return pipeline_line(
            self.tally.fields(lag_records=lag_records),
            namespace=settings.stream.namespace,
            stream=settings.stream.name,
            role="consumer",
            tags=settings.tags,
            pod=settings.pod,
            now_ns=time.time_ns(),
        )
