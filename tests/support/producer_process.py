"""The producer process as its pod runs it, and what it left in Kafka."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition

from tests.support.containers import free_port
from tests.support.eventually import eventually
from tests.support.kafka import Broker
from tests.unit.producer.test_settings import environ
from videostream_pipeline.status import ProducerStatus, decode_status
from videostream_record import FrameRecord, decode

STREAM = "plant-7/gate"  # whose frames these producers send


class Process:
    """A producer process with its log."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path, port: int) -> None:
        self.child = child
        self.log = log
        self.port = port

    def stop(self) -> int:
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(20)

    def listens(self) -> bool:
        with socket.socket() as link:
            return link.connect_ex(("127.0.0.1", self.port)) == 0

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as reply:
            return str(reply.read().decode())

    def metric(self, name: str, **labels: str) -> float:
        wanted = ",".join(f'{key}="{value}"' for key, value in labels.items())
        sample = f"videostream_producer_{name}" + (f"{{{wanted}}}" if wanted else "")
        lines = (line.rpartition(" ") for line in self.get("/metrics").splitlines())
        return next((float(value) for said, _, value in lines if said == sample), 0.0)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def producer(
    broker: Broker, topics: tuple[str, str], url: str, home: Path, **changes: Any
) -> Iterator[Process]:
    """Run the real process, as the pod would."""
    broker.write_connection(home / "kafka")
    for name in ("influx", "credentials", "tls"):
        (home / name).mkdir(exist_ok=True)
    port = free_port()
    spec = {"source__url": url, "kafka__topic__name": topics[0]} | changes
    env = environ(**spec) | {
        "HTTP_PORT": str(port),
        "KAFKA_CONNECTION_DIR": str(home / "kafka"),
        "INFLUX_CONNECTION_DIR": str(home / "influx"),
        "CREDENTIALS_DIR": str(home / "credentials"),
        "TLS_DIR": str(home / "tls"),
        "STATUS_TOPIC": topics[1],
        "PATH": os.environ["PATH"],
    }
    log = home / "producer.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "videostream_producer"]
        child = subprocess.Popen(command, env=env, stdout=output, stderr=output)
    process = Process(child, log, port)
    try:
        eventually(process.listens, timeout_s=30, period_s=0.05, what=f"{log} says why it fails")
        yield process
    finally:
        child.kill()
        child.wait()


def read_all(broker: Broker, topic: str) -> list[Message]:
    """Read a topic from its beginning to its present end."""
    consumer = Consumer({**broker.client, "group.id": "reader"})
    known = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), 10) for p in known}
    expected = sum(high - low for low, high in ends.values())
    consumer.assign([TopicPartition(topic, p, low) for p, (low, _) in ends.items()])
    messages: list[Message] = []
    while len(messages) < expected:
        batch = consumer.consume(expected - len(messages), timeout=10)
        assert batch, f"{len(messages)} of {expected} records could be read"
        messages += batch
    consumer.close()
    return messages


def frames(broker: Broker, topic: str) -> list[tuple[int, FrameRecord]]:
    """Decode all frames of a topic with their partitions, in order of capture."""
    found = []
    for message in read_all(broker, topic):
        partition, headers = message.partition(), message.headers()
        assert partition is not None
        record = decode(message.key(), message.value(), headers)  # type: ignore[arg-type]
        assert message.timestamp()[1] == record.capture_time_ns // 1_000_000
        found.append((partition, record))
    return sorted(found, key=lambda pair: pair[1].capture_time_ns)


def last_status(broker: Broker, topic: str) -> ProducerStatus | None:
    """Give the newest status record."""
    messages = read_all(broker, topic)
    if not messages:
        return None
    status = decode_status(messages[-1].key(), messages[-1].value())
    assert isinstance(status, ProducerStatus)
    return status


def wait_for_state(broker: Broker, topic: str, state: str, timeout_s: float = 30) -> ProducerStatus:
    def reached() -> ProducerStatus | None:
        status = last_status(broker, topic)
        return status if status is not None and status.source.state == state else None

    status = eventually(reached, timeout_s=timeout_s, what=f"status {state}")
    assert status is not None
    return status


def wait_for_reason(
    broker: Broker, topic: str, reason: str, timeout_s: float = 40
) -> ProducerStatus:
    def reached() -> ProducerStatus | None:
        status = last_status(broker, topic)
        return status if status is not None and status.source.reason == reason else None

    status = eventually(reached, timeout_s=timeout_s, what=f"reason {reason}")
    assert status is not None
    return status
