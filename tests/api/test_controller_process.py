"""The controller's process: start-up checks, probes, outages, bad objects, its end."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.controller import Cluster, Controller, chart_rules
from tests.support.eventually import eventually, until

if TYPE_CHECKING:
    from tests.support.apiserver import ApiServer

pytestmark = pytest.mark.api

SPEC: dict[str, Any] = {"source": {"url": "rtsp://camera.test/live"}}
CRD = "videostreams.videostream.dev"


@pytest.fixture
def controller(new_controller: Controller) -> Controller:
    """Give a controller that each test starts itself."""
    return new_controller


def ready(cluster: Cluster, name: str = "cam") -> dict[str, Any]:
    return cluster.condition(name, "Ready")


def test_wrong_settings_end_it_at_once_and_are_all_named(controller: Controller) -> None:
    controller.env = {"CONNECTIONS": "{", "LOG_LEVEL": "INFO", "RESYNC_PERIOD_S": "soon"}
    controller.start(wait=False)
    assert controller.wait(20) == 1
    for name in ("CONNECTIONS", "RESYNC_PERIOD_S"):
        assert name in controller.log()
    assert "Traceback" not in controller.log()


def test_probes_and_metrics(cluster: Cluster, controller: Controller) -> None:
    controller.start()
    cluster.create("cam", SPEC)
    until(lambda: ready(cluster), "status")
    assert controller.get("/healthz") == (200, "ok\n")
    assert controller.get("/readyz") == (200, "ok\n")
    until(lambda: "videostream_reconcile_total" in controller.get("/metrics")[1], "metrics")
    metrics = controller.get("/metrics")[1]
    labels = f'{{namespace="{cluster.namespace}",stream="cam"}}'
    assert f"videostream_ready{labels} 0.0" in metrics
    assert f"videostream_desired_replicas{labels} 1.0" in metrics
    assert "videostream_streams 1.0" in metrics
    assert "videostream_crd_served 1.0" in metrics
    cluster.patch("cam", {"spec": {"kafka": {"deletionPolicy": "Retain"}}})
    until(lambda: not (cluster.stream("cam") or {})["metadata"].get("finalizers"), "finalizer")
    cluster.delete("cam")
    until(lambda: labels not in controller.get("/metrics")[1], "the series go with the stream")


@pytest.mark.parametrize("streams", [0, 20])
def test_sigterm_ends_it_in_order_and_soon(
    cluster: Cluster, controller: Controller, streams: int
) -> None:
    controller.start()
    for number in range(streams):
        cluster.create(f"cam-{number}", SPEC)
    count = f"videostream_streams {float(streams)}"
    until(lambda: count in controller.get("/metrics")[1], "all are known")
    time.sleep(1)  # in the middle of its work, no longer in its start
    spent_s = controller.stop()
    print(f"stopped in {spent_s:.2f} s with {streams} streams")
    assert spent_s < 20, "Kubernetes kills it after 30 s; a busy machine needs some of them"
    assert "Traceback" not in controller.log()


def test_lines_of_the_log_are_json(cluster: Cluster, controller: Controller) -> None:
    controller.start()
    cluster.create("cam", SPEC)
    until(lambda: ready(cluster), "status")
    controller.stop()
    lines = controller.log().splitlines()
    assert lines
    for line in lines:
        assert {"ts", "level", "logger", "message"} <= set(json.loads(line)), line


def test_a_missing_right_is_named_and_waited_for(
    apiserver: ApiServer, cluster: Cluster, controller: Controller
) -> None:
    crippled = [
        {**rule, "verbs": [verb for verb in rule["verbs"] if verb != "watch"]}
        for rule in chart_rules()
        if "events" not in rule["resources"]
    ]
    controller.client = apiserver.client_for(crippled, namespace=cluster.namespace)
    controller.start(wait=False)
    until(lambda: "rights are missing" in controller.log(), "the log names what is missing")
    log = controller.log()
    assert f"watch videostreams in {cluster.namespace}" in log
    assert f"create, patch events in {cluster.namespace}" in log
    assert controller.get("/healthz")[0] == 200
    assert controller.get("/readyz")[0] == 503
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role"}
    where = {"name": controller.client.name, "namespace": cluster.namespace}
    rules: dict[str, Any] = {**role, "metadata": where, "rules": list(chart_rules())}
    apiserver.kubectl("replace", "--filename=-", stdin=json.dumps(rules), check=True)
    until(controller.is_ready, "it goes on by itself")


def test_an_outage_of_the_api_server_is_survived(
    apiserver: ApiServer, cluster: Cluster, controller: Controller
) -> None:
    controller.start()
    cluster.create("before", SPEC)
    until(lambda: ready(cluster, "before"), "status")
    apiserver.stop()
    time.sleep(3)
    assert controller.get("/healthz")[0] == 200
    apiserver.start()
    cluster.create("after", SPEC)
    eventually(lambda: ready(cluster, "after"), timeout_s=60, what="work goes on", period_s=0.2)


def test_it_starts_before_the_api_server(
    apiserver: ApiServer, cluster: Cluster, controller: Controller
) -> None:
    cluster.create("cam", SPEC)
    apiserver.stop()
    try:
        controller.start(wait=False)
        until(lambda: "cannot start yet" in controller.log(), "it waits")
    finally:
        apiserver.start()
    eventually(lambda: ready(cluster), timeout_s=60, what="it works", period_s=0.2)


def test_a_lost_deletion_is_found_by_the_relist(cluster: Cluster, controller: Controller) -> None:
    controller.env = {"RESYNC_PERIOD_S": "1"}
    controller.start()
    retain = {"kafka": {"deletionPolicy": "Retain"}}
    cluster.create("cam", SPEC | retain)
    until(lambda: ready(cluster), "status")
    cluster.delete("cam")
    until(lambda: "videostream_streams 0.0" in controller.get("/metrics")[1], "it is forgotten")
    versions = cluster.versions("cam")
    assert versions == {}, "nothing was made for a stream that is gone"


def test_an_object_of_a_laxer_crd_is_told_what_is_wrong(
    apiserver: ApiServer, cluster: Cluster, controller: Controller
) -> None:
    crd = apiserver.get("crd", CRD)
    try:
        _store_anything(apiserver, crd)
        bad = {"source": {"url": "rtsp://user:secret@camera.test/live"}, "frames": {"fps": "many"}}
        eventually(
            lambda: cluster.create("cam", bad), timeout_s=20, what="the laxer CRD", period_s=0.2
        )
        controller.start()
        until(lambda: ready(cluster).get("reason") == "InvalidSpec", "InvalidSpec")
        message = ready(cluster)["message"]
        assert "spec.frames.fps" in message
        assert "spec.source.url" in message
        assert "secret" not in message
        assert "secret" not in controller.log()
        cluster.patch("cam", {"spec": {"source": SPEC["source"], "frames": {"fps": 5}}})
        until(lambda: ready(cluster).get("reason") != "InvalidSpec", "the repair is seen")
    finally:
        _restore(apiserver, crd)


def _store_anything(apiserver: ApiServer, crd: dict[str, Any]) -> None:
    """Let the API server store specs without a look at them, as an older CRD might have."""
    lax = json.loads(json.dumps(crd))
    schema = lax["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    spec = schema["properties"]["spec"]
    volume = spec["properties"]["source"]["properties"]["volume"]
    source = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {"volume": volume},
    }
    suspend = {"type": "boolean"}
    schema["properties"]["spec"] = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {
            "source": source,
            "suspend": suspend,
            "consumer": {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
                "properties": {"replicas": {"type": "integer"}},
            },
        },
    }
    _replace(apiserver, lax)


def _restore(apiserver: ApiServer, crd: dict[str, Any]) -> None:
    _replace(apiserver, crd)


def _replace(apiserver: ApiServer, crd: dict[str, Any]) -> None:
    crd["metadata"] = {
        "name": CRD,
        "resourceVersion": apiserver.get("crd", CRD)["metadata"]["resourceVersion"],
    }
    apiserver.kubectl("replace", "--filename=-", stdin=json.dumps(crd))


def test_many_streams_are_worked_off(cluster: Cluster, controller: Controller) -> None:
    names = [f"cam-{number}" for number in range(100)]
    for name in names:
        cluster.create_with_topic(name, SPEC)
    started = time.monotonic()
    controller.start()

    def made() -> bool:
        found = cluster.server.request(
            "GET", f"/apis/apps/v1/namespaces/{cluster.namespace}/deployments"
        )[1]["items"]
        return len(found) == 2 * len(names)

    eventually(made, timeout_s=90, what="all Deployments", period_s=0.2)
    print(f"100 streams in {time.monotonic() - started:.1f} s, start included")
