"""A stream's topic and group on a real broker, its conditions on a real API server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from tests.support.eventually import until

if TYPE_CHECKING:
    from tests.support.controller import Cluster
    from tests.support.kafka import Broker

pytestmark = [
    pytest.mark.api,
    pytest.mark.kafka,
    pytest.mark.usefixtures("controller"),
]

SPEC: dict[str, Any] = {"source": {"url": "rtsp://camera.test/live"}}
_RECOVERY_S = 120  # a broker that has been killed reads its log first; much else may run here


def await_topic_reason(
    cluster: Cluster, reason: str, name: str = "cam", *, timeout_s: float = 30
) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        condition = cluster.condition(name, "TopicReady")
        assert condition.get("reason") == reason, condition
        return condition

    until(found, f"TopicReady {reason}", timeout_s=timeout_s)
    return cluster.condition(name, "TopicReady")


def topic_config(kafka: Broker, topic: str) -> dict[str, str]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    admin = kafka.admin()
    found = admin.describe_configs([resource])[resource].result(10)
    return {entry.name: entry.value for entry in found.values()}


def partitions_of(kafka: Broker, topic: str) -> int | None:
    topics = kafka.admin().list_topics(timeout=10).topics
    return len(topics[topic].partitions) if topic in topics else None


def test_a_stream_yields_topic_group_and_both_deployments(cluster: Cluster, kafka: Broker) -> None:
    cluster.create("cam", SPEC | {"kafka": {"topic": {"partitions": 6, "retention": "20m"}}})
    until(lambda: cluster.deployment("cam-producer"), "the producer's Deployment")
    until(lambda: cluster.deployment("cam-consumer"), "the consumer's Deployment")
    await_topic_reason(cluster, "Created")
    topic = cluster.topic("cam")
    config = topic_config(kafka, topic)
    assert partitions_of(kafka, topic) == 6
    assert config["retention.ms"] == "1200000"
    assert config["segment.ms"] == "600000"
    assert config["segment.bytes"] == str(64 * 1024 * 1024)
    assert config["max.message.bytes"] == "2097152"
    assert config["cleanup.policy"] == "delete"
    assert {part: offset for part, (offset, _) in kafka.committed(topic, topic).items()} == (
        dict.fromkeys(range(6), 0)
    )
    stream = cluster.stream("cam")
    assert stream is not None
    recorded = stream["status"]["topic"]
    assert recorded["ownership"] == "Created"
    assert recorded["partitions"] == 6
    assert recorded["id"]
    assert "Created" in {event["reason"] for event in cluster.events("cam")}


def test_a_spec_edit_changes_a_topic_of_ours(cluster: Cluster, kafka: Broker) -> None:
    cluster.create("cam", SPEC | {"kafka": {"topic": {"partitions": 6}}})
    await_topic_reason(cluster, "Created")
    topic = cluster.topic("cam")
    edit = {"topic": {"partitions": 12, "retention": "30m"}}
    cluster.patch("cam", {"spec": {"kafka": edit}})
    until(lambda: partitions_of(kafka, topic) == 12, "the topic grows")
    until(lambda: topic_config(kafka, topic)["retention.ms"] == "1800000", "retention changes")
    until(lambda: len(kafka.committed(topic, topic)) == 12, "the new partitions have offsets")


def test_what_kafka_cannot_undo_is_a_conflict(cluster: Cluster, kafka: Broker) -> None:
    cluster.create("cam", SPEC | {"kafka": {"topic": {"partitions": 6}}})
    await_topic_reason(cluster, "Created")
    topic = cluster.topic("cam")
    admin = kafka.admin()
    admin.create_partitions([NewPartitions(topic, 8)])[topic].result(10)
    cluster.patch("cam", {"spec": {"kafka": {"topic": {"retention": "11m"}}}})
    message = await_topic_reason(cluster, "ConfigConflict")["message"]
    assert "partitions: found 8, wanted 6" in message
    assert "set spec.kafka.topic.partitions to 8" in message
    assert cluster.deployment("cam-producer"), "the running pipeline is not taken away"
    cluster.patch("cam", {"spec": {"kafka": {"topic": {"partitions": 8}}}})
    await_topic_reason(cluster, "Created")


def test_a_topic_that_was_there_is_adopted_and_not_altered(cluster: Cluster, kafka: Broker) -> None:
    config = {"retention_ms": "600000", "max_message_bytes": "2097152", "segment_ms": "7777777"}
    kafka.create_topic(cluster.topic("cam"), partitions=12, **config)
    cluster.create("cam", SPEC)
    await_topic_reason(cluster, "Adopted")
    until(lambda: cluster.deployment("cam-producer"), "the producer's Deployment")
    assert topic_config(kafka, cluster.topic("cam"))["segment.ms"] == "7777777"
    stream = cluster.stream("cam")
    assert stream is not None
    assert stream["status"]["topic"]["ownership"] == "Adopted"


def test_an_adopted_topic_that_differs_is_a_conflict_and_starts_nothing(
    cluster: Cluster, kafka: Broker
) -> None:
    topic = cluster.topic("cam")
    kafka.create_topic(topic, partitions=5, retention_ms="1000", max_message_bytes="1000000")
    cluster.create("cam", SPEC)
    message = await_topic_reason(cluster, "ConfigConflict")["message"]
    assert "partitions: found 5, wanted 12" in message
    assert "retention.ms: found 1000, wanted 600000" in message
    assert "max.message.bytes: found 1000000, wanted 2097152" in message
    assert "spec.kafka.topic.retention" in message
    assert "managed to false" in message
    ready = cluster.condition("cam", "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ConfigConflict")
    assert cluster.deployment("cam-producer") is None
    assert partitions_of(kafka, topic) == 5
    unmanaged = {"topic": {"managed": False}, "deletionPolicy": "Retain"}
    cluster.patch("cam", {"spec": {"kafka": unmanaged}})
    await_topic_reason(cluster, "Adopted")
    until(lambda: cluster.deployment("cam-producer"), "the producer's Deployment")


def test_a_topic_that_is_not_ours_to_make_is_not_found(cluster: Cluster, kafka: Broker) -> None:
    unmanaged = {"topic": {"managed": False, "name": f"theirs.{cluster.namespace}"}}
    cluster.create("cam", SPEC | {"kafka": unmanaged | {"deletionPolicy": "Retain"}})
    message = await_topic_reason(cluster, "NotFound")["message"]
    assert f"theirs.{cluster.namespace}" in message
    assert "managed" in message
    assert cluster.condition("cam", "ProducerReady")["reason"] == "WaitingForTopic"
    kafka.create_topic(f"theirs.{cluster.namespace}", partitions=3)
    await_topic_reason(cluster, "Adopted")
    until(lambda: cluster.deployment("cam-consumer"), "the consumer's Deployment")


def test_a_topic_deleted_by_hand_is_made_again(cluster: Cluster, kafka: Broker) -> None:
    cluster.create("cam", SPEC)
    await_topic_reason(cluster, "Created")
    first = (cluster.stream("cam") or {})["status"]["topic"]["id"]
    until(lambda: cluster.condition("cam", "LagKnown").get("status") == "True", "lag is known")
    kafka.delete_topic(cluster.topic("cam"))

    def is_back() -> bool:
        topic = (cluster.stream("cam") or {})["status"]["topic"]
        return bool(topic.get("id", first) != first and topic["ownership"] == "Created")

    until(is_back, "the topic is back")
    assert partitions_of(kafka, cluster.topic("cam")) == 12


@pytest.mark.timeout(300)
def test_an_unreachable_kafka_is_shown_and_takes_nothing_away(
    cluster: Cluster, kafka: Broker
) -> None:
    cluster.create("old", SPEC)
    await_topic_reason(cluster, "Created", "old")
    kafka.stop()
    try:
        cluster.create("new", SPEC)
        ready = await_topic_reason(cluster, "Unreachable", "new")
        assert "cannot be reached" in ready["message"]
        cluster.patch("old", {"spec": {"frames": {"fps": 3}}})
        cluster.delete_deployment("old-consumer")
        await_topic_reason(cluster, "Unreachable", "old")
        until(lambda: cluster.deployment("old-consumer"), "children are kept without Kafka")
        assert cluster.deployment("new-producer") is None, "a new stream waits for its topic"
        until(
            lambda: cluster.condition("old", "LagKnown")["reason"] == "MetricsUnavailable",
            "the lag is unknown",
        )
    finally:
        kafka.start()
    await_topic_reason(cluster, "Created", "new", timeout_s=_RECOVERY_S)
    await_topic_reason(cluster, "Created", "old")
    until(lambda: cluster.deployment("new-producer"), "the new stream starts")
