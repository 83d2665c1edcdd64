"""What scaling by lag does when something else fails: in general, nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.sim import scenario as s
from tests.sim.ours import PERIOD_S, Ours
from tests.sim.run import run
from tests.sim.told import told

SEEDED = pytest.mark.parametrize("seed", [0, 1])
BOTH = pytest.mark.parametrize("reported", [True, False], ids=["reported", "measured"])
FLOWING = replace(s.POISON, poisoned=frozenset(), seconds=1400)


@SEEDED
@pytest.mark.parametrize("is_told", [True, False])
def test_a_dead_sink_changes_nothing(seed: int, *, is_told: bool) -> None:
    down = (600, 900)
    scenario = replace(FLOWING, sink_down=down, sink_told=is_told)
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
    quiet = replace(s.OUTAGE, seconds=800, load=s.between((600, 720), inside=0, outside=24))
    late = replace(quiet, load=lambda t: 500 if 715 <= t < 720 else 24)
    for load in (quiet, late):
        arrivals = [told(load, seed).at(t).figures.arrival_fps for t in (725, 730, 735)]
        assert all(rate is not None and rate < 40 for rate in arrivals)


@SEEDED
def test_truncated_offsets_are_no_lag(seed: int) -> None:
    scenario = replace(FLOWING, sink_down=(600, 1200), sink_told=True, retention_s=60)
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
        seconds=1200,
    )
    found = told(scenario, seed)
    (suspend_at, suspend), (resume_at, resume), *_ = found.actions((590, 1200))
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
