"""The end of a stream: what goes, in which order, and what is never taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer

from tests.support.eventually import eventually, until

if TYPE_CHECKING:
    from tests.support.controller import Cluster, Controller
    from tests.support.kafka import Broker

pytestmark = [
    pytest.mark.api,
    pytest.mark.kafka,
    pytest.mark.usefixtures("controller"),
]

SPEC: dict[str, Any] = {"source": {"url": "rtsp://camera.test/live"}}
RETAIN = {"kafka": {"deletionPolicy": "Retain"}}


def topic_exists(cluster: Cluster, kafka: Broker) -> bool:
    return cluster.topic("cam") in kafka.admin().list_topics(timeout=10).topics


def group_exists(cluster: Cluster, kafka: Broker) -> bool:
    admin = kafka.admin()
    listed = admin.list_consumer_groups().result(10)
    return cluster.topic("cam") in {group.group_id for group in listed.valid}


def start_stream(cluster: Cluster, spec: dict[str, Any]) -> None:
    """Create a stream and wait until its pods run, as far as the API server can tell."""
    cluster.create("cam", spec)
    for role in ("producer", "consumer"):
        until(lambda role=role: cluster.deployment(f"cam-{role}"), f"the {role}'s Deployment")
        cluster.patch_deployment_status(f"cam-{role}", replicas=1, readyReplicas=1)
    until(lambda: cluster.condition("cam", "ProducerReady")["status"] == "True", "producer ready")


def test_pods_stop_first_then_group_and_topic_go(cluster: Cluster, kafka: Broker) -> None:
    start_stream(cluster, SPEC)
    assert group_exists(cluster, kafka)
    cluster.delete("cam")
    until(lambda: cluster.replicas("cam-producer") == 0, "the producer is scaled to 0")
    assert topic_exists(cluster, kafka), "the topic stays while pods may write to it"
    cluster.stop_pods("cam")
    until(lambda: cluster.stream("cam") is None, "the object goes")
    assert not topic_exists(cluster, kafka)
    assert not group_exists(cluster, kafka)


def test_a_deletion_while_the_controller_was_away_is_caught_up_with(
    cluster: Cluster, controller: Controller, kafka: Broker
) -> None:
    start_stream(cluster, SPEC)
    controller.kill()
    cluster.delete("cam")
    assert cluster.stream("cam") is not None
    controller.start()
    cluster.stop_pods("cam")
    until(lambda: cluster.stream("cam") is None, "the object goes")
    assert not topic_exists(cluster, kafka)


def test_an_adopted_topic_is_never_deleted(cluster: Cluster, kafka: Broker) -> None:
    kafka.create_topic(
        cluster.topic("cam"), partitions=12, retention_ms="600000", max_message_bytes="2097152"
    )
    start_stream(cluster, SPEC)
    cluster.delete("cam")
    cluster.stop_pods("cam")
    until(lambda: cluster.stream("cam") is None, "the object goes")
    assert topic_exists(cluster, kafka)
    assert not group_exists(cluster, kafka)


def test_a_topic_that_others_made_anew_is_not_ours_any_more(
    cluster: Cluster, controller: Controller, kafka: Broker
) -> None:
    start_stream(cluster, SPEC)
    controller.kill()
    kafka.delete_topic(cluster.topic("cam"))
    until(lambda: not topic_exists(cluster, kafka), "the topic is gone")
    kafka.create_topic(cluster.topic("cam"), partitions=12)
    cluster.delete("cam")
    controller.start()
    cluster.stop_pods("cam")
    until(lambda: cluster.stream("cam") is None, "the object goes")
    assert topic_exists(cluster, kafka)


def test_policy_retain_holds_nothing_back(cluster: Cluster, kafka: Broker) -> None:
    start_stream(cluster, SPEC | RETAIN)
    assert not (cluster.stream("cam") or {})["metadata"].get("finalizers")
    cluster.delete("cam")
    assert cluster.stream("cam") is None
    assert topic_exists(cluster, kafka)


def test_a_change_to_retain_removes_the_finalizer(cluster: Cluster) -> None:
    start_stream(cluster, SPEC)

    def finalizers() -> list[str]:
        found: list[str] = (cluster.stream("cam") or {})["metadata"].get("finalizers", [])
        return found

    assert finalizers() == ["videostream.dev/kafka-topic"]
    cluster.patch("cam", {"spec": RETAIN})
    until(lambda: not finalizers(), "the finalizer goes")
    cluster.patch("cam", {"spec": {"kafka": {"deletionPolicy": "Delete"}}})
    until(finalizers, "the finalizer is back")


@pytest.mark.timeout(300)
def test_an_unreachable_kafka_blocks_until_the_user_gives_up(
    cluster: Cluster, kafka: Broker
) -> None:
    start_stream(cluster, SPEC)
    kafka.stop()
    try:
        cluster.delete("cam")
        cluster.stop_pods("cam")
        until(
            lambda: cluster.condition("cam", "CleanupBlocked").get("status") == "True",
            "CleanupBlocked",
        )
        blocked = cluster.condition("cam", "CleanupBlocked")
        assert blocked["reason"] == "KafkaUnavailable"
        assert "videostream.dev/skip-cleanup=true" in blocked["message"]
        assert cluster.condition("cam", "Ready")["reason"] == "Deleting"
        give_up = {"metadata": {"annotations": {"videostream.dev/skip-cleanup": "true"}}}
        cluster.patch("cam", give_up)
        until(lambda: cluster.stream("cam") is None, "the object goes")
    finally:
        kafka.start()
    assert topic_exists(cluster, kafka)


@pytest.mark.timeout(300)
def test_a_blocked_cleanup_goes_on_when_kafka_is_back(cluster: Cluster, kafka: Broker) -> None:
    start_stream(cluster, SPEC)
    kafka.stop()
    try:
        cluster.delete("cam")
        cluster.stop_pods("cam")
        until(
            lambda: cluster.condition("cam", "CleanupBlocked").get("status") == "True",
            "CleanupBlocked",
        )
    finally:
        kafka.start()
    eventually(
        lambda: cluster.stream("cam") is None, timeout_s=120, what="the object goes", period_s=0.2
    )
    assert not topic_exists(cluster, kafka)


def test_a_group_with_members_blocks(cluster: Cluster, kafka: Broker) -> None:
    start_stream(cluster, SPEC)
    member = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "group.id": cluster.topic("cam"),
            "group.protocol": "consumer",
        }
    )
    member.subscribe([cluster.topic("cam")])
    until(lambda: member.poll(0.2) is not None or member.assignment(), "a member joins")
    cluster.delete("cam")
    cluster.stop_pods("cam")

    def is_blocked() -> bool:
        member.poll(0)
        return cluster.condition("cam", "CleanupBlocked").get("reason") == "GroupBusy"

    until(is_blocked, "GroupBusy")
    member.close()
    until(lambda: cluster.stream("cam") is None, "the object goes")
