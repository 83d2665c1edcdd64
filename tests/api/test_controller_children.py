"""A stream's Deployments on a real API server, under the Role of the chart.

No Kafka runs here: the streams' topics count as known, as after a restart of the controller during
an outage of Kafka. So these tests also prove that children are kept right without Kafka.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.eventually import until

if TYPE_CHECKING:
    from tests.support.apiserver import ApiServer
    from tests.support.controller import Cluster, Controller

pytestmark = [pytest.mark.api, pytest.mark.usefixtures("controller")]

SPEC: dict[str, Any] = {"source": {"url": "rtsp://camera.test/live"}}
FIXED: dict[str, Any] = {"consumer": {"replicas": 3, "scaling": {"mode": "Fixed"}}}


def run_stream(cluster: Cluster, name: str = "cam", **spec: Any) -> None:
    """Create a stream whose topic is known, and wait for its Deployments."""
    cluster.create_with_topic(name, SPEC | spec)
    for role in ("producer", "consumer"):
        until(lambda role=role: cluster.deployment(f"{name}-{role}"), f"the {role}'s Deployment")
    rest(cluster, name)


def rest(cluster: Cluster, name: str = "cam", *, quiet_s: float = 2.0) -> None:
    """Wait until nothing of the stream has changed for a while."""
    last, since = cluster.versions(name), time.monotonic()
    deadline = since + 30
    while time.monotonic() - since < quiet_s:
        assert time.monotonic() < deadline, "the stream does not come to rest"
        time.sleep(0.1)
        found = cluster.versions(name)
        if found != last:
            last, since = found, time.monotonic()


def replicas(cluster: Cluster, role: str) -> int | None:
    deployment = cluster.deployment(f"cam-{role}")
    return deployment["spec"]["replicas"] if deployment else None


def test_children_carry_owner_labels_and_spec(cluster: Cluster) -> None:
    run_stream(cluster)
    stream = cluster.stream("cam")
    assert stream is not None
    for role in ("producer", "consumer"):
        deployment = cluster.deployment(f"cam-{role}")
        assert deployment is not None
        (owner,) = deployment["metadata"]["ownerReferences"]
        assert owner["uid"] == stream["metadata"]["uid"]
        assert owner["controller"]
        assert owner["blockOwnerDeletion"]
        labels = deployment["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "videostream-controller"
        assert labels["videostream.dev/stream"] == "cam"
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        env = {entry["name"]: entry.get("value") for entry in container["env"]}
        topic = json.loads(env["VIDEOSTREAM_SPEC"])["kafka"]["topic"]["name"]
        assert topic == cluster.topic("cam")
    assert "videostream.dev/kafka-topic" in stream["metadata"]["finalizers"]


def test_nothing_is_written_while_nothing_changes(cluster: Cluster) -> None:
    run_stream(cluster)
    before = cluster.versions("cam")
    time.sleep(6)
    assert cluster.versions("cam") == before


def test_changed_fields_come_back_and_additions_stay(cluster: Cluster) -> None:
    run_stream(cluster)
    added = {"name": "ADDED_BY_OTHERS", "value": "kept"}
    container = {"name": "producer", "image": "hacked:1", "env": [added]}
    template = {"spec": {"containers": [container], "priorityClassName": None}}
    patch = {"spec": {"template": template, "strategy": {"type": "RollingUpdate"}}}
    cluster.patch_deployment("cam-producer", patch)

    def is_repaired() -> bool:
        found = cluster.deployment("cam-producer")
        assert found is not None
        (running,) = found["spec"]["template"]["spec"]["containers"]
        assert running["image"] == "producer:test"
        assert found["spec"]["strategy"]["type"] == "Recreate"
        assert added in running["env"]
        return True

    until(is_repaired, "the image is repaired")
    rest(cluster)


def test_a_changed_label_comes_back(cluster: Cluster) -> None:
    run_stream(cluster)
    stolen = {"metadata": {"labels": {"videostream.dev/stream": "other"}}}
    cluster.patch_deployment("cam-consumer", stolen)

    def label() -> bool:
        found = cluster.deployment("cam-consumer")
        assert found is not None
        return bool(found["metadata"]["labels"]["videostream.dev/stream"] == "cam")

    until(label, "the label is repaired")


def test_a_deleted_child_comes_back(cluster: Cluster) -> None:
    run_stream(cluster)
    for role in ("producer", "consumer"):
        cluster.delete_deployment(f"cam-{role}")
        until(lambda role=role: cluster.deployment(f"cam-{role}"), f"{role} is back")


def test_a_spec_edit_rolls_out_exactly_once(cluster: Cluster) -> None:
    run_stream(cluster)
    before = {role: _generation(cluster, role) for role in ("producer", "consumer")}
    cluster.patch("cam", {"spec": {"frames": {"fps": 7}}})
    until(lambda: _generation(cluster, "producer") > before["producer"], "the edit arrives")
    rest(cluster)
    assert _generation(cluster, "producer") == before["producer"] + 1
    assert _generation(cluster, "consumer") == before["consumer"], "consumers need no frame rate"
    stream = cluster.stream("cam")
    assert stream is not None
    assert stream["status"]["observedGeneration"] == stream["metadata"]["generation"]


def _generation(cluster: Cluster, role: str) -> int:
    deployment = cluster.deployment(f"cam-{role}")
    assert deployment is not None
    return int(deployment["metadata"]["generation"])


def test_a_controller_that_was_away_catches_up(cluster: Cluster, controller: Controller) -> None:
    run_stream(cluster)
    controller.kill()
    cluster.patch("cam", {"spec": {"frames": {"fps": 9}, "kafka": {"deletionPolicy": "Retain"}}})
    cluster.delete_deployment("cam-consumer")
    controller.start()

    def caught_up() -> bool:
        producer = cluster.deployment("cam-producer")
        stream = cluster.stream("cam")
        assert producer is not None
        assert stream is not None
        (container,) = producer["spec"]["template"]["spec"]["containers"]
        return (
            '"fps":9' in json.dumps(container).replace("\\", "")
            and cluster.deployment("cam-consumer") is not None
            and not stream["metadata"].get("finalizers")
        )

    until(caught_up, "edit, deletion and policy have been caught up with")
    rest(cluster)


def test_a_restart_changes_nothing(cluster: Cluster, controller: Controller) -> None:
    run_stream(cluster)
    before = cluster.versions("cam")
    controller.kill()
    controller.start()
    time.sleep(5)
    assert cluster.versions("cam") == before
    said = controller.get("/metrics")[1]
    assert 'videostream_reconcile_total{result="ok"}' in said
    assert "videostream_apply_total{" not in said, "what is there can be seen, not only written"


def test_fixed_replicas_are_applied_and_kept(cluster: Cluster) -> None:
    run_stream(cluster, **FIXED)
    assert replicas(cluster, "consumer") == 3
    cluster.patch_deployment("cam-consumer", {"spec": {"replicas": 9}})
    until(lambda: replicas(cluster, "consumer") == 3, "the replicas are repaired")


def test_external_follows_the_scale_subresource(cluster: Cluster, apiserver: ApiServer) -> None:
    run_stream(cluster, consumer={"replicas": 2, "scaling": {"mode": "External"}})
    assert replicas(cluster, "consumer") == 2
    apiserver.kubectl("scale", "vst", "cam", "--replicas=5", "-n", cluster.namespace)
    until(lambda: replicas(cluster, "consumer") == 5, "kubectl scale arrives")
    stream = cluster.stream("cam")
    assert stream is not None
    assert cluster.condition("cam", "Scaling")["reason"] == "External"


def test_lag_mode_holds_min_replicas_through_the_scaler(cluster: Cluster) -> None:
    run_stream(cluster, consumer={"scaling": {"mode": "Lag", "minReplicas": 2}})
    until(lambda: replicas(cluster, "consumer") == 2, "minReplicas")
    owners = _owners_of_replicas(cluster)
    assert owners == {"videostream-scaler"}
    scaling = cluster.condition("cam", "Scaling")
    assert (scaling["status"], scaling["reason"]) == ("False", "Holding")
    assert "cannot be seen" in scaling["message"], "there is no Kafka in this test"
    cluster.patch_deployment("cam-consumer", {"spec": {"replicas": 7}})
    until(lambda: replicas(cluster, "consumer") == 2, "a stranger's number is put right")


def _owners_of_replicas(cluster: Cluster) -> set[str]:
    deployment = cluster.deployment("cam-consumer")
    assert deployment is not None
    return {
        entry["manager"]
        for entry in deployment["metadata"]["managedFields"]
        if "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
    }


def test_changing_the_mode_never_drops_consumers(cluster: Cluster) -> None:
    run_stream(cluster, **FIXED)
    seen: set[int | None] = set()

    def record_until(owner: str) -> bool:
        seen.add(replicas(cluster, "consumer"))
        return owner in _owners_of_replicas(cluster)

    lag = {"replicas": None, "scaling": {"mode": "Lag", "minReplicas": 3}}
    cluster.patch("cam", {"spec": {"consumer": lag}})
    until(lambda: record_until("videostream-scaler"), "the scaler owns the replicas")
    rest(cluster)
    assert _owners_of_replicas(cluster) == {"videostream-scaler"}
    cluster.patch("cam", {"spec": {"consumer": FIXED["consumer"]}})
    until(lambda: record_until("videostream-controller"), "the controller owns the replicas")
    rest(cluster)
    seen.add(replicas(cluster, "consumer"))
    assert seen == {3}


@pytest.mark.parametrize("consumer", [FIXED["consumer"], {"scaling": {"mode": "Lag"}}])
def test_suspend_stops_both_and_resume_starts_them(
    cluster: Cluster, consumer: dict[str, Any]
) -> None:
    run_stream(cluster, consumer=consumer)
    running = replicas(cluster, "consumer")
    cluster.patch("cam", {"spec": {"suspend": True}})
    until(lambda: replicas(cluster, "producer") == 0, "the producer stops")
    until(lambda: replicas(cluster, "consumer") == 0, "the consumers stop")
    until(lambda: cluster.condition("cam", "Ready")["reason"] == "Suspended", "status says so")
    stream = cluster.stream("cam")
    assert stream is not None
    assert stream["status"]["source"]["state"] == "Suspended"
    cluster.patch("cam", {"spec": {"suspend": False}})
    until(lambda: replicas(cluster, "producer") == 1, "the producer runs")
    until(lambda: replicas(cluster, "consumer") == running, "the consumers run")


def test_a_paused_stream_is_left_alone(cluster: Cluster) -> None:
    run_stream(cluster)
    cluster.patch("cam", {"metadata": {"annotations": {"videostream.dev/paused": "true"}}})
    cluster.delete_deployment("cam-producer")
    time.sleep(3)
    assert cluster.deployment("cam-producer") is None
    cluster.patch("cam", {"metadata": {"annotations": {"videostream.dev/paused": None}}})
    until(lambda: cluster.deployment("cam-producer"), "work goes on")


def test_what_the_api_server_refuses_is_shown(cluster: Cluster, apiserver: ApiServer) -> None:
    foreign = {"metadata": {"labels": {"app": "other"}}, "spec": {}}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "cam-producer"},
        "spec": {
            "selector": {"matchLabels": {"app": "other"}},
            "template": foreign | {"spec": {"containers": [{"name": "other", "image": "other:1"}]}},
        },
    }
    apiserver.apply(body, namespace=cluster.namespace)
    cluster.create_with_topic("cam", SPEC)
    until(
        lambda: cluster.condition("cam", "ProducerReady").get("reason") == "ApplyRefused",
        "status shows the refusal",
    )
    assert "selector" in cluster.condition("cam", "ProducerReady")["message"]
    found = cluster.deployment("cam-producer")
    assert found is not None
    assert found["spec"]["selector"]["matchLabels"] == {"app": "other"}
    assert cluster.deployment("cam-consumer") is not None, "the other child is made all the same"
