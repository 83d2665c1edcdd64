"""A real Kafka broker for a test session, configured as the chart does it."""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from cluster.docker import docker
from cluster.images import ensure_image
from tests.support.containers import container, free_port, wait_until

_PORT = 9092
_START_TIMEOUT_S = 120.0
_ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker in a container; its data survives `stop` and `start`.

    Beside its address, `properties` are what the tests' own clients need, and `files` what a
    connection of the product's has to hold.
    """

    container: str
    bootstrap_servers: str
    properties: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def client(self) -> dict[str, Any]:
        """The properties of a client of the tests' own."""
        return {"bootstrap.servers": self.bootstrap_servers, **self.properties}

    def write_connection(self, directory: Path) -> Path:
        """Write the connection's files as a pod would find them; gives their directory."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in {"bootstrap.servers": self.bootstrap_servers, **self.files}.items():
            (directory / name).write_text(text)
        return directory

    def admin(self) -> AdminClient:
        """Make an admin client; it has to be kept until its futures are done."""
        # Refused connections while the broker starts are expected, so the client keeps quiet.
        return AdminClient({**self.client, "log_level": 0})

    def stop(self) -> None:
        """Stop the broker as a node failure would, without a farewell to its clients."""
        docker("kill", self.container)

    def start(self) -> None:
        """Start it again on the same port and data."""
        docker("start", self.container)
        self.wait()

    def wait(self) -> None:
        """Wait until the broker answers."""
        wait_until(self._answers, name=self.container, timeout_s=_START_TIMEOUT_S)

    def create_topic(self, topic: str, *, partitions: int, **config: str) -> None:
        """Create a topic and wait until the broker serves it."""
        settings = {name.replace("_", "."): value for name, value in config.items()}
        new = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=settings)
        admin = self.admin()
        admin.create_topics([new])[topic].result(_ANSWER_S)

        def is_served() -> bool:
            found = admin.list_topics(topic, timeout=_ANSWER_S).topics[topic]
            leaders = [part.leader for part in found.partitions.values()]
            return found.error is None and len(leaders) == partitions and min(leaders) >= 0

        wait_until(is_served, name=self.container, timeout_s=_ANSWER_S)

    def delete_topic(self, topic: str) -> None:
        """Delete a topic."""
        admin = self.admin()
        admin.delete_topics([topic])[topic].result(_ANSWER_S)

    def producer(self, **options: object) -> Producer:
        """A producer that takes frames of the size that the pipeline takes."""
        return Producer(
            {
                **self.client,
                "message.max.bytes": 2_097_152,
                **{name.replace("_", "."): value for name, value in options.items()},
            }
        )

    def committed(self, group: str, topic: str) -> dict[int, tuple[int, str]]:
        """Return offset and metadata that a group has committed, by partition."""
        reader = Consumer({**self.client, "group.id": group})
        try:
            known = reader.list_topics(topic, timeout=_ANSWER_S).topics[topic].partitions
            found = reader.committed([TopicPartition(topic, p) for p in known], timeout=_ANSWER_S)
        finally:
            reader.close()
        stored = (item for item in found if item.offset >= 0)
        return {item.partition: (item.offset, item.metadata or "") for item in stored}

    def commit(
        self, group: str, topic: str, offsets: Mapping[int, int], *, metadata: str, protocol: str
    ) -> None:
        """Join a group as a member, commit offsets with metadata, and leave it."""
        member = Consumer(
            {
                **self.client,
                "group.id": group,
                "group.protocol": protocol,
                "enable.auto.commit": False,
            }
        )
        member.subscribe([topic])
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while len(member.assignment()) < len(offsets):
            assert time.monotonic() < deadline_s, "the group gave no partitions"
            member.poll(0.1)
        parts = [TopicPartition(topic, part, at, metadata) for part, at in offsets.items()]
        member.commit(offsets=parts, asynchronous=False)
        member.close()

    def delete_records(self, topic: str, before: Mapping[int, int]) -> None:
        """Delete a topic's records below an offset of each partition."""
        admin = self.admin()
        parts = [TopicPartition(topic, number, offset) for number, offset in before.items()]
        for done in admin.delete_records(parts).values():
            done.result(_ANSWER_S)

    def _answers(self) -> bool:
        try:
            self.admin().list_topics(timeout=1)
        except KafkaException:
            return False
        return True


def broker_environment(advertised: str) -> dict[str, str]:
    """Return the environment of a single broker, as the chart's subchart sets it."""
    return {
        "CLUSTER_ID": "dmlkZW9zdHJlYW0tdGVzdA",
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"CLIENT://:{_PORT},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"CLIENT://{advertised}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "CLIENT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_MESSAGE_MAX_BYTES": "2097152",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        # A killed member is given up after 6 s instead of 45 s: a test waits for that.
        "KAFKA_GROUP_CONSUMER_MIN_SESSION_TIMEOUT_MS": "6000",
        "KAFKA_GROUP_CONSUMER_SESSION_TIMEOUT_MS": "6000",
        "KAFKA_GROUP_CONSUMER_MIN_HEARTBEAT_INTERVAL_MS": "1000",
        "KAFKA_GROUP_CONSUMER_HEARTBEAT_INTERVAL_MS": "1000",
        "KAFKA_LOG_DIRS": "/var/lib/kafka/data/kraft",
        "KAFKA_HEAP_OPTS": "-Xmx384m -Xms384m",
    }


@contextmanager
def run_broker(
    name: str,
    env: Mapping[str, str] | None = None,
    *,
    properties: Mapping[str, str] | None = None,
) -> Iterator[Broker]:
    """Run a broker for a `with` block; `env` adds to its environment, clients need `properties`."""
    host_port = free_port()
    address = f"127.0.0.1:{host_port}"
    full_env = {**broker_environment(address), **(env or {})}
    image = ensure_image("kafka")
    with container(name, image, env=full_env, host_port=host_port, port=_PORT) as full_name:
        broker = Broker(full_name, address, properties or {})
        broker.wait()
        yield broker


@pytest.fixture(scope="session")
def kafka() -> Iterator[Broker]:
    """A running broker; a test that stops it starts it again."""
    with run_broker("kafka") as broker:
        yield broker


@pytest.fixture
def topic(kafka: Broker) -> Iterator[str]:
    """A fresh topic of 12 partitions, as the controller makes them."""
    name = f"videostream.test.t{uuid.uuid4().hex[:8]}"
    kafka.create_topic(name, partitions=12, max_message_bytes="2097152")
    yield name
    kafka.delete_topic(name)
