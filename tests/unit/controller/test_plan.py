"""The plan: which actions for which state of the world."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.bodies import CREATED, PODS, deployment, stream
from videostream_controller import manifests
from videostream_controller.applied import remember, signed
from videostream_controller.autoscaling import Decision
from videostream_controller.observed import Autoscaled, Child, Observed, TopicState
from videostream_controller.plan import Apply, ForceRecreate, Plan, Scale, plan

DOWN = TopicState("Unreachable", "no answer")
FIXED = {"consumer": {"replicas": 3, "scaling": {"mode": "Fixed"}}}
KNOWN = {"topic": {"name": "videostream.video.cam", "id": "topic-1"}}


def applied(manifest: dict[str, Any], live: dict[str, Any]) -> Child:
    return Child(live, remember(signed(manifest), live))


def names(planned: Plan) -> list[tuple[str, str]]:
    return [(type(action).__name__, action.name) for action in planned.actions]


def test_a_new_stream_gets_consumers_before_its_producer() -> None:
    planned = plan(stream(), Observed(CREATED), PODS)
    assert names(planned) == [("Apply", "cam-consumer"), ("Apply", "cam-producer")]
    two = Autoscaled(Decision(2, 2, "Holding", "minReplicas"))
    planned = plan(stream(), Observed(CREATED, scaling=two), PODS)
    assert names(planned) == [
        ("Apply", "cam-consumer"),
        ("Scale", "cam-consumer"),
        ("Apply", "cam-producer"),
    ]


def test_a_stream_as_planned_needs_nothing() -> None:
    of = stream(FIXED)
    observed = Observed(
        CREATED,
        producer=applied(manifests.producer(of, PODS, replicas=1), deployment("cam-producer")),
        consumer=applied(
            manifests.consumer(of, PODS, replicas=3), deployment("cam-consumer", replicas=3)
        ),
    )
    assert plan(of, observed, PODS).actions == ()


def test_a_changed_object_is_applied_again() -> None:
    of = stream(FIXED)
    manifest = signed(manifests.producer(of, PODS, replicas=1))
    was = remember(manifest, deployment("cam-producer"))
    changed = deployment("cam-producer", generation=2)
    labelled, orphaned, remade = (deployment("cam-producer") for _ in range(3))
    labelled["metadata"]["labels"] = {"app.kubernetes.io/name": "mine"}
    orphaned["metadata"]["ownerReferences"] = []
    remade["metadata"]["uid"] = "another"
    for live in (changed, labelled, orphaned, remade):
        observed = Observed(CREATED, producer=Child(live, was))
        assert ("Apply", "cam-producer") in names(plan(of, observed, PODS)), live


def test_pods_that_come_and_go_are_no_reason_to_apply() -> None:
    of = stream(FIXED)
    manifest = signed(manifests.producer(of, PODS, replicas=1))
    was = remember(manifest, deployment("cam-producer"))
    live = deployment("cam-producer", version="21", readyReplicas=0)
    observed = Observed(CREATED, producer=Child(live, was))
    assert ("Apply", "cam-producer") not in names(plan(of, observed, PODS))


@pytest.mark.parametrize(
    ("spec", "producers"),
    [({}, 1), ({"suspend": True}, 0), ({"producer": {"suspend": True}}, 0)],
)
def test_replicas_of_the_producer(spec: dict[str, Any], producers: int) -> None:
    actions = plan(stream(spec), Observed(CREATED), PODS).actions
    (apply,) = [one for one in actions if isinstance(one, Apply) and one.name == "cam-producer"]
    assert apply.manifest["spec"]["replicas"] == producers


def test_suspended_consumers_in_mode_lag_are_scaled_to_zero() -> None:
    observed = Observed(CREATED, consumer=Child(deployment("cam-consumer")))
    assert Scale("cam-consumer", 0) in plan(stream({"suspend": True}), observed, PODS).actions


def test_the_scaler_takes_replicas_over_before_the_apply_drops_them() -> None:
    live = deployment("cam-consumer", replicas=1)
    live["metadata"]["managedFields"] = [
        {
            "manager": "videostream-controller",
            "operation": "Apply",
            "fieldsV1": {"f:spec": {"f:replicas": {}}},
        }
    ]
    planned = plan(stream(), Observed(CREATED, consumer=Child(live)), PODS)
    assert names(planned)[:2] == [("Scale", "cam-consumer"), ("Apply", "cam-consumer")]


def test_a_right_number_that_is_not_ours_is_left_alone() -> None:
    live = deployment("cam-consumer", replicas=1)
    planned = plan(stream(), Observed(CREATED, consumer=Child(live)), PODS)
    assert ("Scale", "cam-consumer") not in names(planned)


def test_a_strangers_rolling_update_is_taken_away() -> None:
    live = deployment("cam-producer")
    live["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}
    planned = plan(stream(), Observed(CREATED, producer=Child(live)), PODS)
    assert ForceRecreate("cam-producer") in planned.actions


@pytest.mark.parametrize("reason", ["Unreachable", "NotFound", "ConfigConflict", "Refused"])
def test_a_new_stream_waits_for_its_topic(reason: Any) -> None:
    assert plan(stream(), Observed(TopicState(reason)), PODS).actions == ()


@pytest.mark.parametrize("reason", ["Unreachable", "NotFound", "ConfigConflict", "Refused"])
def test_a_stream_that_has_started_is_kept_right_without_kafka(reason: Any) -> None:
    assert plan(stream(status=KNOWN), Observed(TopicState(reason)), PODS).actions
    running = Observed(TopicState(reason), producer=Child(deployment("cam-producer")))
    assert plan(stream(), running, PODS).actions


def test_an_unknown_connection_changes_nothing() -> None:
    spec = {"kafka": {"connection": "other"}}
    running = Observed(TopicState("UnknownConnection"), producer=Child(deployment("cam-producer")))
    assert plan(stream(spec, status=KNOWN), running, PODS).actions == ()
    assert plan(stream({"influx": {"connection": "other"}}), Observed(CREATED), PODS).actions == ()
