"""Wrong parameters of signals stop a stream before it has pods, and never its deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.controller import Cluster, Controller, chart_rules
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.apiserver import ApiServer

pytestmark = [pytest.mark.api, pytest.mark.usefixtures("controller")]

SOURCE = {"url": "rtsp://camera.test/live"}
WRONG = [{"name": "still", "type": "Freeze", "parameters": {"tolerence": "0.5"}}]
RIGHT = [{"name": "still", "type": "Freeze", "parameters": {"tolerance": "0.5"}}]


@pytest.fixture
def cluster(apiserver: ApiServer, namespace: str) -> Cluster:
    return Cluster(apiserver, namespace)


@pytest.fixture
def controller(apiserver: ApiServer, namespace: str, tmp_path: Path) -> Iterator[Controller]:
    client = apiserver.client_for(chart_rules(), namespace=namespace)
    controller = Controller(client, namespace, tmp_path)
    controller.start()
    yield controller
    controller.kill()


def create(cluster: Cluster, signals: list[dict[str, Any]]) -> None:
    """Create a stream whose topic is known, so that only its signals can keep it from pods."""
    paused = {"videostream.dev/paused": "true"}
    cluster.create("cam", {"source": SOURCE, "signals": signals}, annotations=paused)
    topic = {"name": f"videostream.{cluster.namespace}.cam", "id": "x", "partitions": 12}
    cluster.patch_status("cam", {"topic": topic | {"ownership": "Created"}})
    cluster.patch("cam", {"metadata": {"annotations": {"videostream.dev/paused": None}}})


def until(probe: Any, what: str) -> None:
    eventually(probe, timeout_s=20, what=what, period_s=0.1)


def ready(cluster: Cluster) -> dict[str, Any]:
    stream = cluster.stream("cam") or {}
    found = (stream.get("status") or {}).get("conditions") or []
    return next((one for one in found if one["type"] == "Ready"), {})


def test_a_wrong_parameter_is_named_before_there_are_pods(cluster: Cluster) -> None:
    create(cluster, WRONG)
    until(lambda: ready(cluster).get("reason") == "SignalsInvalid", "the refusal")
    assert ready(cluster)["message"] == (
        "spec.signals[0].parameters.tolerence: got '0.5';"
        " expected no such parameter, only tolerance"
    )
    assert cluster.deployment("cam-producer") is None
    assert cluster.deployment("cam-consumer") is None
    cluster.patch("cam", {"spec": {"signals": RIGHT}})
    until(lambda: cluster.deployment("cam-consumer"), "pods once it is mended")
    until(lambda: ready(cluster).get("reason") != "SignalsInvalid", "the repair is seen")


def test_a_wrong_edit_leaves_what_runs_as_it_is_and_can_be_deleted(cluster: Cluster) -> None:
    create(cluster, RIGHT)
    until(lambda: cluster.deployment("cam-consumer"), "the consumers")
    before = (cluster.deployment("cam-consumer") or {})["spec"]["template"]
    cluster.patch("cam", {"spec": {"signals": WRONG}})
    until(lambda: ready(cluster).get("reason") == "SignalsInvalid", "the refusal")
    assert (cluster.deployment("cam-consumer") or {})["spec"]["template"] == before
    cluster.delete("cam")
    until(lambda: ready(cluster).get("reason") == "Deleting", "deletion goes on")
