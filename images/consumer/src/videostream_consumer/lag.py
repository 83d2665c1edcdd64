"""How many records wait for this consumer.

Asked over a connection of its own: on the consumer's, the broker answers only after the fetch
that waits there for new records, half a second for each question.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_TIMEOUT_S: Final = 2.0


class OffsetProbe:
    """Asks a topic for its first and next offsets.

    A client whose question failed is replaced: one that has not noticed the restart of a broker
    is refused for ever, because it keeps the leader epochs that it has seen.
    """

    def __init__(self, config: Mapping[str, Any], *, topic: str) -> None:
        self._config = dict(config)
        self._topic = topic
        self._admin: AdminClient | None = None

    def bounds(self, partitions: Iterable[int]) -> dict[int, tuple[int, int]]:
        """Return (first, next) offset of each partition; raises KafkaException or TimeoutError."""
        wanted = [TopicPartition(self._topic, partition) for partition in partitions]
        if self._admin is None:
            self._admin = AdminClient(self._config)
        try:
            return self._bounds(self._admin, wanted)
        except (KafkaException, TimeoutError) as error:
            self._admin = None
            # An answer, its error and the frame that waited hold each other and with them the
            # client, which the collector must not end in a thread of librdkafka: that aborts.
            traceback.clear_frames(error.__traceback__)
            raise

    def _bounds(
        self, admin: AdminClient, wanted: list[TopicPartition]
    ) -> dict[int, tuple[int, int]]:
        if not wanted:
            admin.list_topics(self._topic, timeout=_TIMEOUT_S)
            return {}
        first = _ask(admin, wanted, OffsetSpec.earliest)
        end = _ask(admin, wanted, OffsetSpec.latest)
        return {
            item.partition: (
                first[item].result(_TIMEOUT_S).offset,
                end[item].result(_TIMEOUT_S).offset,
            )
            for item in wanted
        }


def _ask(
    admin: AdminClient, wanted: list[TopicPartition], spec: Callable[[], OffsetSpec]
) -> dict[Any, Any]:
    return admin.list_offsets(dict.fromkeys(wanted, spec()), request_timeout=_TIMEOUT_S)


def lag_of(bounds: Mapping[int, tuple[int, int]], done: Mapping[int, int]) -> int:
    """Return the records between what is done and the end; what has expired is not waited for."""
    return sum(max(0, end - max(done.get(p, first), first)) for p, (first, end) in bounds.items())
