"""A stage for consumers, with a topic, a bucket and a status topic, and a Kafka for controllers."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.consumer_process import Stage
from tests.support.influxdb import Influx
from tests.support.kafka import Broker


@pytest.fixture
def stage(tmp_path: Path, kafka: Broker, bucket: Influx, topic: str) -> Iterator[Stage]:
    """Everything that a consumer connects, for one test."""
    status_topic = f"status-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(status_topic, partitions=1)
    yield Stage(tmp_path, kafka, bucket, topic, status_topic)
    kafka.delete_topic(status_topic)


@pytest.fixture
def bootstrap_servers(kafka: Broker) -> str:
    """Give the controllers of these tests a real Kafka."""
    return kafka.bootstrap_servers
