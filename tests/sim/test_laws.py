"""What scaling by lag promises, as laws that hold in the simulated world for each seed."""

from __future__ import annotations

import pytest

from tests.sim import scenario as s
from tests.sim.group import Group
from tests.sim.ours import PERIOD_S, Ours
from tests.sim.told import told

SEEDED = pytest.mark.parametrize("seed", [0, 1])
BOTH = pytest.mark.parametrize("reported", [True, False], ids=["reported", "measured"])
IN = {"ScaleDown", "ProbeDown", "Idle"}


@BOTH
@pytest.mark.parametrize("scenario", s.COMPARED, ids=lambda scenario: scenario.name)
def test_a_group_is_never_scaled_in_while_it_is_late(
    scenario: s.Scenario, *, reported: bool
) -> None:
    for _, decision in told(scenario, reported=reported).actions():
        if decision.action in IN:
            assert not decision.figures.excess_records


@SEEDED
def test_steady_load_moves_nothing(seed: int) -> None:
    found = told(s.STEADY, seed).outcome
    assert found.changes == ()
    assert found.max_lag_s <= 1


@SEEDED
def test_a_step_is_met_in_seconds_and_left_again(seed: int) -> None:
    found = told(s.STEP, seed)
    ups = [t for t, decision in found.actions((300, 1200))]
    assert ups[0] <= 300 + PERIOD_S
    assert ups[-1] <= 320
    assert found.outcome.max_lag_s <= 20
    assert found.outcome.drain_s <= 40
    assert found.outcome.reversals == 1


@SEEDED
def test_a_step_of_unknown_capacity_is_met_by_measuring(seed: int) -> None:
    found = told(s.STEP, seed, reported=False).outcome
    assert found.max_lag_s <= 25
    assert found.drain_s <= 45
    assert found.reversals == 1


@SEEDED
def test_a_ramp_is_followed_up_and_down_once(seed: int) -> None:
    found = told(s.RAMP, seed).outcome
    assert found.max_lag_s <= 5
    assert found.reversals == 1


@SEEDED
def test_a_burst_drains_as_fast_as_the_largest_group_can(seed: int) -> None:
    found = told(s.BURST, seed).outcome
    floor_s = 8 + 3 + 3000 / (12 * 10 - 20)
    assert found.drain_s <= floor_s + 10
    assert [new > old for _, old, new in found.changes].count(True) == 1
    assert found.reversals == 1


@BOTH
@SEEDED
def test_a_sawtooth_settles(seed: int, *, reported: bool) -> None:
    found = told(s.SAWTOOTH, seed, reported=reported).outcome
    assert all(new > old for _, old, new in found.changes)


@BOTH
@SEEDED
def test_a_square_wave_fools_it_once(seed: int, *, reported: bool) -> None:
    assert told(s.SQUARE, seed, reported=reported).outcome.reversals <= 1


@pytest.mark.parametrize("seed", range(12))
def test_a_random_walk_is_followed_calmly(seed: int) -> None:
    found = told(s.random_walk(seed), seed).outcome
    assert found.reversals <= 4
    assert found.p95_lag_s < 1


@BOTH
@SEEDED
def test_a_poisoned_partition_is_named_and_drives_nothing(seed: int, *, reported: bool) -> None:
    found = told(s.POISON, seed, reported=reported)
    assert max(found.outcome.replicas) <= 4
    assert found.at(100).stalled == (0,)
    assert found.at(1795).stalled == (0,)


@SEEDED
def test_it_goes_to_zero_and_wakes_at_the_right_size(seed: int) -> None:
    found = told(s.STOP, seed)
    *downs, (idle_at, idle), (wake_at, wake) = found.actions((600, 1510))
    assert all(decision.action == "ScaleDown" for _, decision in downs)
    assert (idle.action, wake.action) == ("Idle", "WakeUp")
    assert idle_at <= 600 + 300 + 10
    assert wake_at <= 1500 + 5
    assert wake.replicas >= 5
    assert set(found.outcome.replicas[idle_at + 1 : wake_at]) == {0}
    assert found.outcome.max_lag_s <= 20


@SEEDED
def test_size_follows_a_capacity_that_falls(seed: int) -> None:
    assert told(s.SLOWING, seed).outcome.max_lag_s <= 5
    assert told(s.SLOWING, seed, reported=False).outcome.max_lag_s <= 15


@SEEDED
def test_a_backlog_at_zero_is_met_with_one_jump(seed: int) -> None:
    found = told(s.BACKLOG, seed, known_fps="10")
    assert [t for t, decision in found.actions() if decision.action not in IN] == [0]
    assert found.outcome.drain_s <= 95


@SEEDED
def test_a_hot_partition_is_named_and_does_not_hold_up_the_others(seed: int) -> None:
    found = told(s.HOT, seed)
    assert found.at(100).hot == (0,)
    group, ours = Group(s.HOT, seed), Ours()
    others = []
    for _ in range(900):
        if (wanted := ours.replicas(group)) != group.replicas:
            group.scale(wanted)
        group.step()
        others.append(group.oldest_s(besides=frozenset({0})))
    assert max(others[60:]) <= 5
