"""Scaling: who decides about the number of consumers, and what is said about it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.bodies import stream
from videostream_controller.scaling import decide


@pytest.mark.parametrize(
    ("consumer", "replicas", "by_scaler", "reason"),
    [
        ({}, 1, True, "Holding"),
        ({"scaling": {"minReplicas": 3}}, 3, True, "Holding"),
        ({"replicas": 5, "scaling": {"mode": "Fixed"}}, 5, False, "Fixed"),
        ({"replicas": 0, "scaling": {"mode": "Fixed"}}, 0, False, "Fixed"),
        ({"replicas": 2, "scaling": {"mode": "External"}}, 2, False, "External"),
    ],
)
def test_modes(consumer: dict[str, Any], replicas: int, by_scaler: bool, reason: str) -> None:  # noqa: FBT001
    found = decide(stream({"consumer": consumer}))
    assert (found.replicas, found.by_scaler, found.reason) == (replicas, by_scaler, reason)


@pytest.mark.parametrize("mode", ["Lag", "Fixed", "External"])
def test_suspend_is_zero_in_every_mode(mode: str) -> None:
    consumer = {"scaling": {"mode": mode}} | ({} if mode == "Lag" else {"replicas": 4})
    found = decide(stream({"suspend": True, "consumer": consumer}))
    assert (found.replicas, found.reason) == (0, "Suspended")
    assert found.by_scaler == (mode == "Lag")


def test_holding_says_at_what() -> None:
    message = decide(stream({"consumer": {"scaling": {"minReplicas": 2}}})).message
    assert "minReplicas = 2" in message
