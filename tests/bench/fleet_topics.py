"""How long a broker by itself takes for the topics of a fleet."""

from __future__ import annotations

import time
from typing import Final

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import NewTopic, OffsetSpec  # type: ignore[attr-defined]

from tests.bench.fleet_world import HEAP
from tests.support.eventually import eventually
from tests.support.kafka import Broker, run_broker

_TOGETHER: Final = 50
_TIMEOUT_S: Final = 300


def make_topics(count: int, partitions: int) -> float:
    """Give the seconds from the first request until each partition has a leader that answers."""
    with run_broker("fleet-topics", {"KAFKA_HEAP_OPTS": HEAP}) as broker:
        admin = broker.admin()
        names = [f"cam-{number:04}" for number in range(count)]
        started = time.monotonic()
        for first in range(0, count, _TOGETHER):
            new = [NewTopic(name, partitions, 1) for name in names[first : first + _TOGETHER]]
            for made in admin.create_topics(new, request_timeout=_TIMEOUT_S).values():
                made.result()
        waiting = list(names)
        eventually(
            lambda: _drop_answering(broker, waiting, partitions),
            timeout_s=_TIMEOUT_S,
            what="all partitions have leaders",
            period_s=0.5,
        )
        return time.monotonic() - started


def _drop_answering(broker: Broker, waiting: list[str], partitions: int) -> bool:
    """Take the topics off the list that are there, from its front; tells whether none is left.

    Each look has a new client: one that has asked too early goes by what it was told.
    """
    admin, spec = broker.admin(), OffsetSpec.latest()  # type: ignore[no-untyped-call]
    while waiting:
        some = waiting[:_TOGETHER]
        asked = {TopicPartition(name, n): spec for name in some for n in range(partitions)}
        try:
            for answer in admin.list_offsets(asked, request_timeout=_TIMEOUT_S).values():
                answer.result()
        except KafkaException:
            return False
        del waiting[: len(some)]
    return True
