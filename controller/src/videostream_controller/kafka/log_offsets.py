"""First and end offsets of whole topics, of thousands of partitions each few seconds.

A consumer's `offsets_for_times` takes much less CPU than the AdminClient's `list_offsets`, which
makes a future for each partition. But one topic that is gone spoils its answer about all others, so
what it fails at is asked again of the AdminClient, which tells them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Future

Where = Literal["Earliest", "Latest"]
Topic = tuple[str, int]  # with its number of partitions

# librdkafka compares each partition of a request with all others: the cost grows with the square.
_PARTITIONS_TOGETHER: Final = 250
_QUICKLY_S: Final = 2.0


class LogOffsets:
    """Asks one cluster; not for several threads."""

    def __init__(self, properties: Mapping[str, Any], admin: AdminClient) -> None:
        self._admin = admin
        self._properties = {
            **properties,
            "group.id": "videostream-controller",  # required, and unused: nothing is consumed
            "isolation.level": "read_uncommitted",  # as of AdminClient: what waits counts
        }
        self._consumer: Consumer | None = None

    def read(
        self, topics: Sequence[Topic], where: Where, *, timeout_s: float
    ) -> list[tuple[int, ...] | KafkaError]:
        """Return the offsets of each topic by partition, or the error of one of its partitions."""
        found: dict[Topic, tuple[int, ...] | KafkaError] = {}
        wanted = list(dict.fromkeys(topics))  # streams may share one
        for some in _portions(wanted):
            quickly = self._read_quickly(some, where)
            if quickly is None:
                break
            found |= quickly
        left = [topic for topic in wanted if topic not in found]
        found |= self._read_thoroughly(left, where, timeout_s=timeout_s)
        return [found[topic] for topic in topics]

    def _read_quickly(
        self, topics: Sequence[Topic], where: Where
    ) -> dict[Topic, tuple[int, ...] | KafkaError] | None:
        """Return what was answered; None if the cluster does not answer quickly."""
        time = OFFSET_END if where == "Latest" else OFFSET_BEGINNING
        wanted = [TopicPartition(name, n, time) for name, count in topics for n in range(count)]
        self._consumer = self._consumer or Consumer(self._properties)
        try:
            answers = self._consumer.offsets_for_times(wanted, timeout=_QUICKLY_S)
        except KafkaException as error:
            # It may go by what it has seen before; the next one learns anew.
            self._consumer.close()
            self._consumer = None
            return None if error.args[0].code() == KafkaError._TIMED_OUT else {}  # noqa: SLF001
        parts = {(part.topic, part.partition): part for part in answers}
        return {
            (name, count): _offsets([parts[name, n] for n in range(count)])
            for name, count in topics
        }

    def _read_thoroughly(
        self, topics: Sequence[Topic], where: Where, *, timeout_s: float
    ) -> dict[Topic, tuple[int, ...] | KafkaError]:
        spec = OffsetSpec.latest() if where == "Latest" else OffsetSpec.earliest()  # type: ignore[no-untyped-call]
        asked: dict[Any, Future[Any]] = {}
        for some in _portions(topics):
            wanted = {TopicPartition(name, n): spec for name, count in some for n in range(count)}
            asked |= self._admin.list_offsets(wanted, request_timeout=timeout_s)
        return {topic: _result(topic, asked) for topic in topics}


def _portions(topics: Sequence[Topic]) -> Iterator[list[Topic]]:
    """Give the topics in portions of so many partitions that asking about them is cheap."""
    some: list[Topic] = []
    partitions = 0
    for topic in topics:
        if some and partitions + topic[1] > _PARTITIONS_TOGETHER:
            yield some
            some, partitions = [], 0
        some.append(topic)
        partitions += topic[1]
    if some:
        yield some


def _offsets(parts: Sequence[TopicPartition]) -> tuple[int, ...] | KafkaError:
    error = next((part.error for part in parts if part.error is not None), None)
    return tuple(part.offset for part in parts) if error is None else error


def _result(topic: Topic, asked: Mapping[Any, Future[Any]]) -> tuple[int, ...] | KafkaError:
    name, count = topic
    try:
        return tuple(asked[TopicPartition(name, n)].result().offset for n in range(count))
    except KafkaException as error:
        found: KafkaError = error.args[0]
        return found
