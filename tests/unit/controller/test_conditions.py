"""Conditions: transition times and the sum."""

from datetime import timedelta

import pytest

from tests.support.bodies import NOW
from videostream_controller.conditions import Condition, instant, merge, ready

OK = Condition("A", "True", "Fine")


def test_a_transition_time_changes_only_with_the_status() -> None:
    first = merge([], [OK], generation=1, now=NOW)
    later = NOW + timedelta(minutes=5)
    same = merge(first, [Condition("A", "True", "StillFine", "news")], generation=2, now=later)
    assert same[0]["lastTransitionTime"] == instant(NOW)
    assert (same[0]["reason"], same[0]["message"], same[0]["observedGeneration"]) == (
        "StillFine",
        "news",
        2,
    )
    flipped = merge(same, [Condition("A", "False", "Broken")], generation=2, now=later)
    assert flipped[0]["lastTransitionTime"] == instant(later)


def test_a_condition_that_is_not_wanted_goes() -> None:
    first = merge([], [OK, Condition("B", "True", "Blocked")], generation=1, now=NOW)
    assert [one["type"] for one in merge(first, [OK], generation=1, now=NOW)] == ["A"]


def test_long_messages_are_cut() -> None:
    (found,) = merge([], [Condition("A", "False", "Long", "x" * 5000)], generation=1, now=NOW)
    assert len(found["message"]) == 1024


@pytest.mark.parametrize(
    ("causes", "status", "reason"),
    [
        ([OK], "True", "Streaming"),
        ([OK, Condition("B", "False", "Down", "why")], "False", "Down"),
        ([Condition("B", "Unknown", "NoReport"), Condition("C", "False", "Down")], "False", "Down"),
        ([Condition("B", "False", "First"), Condition("C", "False", "Second")], "False", "First"),
        ([OK, Condition("B", "Unknown", "NoReport")], "Unknown", "NoReport"),
    ],
)
def test_ready_is_the_first_cause_that_fails(
    causes: list[Condition], status: str, reason: str
) -> None:
    found = ready(causes, reason="Streaming", message="all is well")
    assert (found.type, found.status, found.reason) == ("Ready", status, reason)


def test_ready_names_the_condition_that_failed() -> None:
    found = ready([Condition("TopicReady", "False", "Down", "why")], reason="x", message="y")
    assert found.message == "TopicReady: why"
