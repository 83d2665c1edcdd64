"""Wrong parameters of signals stop a stream before it has pods, and never its deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.eventually import until

if TYPE_CHECKING:
    from tests.support.controller import Cluster

pytestmark = [pytest.mark.api, pytest.mark.usefixtures("controller")]

SOURCE = {"url": "rtsp://camera.test/live"}
WRONG = [{"name": "still", "type": "Freeze", "parameters": {"tolerence": "0.5"}}]
RIGHT = [{"name": "still", "type": "Freeze", "parameters": {"tolerance": "0.5"}}]


def create(cluster: Cluster, signals: list[dict[str, Any]]) -> None:
    """Create a stream whose topic is known, so that only its signals can keep it from pods."""
    cluster.create_with_topic("cam", {"source": SOURCE, "signals": signals})


def ready(cluster: Cluster) -> dict[str, Any]:
    return cluster.condition("cam", "Ready")


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
