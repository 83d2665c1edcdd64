"""From status records and lag to conditions, over a real broker and a real API server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.eventually import eventually, until
from tests.support.status_records import Pods
from videostream_pipeline.status import (
    SignalsStatus,
    SinkStatus,
    SourceStatus,
)

if TYPE_CHECKING:
    from tests.support.controller import Cluster, Controller
    from tests.support.kafka import Broker

pytestmark = [
    pytest.mark.api,
    pytest.mark.kafka,
    pytest.mark.usefixtures("controller"),
]

SPEC: dict[str, Any] = {"source": {"url": "rtsp://camera.test/live"}}
STREAMING = SourceStatus("Streaming", "Streaming", codec="h264", width=640, height=360, fps=4.93)


@pytest.fixture
def pods(cluster: Cluster, kafka: Broker) -> Pods:
    """Make stream `cam` run, as far as the API server can tell."""
    cluster.create("cam", SPEC)
    for role in ("producer", "consumer"):
        until(lambda role=role: cluster.deployment(f"cam-{role}"), f"the {role}'s Deployment")
        cluster.patch_deployment_status(f"cam-{role}", replicas=1, readyReplicas=1)
    return Pods(cluster, kafka, f"status.{cluster.namespace}")


def await_condition(cluster: Cluster, kind: str, status: str, reason: str) -> dict[str, Any]:
    def found() -> bool:
        condition = cluster.condition("cam", kind)
        assert (condition.get("status"), condition.get("reason")) == (status, reason), condition
        return True

    until(found, f"{kind} {status}/{reason}")
    return cluster.condition("cam", kind)


def source_of(cluster: Cluster) -> dict[str, Any]:
    found: dict[str, Any] = (cluster.stream("cam") or {})["status"].get("source", {})
    return found


def test_a_stream_becomes_ready_and_says_what_flows(cluster: Cluster, pods: Pods) -> None:
    await_condition(cluster, "SourceConnected", "Unknown", "NoReport")
    pods.produces(STREAMING)
    pods.consumes(SinkStatus("Reachable"))
    await_condition(cluster, "Ready", "True", "Streaming")
    await_condition(cluster, "SinkReachable", "True", "Reachable")
    await_condition(cluster, "LagKnown", "True", "Measured")
    source = source_of(cluster)
    assert (source["state"], source["fps"], source["codec"]) == ("Streaming", "4.9", "h264")
    assert (source["width"], source["height"]) == (640, 360)
    consumer = (cluster.stream("cam") or {})["status"]["consumer"]
    assert (consumer["readyReplicas"], consumer["desiredReplicas"]) == (1, 1)
    assert "Streaming" in {event["reason"] for event in cluster.events("cam")}


def test_a_restart_turns_no_condition_over(
    cluster: Cluster, pods: Pods, controller: Controller
) -> None:
    pods.produces(STREAMING)
    pods.consumes(SinkStatus("Reachable"))
    await_condition(cluster, "Ready", "True", "Streaming")
    await_condition(cluster, "LagWithinTarget", "True", "Within")
    await_condition(cluster, "Scaling", "Unknown", "CapacityUnknown")

    def turned() -> dict[str, str]:
        conditions = (cluster.stream("cam") or {})["status"]["conditions"]
        return {one["type"]: one["lastTransitionTime"] for one in conditions}

    before = turned()
    time.sleep(1.1)  # transition times have whole seconds
    controller.stop()
    controller.start()
    time.sleep(3)
    assert turned() == before


def test_missing_credentials_are_named_in_ready(cluster: Cluster, pods: Pods) -> None:
    pods.consumes(SinkStatus("Reachable"))
    message = "Secret cam-login does not exist or has no key username"
    pods.produces(SourceStatus("Backoff", "CredentialsMissing", message))
    await_condition(cluster, "SourceConnected", "False", "CredentialsMissing")
    ready = await_condition(cluster, "Ready", "False", "CredentialsMissing")
    assert message in ready["message"]
    assert source_of(cluster)["state"] == "Backoff"
    pods.produces(STREAMING)
    await_condition(cluster, "Ready", "True", "Streaming")


def test_a_sink_that_refuses_is_named_in_ready(cluster: Cluster, pods: Pods) -> None:
    pods.produces(STREAMING)
    pods.consumes(SinkStatus("Unauthorized", "the token may not write to bucket video"))
    await_condition(cluster, "SinkReachable", "False", "Unauthorized")
    ready = await_condition(cluster, "Ready", "False", "Unauthorized")
    assert "bucket video" in ready["message"]


def test_signals_that_cannot_be_measured_are_named(cluster: Cluster, pods: Pods) -> None:
    pods.produces(STREAMING)
    wrong = SignalsStatus("Invalid", "there is no signal type Colour")
    pods.consumes(SinkStatus("Reachable"), signals=wrong)
    ready = await_condition(cluster, "Ready", "False", "SignalsInvalid")
    assert "Colour" in ready["message"]


def test_a_consumer_that_left_is_forgotten(cluster: Cluster, pods: Pods) -> None:
    pods.produces(STREAMING)
    pods.consumes(SinkStatus("Unreachable", "no answer"))
    await_condition(cluster, "SinkReachable", "False", "Unreachable")
    pods.leaves()
    await_condition(cluster, "SinkReachable", "Unknown", "NoReport")


def test_a_report_about_another_object_of_the_name_counts_for_nothing(
    cluster: Cluster, pods: Pods
) -> None:
    pods.produces(STREAMING, uid="00000000-0000-0000-0000-000000000000")
    await_condition(cluster, "LagKnown", "True", "Measured")
    await_condition(cluster, "SourceConnected", "Unknown", "NoReport")
    pods.produces(STREAMING)
    await_condition(cluster, "SourceConnected", "True", "Streaming")


def test_a_played_file_is_ready(cluster: Cluster, pods: Pods) -> None:
    pods.consumes(SinkStatus("Reachable"))
    pods.produces(SourceStatus("Completed", "EndOfStream", "the file has ended"))
    await_condition(cluster, "SourceConnected", "False", "EndOfStream")
    await_condition(cluster, "Ready", "True", "Completed")


def test_numbers_wait_for_their_turn_and_states_do_not(cluster: Cluster, pods: Pods) -> None:
    pods.produces(STREAMING)
    pods.consumes(SinkStatus("Reachable"))
    await_condition(cluster, "Ready", "True", "Streaming")
    until(lambda: "lag" in (cluster.stream("cam") or {})["status"], "the lag is shown")
    time.sleep(2)  # let the last Deployment event be worked on
    before = cluster.versions("cam")
    for step in range(10):
        pods.produces(
            SourceStatus(
                "Streaming", "Streaming", codec="h264", width=640, height=360, fps=3 + step / 10
            )
        )
        time.sleep(0.5)
    assert cluster.versions("cam") == before
    pods.produces(SourceStatus("Stalled", "Stalled", "no frame for 10 s"))
    await_condition(cluster, "Ready", "False", "Stalled")


@pytest.mark.timeout(240)
def test_a_silent_producer_turns_unknown_and_a_restart_remembers(
    cluster: Cluster, pods: Pods, controller: Controller
) -> None:
    pods.produces(STREAMING)
    pods.consumes(SinkStatus("Reachable"))
    spoke_at = time.monotonic()
    await_condition(cluster, "Ready", "True", "Streaming")
    controller.kill()
    controller.start()
    time.sleep(3)
    assert cluster.condition("cam", "Ready")["status"] == "True", "the topic remembers"

    def is_stale() -> bool:
        return bool(cluster.condition("cam", "SourceConnected")["reason"] == "ReportStale")

    eventually(is_stale, timeout_s=100, what="ReportStale", period_s=0.5)
    assert time.monotonic() - spoke_at > 44
    assert cluster.condition("cam", "Ready")["status"] == "Unknown"
    assert "state" not in source_of(cluster)
    pods.produces(STREAMING)
    await_condition(cluster, "SourceConnected", "True", "Streaming")


def test_lag_counts_what_nobody_has_read(cluster: Cluster, pods: Pods, kafka: Broker) -> None:
    pods.produces(STREAMING)
    pods.consumes(SinkStatus("Reachable"))
    await_condition(cluster, "LagKnown", "True", "Measured")
    producer = kafka.producer()
    for number in range(30):
        producer.produce(cluster.topic("cam"), b"frame", partition=number % 12)
    assert producer.flush(10) == 0

    def lag() -> bool:
        return bool((cluster.stream("cam") or {})["status"].get("lag", {}).get("records") == 30)

    eventually(lag, timeout_s=70, what="lag of 30 records", period_s=0.5)
