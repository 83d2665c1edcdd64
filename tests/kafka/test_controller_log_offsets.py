"""Offsets of whole topics on a real broker: what one topic lacks must not hide the others."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import KafkaError

from tests.support.eventually import eventually
from videostream_controller.kafka.log_offsets import LogOffsets

if TYPE_CHECKING:
    from tests.support.kafka import Broker
    from videostream_controller.kafka.log_offsets import Where

pytestmark = pytest.mark.kafka

TIMEOUT_S = 10.0


@pytest.fixture
def log(kafka: Broker) -> LogOffsets:
    properties = {"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0}
    return LogOffsets(properties, kafka.admin())


Codes = list[tuple[int, ...] | int]


def codes(found: list[tuple[int, ...] | KafkaError]) -> Codes:
    """Give errors by their code: a KafkaError breaks the interpreter when compared with a tuple."""
    return [one if isinstance(one, tuple) else one.code() for one in found]


def await_offsets(
    log: LogOffsets, topics: list[tuple[str, int]], offsets: Codes, where: Where = "Latest"
) -> None:
    """Wait until these offsets are read: a broker leads a topic a moment after it was made."""

    def read() -> bool:
        found = codes(log.read(topics, where, timeout_s=TIMEOUT_S))
        assert found == offsets
        return True

    eventually(read, timeout_s=30, what=f"{where} offsets of {topics}")


def fill(kafka: Broker, topic: str, records: dict[int, int]) -> None:
    producer = kafka.producer()
    for partition, count in records.items():
        for _ in range(count):
            producer.produce(topic, b"frame", partition=partition)
    assert producer.flush(10) == 0


def test_the_first_and_the_end_offset_of_each_partition(
    kafka: Broker, topic: str, log: LogOffsets
) -> None:
    fill(kafka, topic, {0: 3, 7: 5})
    await_offsets(log, [(topic, 12)], [(3, *(0,) * 6, 5, *(0,) * 4)])
    await_offsets(log, [(topic, 12)], [(0,) * 12], "Earliest")


def test_more_topics_than_go_into_one_request(kafka: Broker, log: LogOffsets) -> None:
    names = [f"many-{uuid.uuid4().hex[:8]}" for _ in range(5)]
    for count, name in enumerate(names):
        kafka.create_topic(name, partitions=60)
        fill(kafka, name, {59: count})
    await_offsets(log, [(name, 60) for name in names], [(0,) * 59 + (n,) for n in range(5)])


def test_streams_may_share_a_topic(kafka: Broker, topic: str, log: LogOffsets) -> None:
    fill(kafka, topic, {1: 2})
    whole = (0, 2, *(0,) * 10)
    await_offsets(log, [(topic, 12), (topic, 12), (topic, 4)], [whole, whole, (0, 2, 0, 0)])


def test_a_topic_or_partition_that_is_not_there_has_its_error_alone(
    kafka: Broker, topic: str, log: LogOffsets
) -> None:
    gone = f"gone-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(gone, partitions=2)
    asked = [(topic, 12), (gone, 2), (f"{topic}-never", 1), (topic, 13)]
    unknown, no_partition = KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_PARTITION
    await_offsets(log, asked, [(0,) * 12, (0, 0), unknown, no_partition])
    kafka.delete_topic(gone)
    await_offsets(log, asked, [(0,) * 12, unknown, unknown, no_partition])
    # Once more, with what was learnt.
    assert codes(log.read(asked, "Latest", timeout_s=TIMEOUT_S))[:2] == [(0,) * 12, unknown]


def test_a_topic_that_was_made_anew_is_read_again(kafka: Broker, log: LogOffsets) -> None:
    name = f"anew-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(name, partitions=2)
    fill(kafka, name, {0: 4})
    await_offsets(log, [(name, 2)], [(4, 0)])
    kafka.delete_topic(name)
    log.read([(name, 2)], "Latest", timeout_s=TIMEOUT_S)
    kafka.create_topic(name, partitions=2)
    await_offsets(log, [(name, 2)], [(0, 0)])
