"""The ledger of a stream: which records Kafka accepted and which of them InfluxDB stored.

Every record has a session and a sequence, so "nothing lost, nothing double" is a comparison of
two collections, not a matter of counts.
"""

from collections import Counter
from typing import Any, cast

from confluent_kafka import Consumer, TopicPartition

from demo.influxql import InfluxPortForward
from videostream_record import FrameRecord, decode

RecordId = tuple[str, int]


def accepted_by_kafka(*, bootstrap_servers: str, topic: str) -> Counter[RecordId]:
    """Return which records a topic holds, and how often."""
    records = records_in_kafka(bootstrap_servers=bootstrap_servers, topic=topic)
    return Counter((record.session, record.sequence) for record in records)


def records_in_kafka(*, bootstrap_servers: str, topic: str) -> list[FrameRecord]:
    """Read a topic from its first to its present last record."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "ledger",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        return _read_to_end(consumer, topic)
    finally:
        consumer.close()


def _read_to_end(consumer: Consumer, topic: str) -> list[FrameRecord]:
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    ends: dict[int, int] = {}
    assignment = []
    for partition in partitions:
        first, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
        if end > first:
            ends[partition] = end
            assignment.append(TopicPartition(topic, partition, first))
    found: list[FrameRecord] = []
    consumer.assign(assignment)
    while ends:
        for message in consumer.consume(200, timeout=10):
            assert message.error() is None, message.error()
            headers = cast("list[tuple[str, bytes | None]]", message.headers())
            found.append(decode(message.key(), message.value() or b"", headers))
            partition = cast("int", message.partition())
            if cast("int", message.offset()) + 1 >= ends.get(partition, 0):
                ends.pop(partition, None)
    return found


def stored_in_influx(
    influx: InfluxPortForward, *, namespace: str, stream: str
) -> Counter[RecordId]:
    """Read all points of the `frame` measurement of a stream."""
    rows: list[dict[str, Any]] = influx.query(
        "SELECT session, sequence FROM frame"
        f" WHERE namespace = '{namespace}' AND stream = '{stream}'"
    )
    return Counter((row["session"], row["sequence"]) for row in rows)


def is_complete(
    influx: InfluxPortForward, accepted: Counter[RecordId], *, namespace: str, stream: str
) -> bool:
    """Tell whether each record that Kafka accepted is stored once, and nothing else is.

    Kafka itself may hold a record twice: a producer that got no answer before its broker went away
    sends again under a new epoch. What is promised is that its points are there once.
    """
    stored = stored_in_influx(influx, namespace=namespace, stream=stream)
    missing = set(accepted) - set(stored)
    assert not missing, f"{len(missing)} of {len(accepted)} missing: {sorted(missing)[:5]}"
    assert stored == Counter(set(accepted)), "stored twice, or one that Kafka never had"
    return True
