"""What scaling by lag promises, as laws that hold in the simulated world for every seed tried."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import pytest

from tests.sim import scenario as s
from tests.sim.group import Group
from tests.sim.ours import PERIOD_S, Ours
from tests.sim.run import Outcome, run
from videostream_controller.autoscaling import Decision, State

SEEDS = (0, 1)
BOTH = pytest.mark.parametrize("reported", [True, False], ids=["reported", "measured"])
SEEDED = pytest.mark.parametrize("seed", SEEDS)
IN = {"ScaleDown", "ProbeDown", "Idle"}


@dataclass(frozen=True)
class Told:
    """A run and every decision of it by time."""

    outcome: Outcome
    decisions: dict[int, Decision]

    def at(self, t: int) -> Decision:
        """The decision that holds at t."""
        return self.decisions[max(at for at in self.decisions if at <= t)]

    def actions(self, span: tuple[float, float] = (0, 1e9)) -> list[tuple[int, Decision]]:
        """The decisions within the span that changed something."""
        inside = (item for item in self.decisions.items() if s.during(span, item[0]))
        return [(t, decision) for t, decision in inside if decision.action is not None]


@cache
def told(
    scenario: s.Scenario,
    seed: int = 0,
    *,
    reported: bool = True,
    restarts: tuple[int, ...] = (),
    known_fps: str | None = None,
) -> Told:
    ours = Ours(reported=reported, restarts=restarts)
    if known_fps is not None:
        status = {"perReplicaFps": known_fps, "capacitySource": "Reported", "arrivalFps": "20"}
        ours.state = State.from_status(status)
    outcome = run(scenario, ours, seed=seed)
    return Told(outcome, dict(ours.decisions))


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
@pytest.mark.parametrize("is_told", [True, False])
def test_a_dead_sink_changes_nothing(seed: int, *, is_told: bool) -> None:
    down = (600, 900)
    scenario = replace(s.POISON, poisoned=frozenset(), sink_down=down, sink_told=is_told)
    found = told(scenario, seed)
    assert found.actions(down) == []
    assert found.at(605 if is_told else 890).reason == (
        "SinkBlocked" if is_told else "AllPartitionsStalled"
    )
    assert found.at(630).reason in {"SinkBlocked", "Holding"}
    assert found.outcome.lag_s[-1] <= 1  # it drains by itself when the sink is back


@BOTH
@SEEDED
def test_an_outage_of_the_broker_moves_nothing(seed: int, *, reported: bool) -> None:
    found = told(s.OUTAGE, seed, reported=reported)
    quiet = told(replace(s.OUTAGE, unseen=s.NEVER), seed, reported=reported)
    assert found.at(600 + PERIOD_S).hold == "MetricsUnavailable"
    assert found.actions((600, 725)) == []
    assert found.at(720).hold == "NoHistory"
    assert found.outcome.changes == quiet.outcome.changes


@SEEDED
def test_records_that_came_during_an_outage_are_no_rate(seed: int) -> None:
    scenario = replace(s.OUTAGE, load=s.between((600, 720), inside=0, outside=24))
    late = replace(scenario, load=lambda t: 500 if 715 <= t < 720 else 24)
    for load in (scenario, late):
        arrivals = [told(load, seed).at(t).figures.arrival_fps for t in (725, 730, 735)]
        assert all(rate is not None and rate < 40 for rate in arrivals)


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


@SEEDED
def test_truncated_offsets_are_no_lag(seed: int) -> None:
    scenario = replace(
        s.POISON, poisoned=frozenset(), sink_down=(600, 1200), sink_told=True, retention_s=60
    )
    found = told(scenario, seed)
    lags = [found.at(t).figures.lag_records or 0 for t in range(700, 1195, PERIOD_S)]
    assert max(lags) <= 24 * 60 * 1.15
    assert found.at(1195).hold == "SinkBlocked"
    assert max(found.outcome.replicas) <= 12


@SEEDED
def test_suspend_is_zero_at_once_and_resume_the_size_from_before(seed: int) -> None:
    scenario = replace(
        s.STEADY,
        load=s.between((600, 900), inside=0, outside=33),
        suspended=(600, 900),
        start=5,
    )
    found = told(scenario, seed)
    (suspend_at, suspend), (resume_at, resume), *_ = found.actions((590, 1800))
    assert (suspend_at, suspend.action, suspend.replicas) == (600, "Suspend", 0)
    assert (resume_at, resume.action) == (900, "Resume")
    assert 5 <= resume.replicas <= 6
    assert set(found.outcome.replicas[601:900]) == {0}


@SEEDED
def test_old_reports_leave_the_last_known_capacity(seed: int) -> None:
    scenario = replace(s.STEP, reports_until_s=200)
    found = told(scenario, seed)
    assert found.at(295).figures.capacity_source == "Reported"
    assert found.at(295).figures.capacity_fps == pytest.approx(10, rel=0.1)
    assert found.outcome.max_lag_s <= 20
    assert found.outcome.drain_s <= 40


@SEEDED
def test_pods_that_stay_pending_are_told_and_not_asked_for_again(seed: int) -> None:
    found = told(replace(s.STEP, schedulable=4), seed)
    assert [decision.action for _, decision in found.actions((300, 1200))] == ["ScaleUp"]
    assert found.at(330).limited_by != "PodsNotReady"  # they may yet come
    assert found.at(400).limited_by == "PodsNotReady"
    assert found.outcome.lag_s[-1] <= 1


RESTARTS = (400, 700, 1300)


@pytest.mark.parametrize(
    "scenario",
    [s.STEADY, s.STEP, s.RAMP, s.BURST, s.POISON, s.SLOWING, s.STOP],
    ids=lambda scenario: scenario.name,
)
def test_restarts_of_the_controller_cause_nothing(scenario: s.Scenario) -> None:
    plain, restarted = told(scenario), told(scenario, restarts=RESTARTS)
    assert restarted.outcome.reversals <= plain.outcome.reversals
    assert restarted.outcome.max_lag_s <= plain.outcome.max_lag_s + 5
    known = [(t, decision.action) for t, decision in plain.actions()]
    for at in RESTARTS:
        for t, decision in restarted.actions((at, at + 60)):
            # What it does soon after a restart, it would have done without one.
            near = {action for when, action in known if abs(t - when) <= 30}
            assert decision.action in near, (t, decision)


@pytest.mark.parametrize(
    "scenario", [s.STEADY, s.POISON, s.SLOWING], ids=lambda scenario: scenario.name
)
def test_three_samples_after_a_restart_it_judges_as_before(scenario: s.Scenario) -> None:
    plain, restarted = told(scenario), told(scenario, restarts=RESTARTS)
    for at in RESTARTS:
        back_s = at + 15 + 3 * PERIOD_S
        assert restarted.at(back_s).figures.up_target == plain.at(back_s).figures.up_target


def test_a_restart_at_zero_wakes_as_before() -> None:
    found = told(s.STOP, restarts=(1000,))
    assert [decision.action for _, decision in found.actions((900, 1510))][-1] == "WakeUp"
    assert found.outcome.max_lag_s <= 20


def test_a_restart_while_idle_does_not_start_the_idle_time_anew() -> None:
    found = told(s.STOP, restarts=(800,))
    (idle_at, _), *_ = [item for item in found.actions() if item[1].action == "Idle"]
    assert idle_at <= 600 + 300 + 10


def test_the_world_of_the_simulation_is_deterministic() -> None:
    first, second = (run(s.STEP, Ours(), seed=7) for _ in range(2))
    assert first == second
    assert first != run(s.STEP, Ours(), seed=8)
