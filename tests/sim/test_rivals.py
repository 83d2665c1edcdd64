"""The other autoscalers calculate as their sources do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.sim.group import Group
from tests.sim.rivals import FlinkCut, KedaHpa, Numaflow
from tests.sim.scenario import NEVER, STEADY, Scenario, Span

WIDE = replace(STEADY, maximum=24)


def group(*, lag: int, replicas: int, scenario: Scenario = WIDE, now: int = 0) -> Group:
    """Return a group that shows this lag, spread evenly but for a remainder."""
    made = Group(replace(scenario, start=replicas), 0)
    parts = scenario.partitions
    made.arrived = [[0] * (lag // parts + (p < lag % parts)) for p in range(parts)]
    made.now = now
    return made


@pytest.mark.parametrize(
    ("lag", "replicas", "wanted"),
    [
        (50 * 5, 5, 5),
        (50 * 5 + 26, 5, 6),  # more than the tolerance: rounded up
        (50 * 5 + 24, 5, 5),  # within it
        (50 * 24, 22, 22),  # the last replicas never come: 24 / 22 is within the tolerance
        (50 * 90, 4, 8),  # capped at the partitions; at most doubled, or 4 more
        (50 * 90, 2, 6),
    ],
)
def test_hpa_on_lag(lag: int, replicas: int, wanted: int) -> None:
    assert KedaHpa().replicas(group(lag=lag, replicas=replicas)) == wanted


def test_hpa_scales_in_to_the_largest_need_of_five_minutes() -> None:
    autoscaler = KedaHpa()
    assert autoscaler.replicas(group(lag=50 * 5, replicas=8)) == 5  # nothing seen before
    assert autoscaler.replicas(group(lag=50 * 2, replicas=5, now=15)) == 5
    assert autoscaler.replicas(group(lag=50 * 2, replicas=5, now=300)) == 5
    assert autoscaler.replicas(group(lag=50 * 2, replicas=5, now=315)) == 2


def test_keda_wakes_at_its_poll_and_cools_down() -> None:
    scenario = replace(STEADY, minimum=0)
    autoscaler = KedaHpa()
    assert autoscaler.replicas(group(lag=9, replicas=0, scenario=scenario, now=15)) == 0
    assert autoscaler.replicas(group(lag=9, replicas=0, scenario=scenario, now=30)) == 1
    assert autoscaler.replicas(group(lag=0, replicas=1, scenario=scenario, now=330)) == 1
    assert autoscaler.replicas(group(lag=0, replicas=1, scenario=scenario, now=360)) == 0


@pytest.mark.parametrize(
    ("pending", "rate", "replicas", "wanted"),
    [
        (1200, 30, 2, 4),  # 1200 / 30 / 20 * 2 = 4
        (6000, 30, 2, 4),  # 20, but two at a time
        (100, 30, 5, 3),  # 1, but two at a time
        (0, 0, 1, 1),  # the minimum
    ],
)
def test_numaflow_on_pending_and_rate(pending: int, rate: int, replicas: int, wanted: int) -> None:
    autoscaler = Numaflow()
    found = replicas
    for now in range(1, 121):
        seen = group(lag=pending, replicas=replicas, now=now)
        seen.processed = rate * now
        found = autoscaler.replicas(seen)
    assert found == wanted


def flink(*, lag: int, rate: int, replicas: int, seconds: int = 60) -> int:
    """Return what it wants after a while at a constant lag and rate."""
    autoscaler = FlinkCut()
    found = replicas
    for now in range(seconds + 1):
        seen = group(lag=lag, replicas=replicas, scenario=STEADY, now=now)
        seen.processed = rate * now
        found = autoscaler.replicas(seen)
        if found != replicas:
            break
    return found


def test_flink_aims_at_seventy_percent_and_at_a_divisor_of_the_partitions() -> None:
    assert flink(lag=0, rate=33, replicas=6) == 6  # 33 / 60 lies within 0.4 and 1
    assert flink(lag=0, rate=33, replicas=3) == 6  # (33 * 11 / 60 + 33 / 0.7) / 10 = 5.3
    assert flink(lag=0, rate=40, replicas=3) == 8  # 6.4, so 7, which does not divide 24


def test_flink_delays_a_scale_in() -> None:
    assert flink(lag=0, rate=10, replicas=12) == 12
    assert flink(lag=0, rate=10, replicas=12, seconds=330) < 12


@pytest.mark.parametrize("autoscaler", [KedaHpa(), Numaflow(), FlinkCut()])
@pytest.mark.parametrize("now", [0, 30, 60])
def test_nothing_is_done_without_metrics(autoscaler: KedaHpa, now: int) -> None:
    unseen: Span = (0, NEVER[1])
    seen = group(lag=5000, replicas=5, scenario=replace(STEADY, unseen=unseen), now=now)
    assert autoscaler.replicas(seen) == 5
