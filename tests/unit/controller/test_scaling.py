"""Scaling: who decides about the number of consumers, and what is said about it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.bodies import stream
from videostream_controller import autoscaling
from videostream_controller.scaling import decide, policy

SEVEN = autoscaling.Decision(7, 5, "Active", "the load needs more", action="ScaleUp")


@pytest.mark.parametrize(
    ("consumer", "replicas", "by_scaler", "reason"),
    [
        ({}, 7, True, "Active"),
        ({"replicas": 5, "scaling": {"mode": "Fixed"}}, 5, False, "Fixed"),
        ({"replicas": 0, "scaling": {"mode": "Fixed"}}, 0, False, "Fixed"),
        ({"replicas": 2, "scaling": {"mode": "External"}}, 2, False, "External"),
    ],
)
def test_modes(consumer: dict[str, Any], replicas: int, by_scaler: bool, reason: str) -> None:  # noqa: FBT001
    found = decide(stream({"consumer": consumer}), SEVEN)
    assert (found.replicas, found.by_scaler, found.reason) == (replicas, by_scaler, reason)
    assert found.desired == 7, "what the load asks for is told in every mode"


@pytest.mark.parametrize("mode", ["Lag", "Fixed", "External"])
def test_suspend_is_zero_in_every_mode(mode: str) -> None:
    consumer = {"scaling": {"mode": mode}} | ({} if mode == "Lag" else {"replicas": 4})
    found = decide(stream({"suspend": True, "consumer": consumer}), SEVEN)
    assert (found.replicas, found.reason, found.desired) == (0, "Suspended", 0)
    assert found.by_scaler == (mode == "Lag")


def test_the_policy_is_the_spec_on_the_topic_as_it_is() -> None:
    scaling = {
        "minReplicas": 0,
        "maxReplicas": 9,
        "targetLag": "2s",
        "drainTime": "1m30s",
        "idleAfter": "10m",
        "scaleDownWindow": "4m",
        "perReplicaFps": "7.5",
    }
    spec = {"consumer": {"scaling": scaling}, "kafka": {"topic": {"partitions": 24}}}
    assert policy(stream(spec)) == autoscaling.Policy(
        partitions=24,
        min_replicas=0,
        max_replicas=9,
        target_lag_s=2,
        drain_time_s=90,
        idle_after_s=600,
        scale_down_window_s=240,
        per_replica_fps=7.5,
    )
    grown = stream(spec, status={"topic": {"partitions": 48}})
    assert policy(grown).partitions == 48
    fixed = stream({"consumer": {"replicas": 2, "scaling": {"mode": "Fixed"}}, "suspend": True})
    assert policy(fixed).dry_run
    assert policy(fixed).suspended
