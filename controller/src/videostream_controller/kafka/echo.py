"""One record there and back, to prove that a connection carries data."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Mapping

_WITHIN_S: Final = 15.0


def echo(properties: Mapping[str, str], topic: str) -> str | None:
    """Produce a record to partition 0 and consume it; gives what went wrong, None if nothing."""
    sent = uuid.uuid4().bytes
    try:
        producer = Producer({**properties})
        producer.produce(topic, sent, partition=0)
        if producer.flush(_WITHIN_S):
            return f"a record was not taken within {_WITHIN_S:.0f} s"
        received = _first(properties, topic)
    except KafkaException as error:
        return str(error)
    return None if received == sent else "the record was not read back"


def _first(properties: Mapping[str, str], topic: str) -> bytes | None:
    consumer = Consumer({**properties, "group.id": topic, "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        deadline = time.monotonic() + _WITHIN_S
        while time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                value = message.value()
                return value.encode() if isinstance(value, str) else value
    finally:
        consumer.close()
    return None
