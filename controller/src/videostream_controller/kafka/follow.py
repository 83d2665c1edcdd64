"""Reading one small topic from its beginning for ever, in a thread."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from videostream_controller.kafka.client import KafkaUnavailable

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

_librdkafka = logging.getLogger("librdkafka")
_log = logging.getLogger(__name__)
_BATCH: Final = 500
_POLL_S: Final = 0.25
_LOST: Final = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 librdkafka names its local errors so
        KafkaError._AUTHENTICATION,  # noqa: SLF001
    }
)


@dataclass(frozen=True, slots=True)
class Record:
    """A record; `value` None is a tombstone, `time` its producer's or broker's time stamp."""

    key: bytes | None
    value: bytes | None
    time: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in order; `is_live` when the topic had been read to its end before them.

    A batch without records tells that this is so from now on.
    """

    records: tuple[Record, ...]
    is_live: bool


def follow(
    properties: Mapping[str, str],
    topic: str,
    *,
    deliver: Callable[[Batch], None],
    stopping: threading.Event,
) -> None:
    """Deliver every record of partition 0, from the first one on, until `stopping` is set.

    Raises KafkaUnavailable when the connection is lost for good or the topic is gone, so that the
    caller can begin anew with fresh properties.
    """
    lost: list[str] = []

    def note(error: KafkaError) -> None:
        if error.code() in _LOST:
            lost.append(f"{error.name()}: {error.str()}")

    consumer = Consumer(
        {
            **properties,
            # Required and asked about, though nothing is committed. Rights go by this prefix.
            "group.id": "videostream.controller",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "error_cb": note,
        },
        logger=_librdkafka,
    )
    try:
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        is_live = False
        while not stopping.is_set():
            records, reached_end = _poll(consumer)
            if lost:
                raise KafkaUnavailable(lost[0])
            if records:
                deliver(Batch(records, is_live))
            if reached_end and not is_live:
                is_live = True
                deliver(Batch((), is_live))
    finally:
        consumer.close()


def _poll(consumer: Consumer) -> tuple[tuple[Record, ...], bool]:
    records = []
    reached_end = False
    for message in consumer.consume(_BATCH, _POLL_S):
        error = message.error()
        if error is None:
            _, stamp_ms = message.timestamp()
            time = datetime.fromtimestamp(max(0, stamp_ms) / 1000, UTC)
            records.append(Record(_raw(message.key()), _raw(message.value()), time))
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
            reached_end = True
        elif error.retriable():
            _log.debug("status records: %s", error)
        else:
            raise KafkaUnavailable(f"{error.name()}: {error.str()}") from KafkaException(error)
    return tuple(records), reached_end


def _raw(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
