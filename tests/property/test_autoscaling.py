"""Scaling by lag: what holds for any load, any answer of Kafka and any order of events."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.support.json_values import JSON
from videostream_controller.autoscaling import (
    Decision,
    Partition,
    Policy,
    Report,
    Sample,
    State,
    Workload,
    decide,
)
from videostream_controller.autoscaling.history import History, begin, observe
from videostream_controller.autoscaling.lag import ages, oldest
from videostream_controller.autoscaling.sizing import UP_UTILISATION, fit

START_S = 1_700_000_000.0
UNHURRIED = settings(max_examples=60, deadline=None)
POLICIES = st.builds(
    Policy,
    partitions=st.just(6),
    min_replicas=st.integers(0, 3),
    max_replicas=st.integers(3, 9),
    target_lag_s=st.floats(1, 30),
    idle_after_s=st.sampled_from([10.0, 60.0]),
    scale_down_window_s=st.sampled_from([10.0, 60.0]),
    per_replica_fps=st.none() | st.floats(1, 50),
    suspended=st.just(False) | st.booleans(),
)


@dataclass(frozen=True)
class Turn:
    """What happens until the next decision; `came` and `went` are per partition."""

    came: int
    went: int
    pause_s: float
    is_seen: bool
    pods: int  # how many of the wanted replicas are ready
    fps: float | None
    flags: tuple[bool, bool]
    is_new_topic: bool


TURNS = st.lists(
    st.builds(
        Turn,
        came=st.integers(0, 50),
        went=st.integers(0, 50),
        pause_s=st.sampled_from([2.0, 5.0, 5.0, 5.0, 9.5, 60.0]),
        is_seen=st.sampled_from([True, True, True, False]),
        pods=st.integers(0, 9),
        fps=st.none() | st.floats(0.5, 100),
        flags=st.tuples(st.sampled_from([False, False, True]), st.sampled_from([False, True])),
        is_new_topic=st.sampled_from([False] * 9 + [True]),
    ),
    min_size=1,
    max_size=40,
)


def play(policy: Policy, turns: list[Turn]) -> list[tuple[Turn, State, Decision]]:
    """Decide turn by turn, with a Deployment that always becomes what was decided."""
    state, replicas, now_s, topic = State(), turns[0].pods, START_S, 0
    ends, done, first = [0] * 6, [0] * 6, 0
    played = []
    for turn in turns:
        now_s += turn.pause_s
        if turn.is_new_topic:
            topic, ends, done, first = topic + 1, [0] * 6, [0] * 6, 0
        ends = [end + turn.came for end in ends]
        done = [min(at + turn.went * (p + 1) // 6, ends[p]) for p, at in enumerate(done)]
        first = max(first, min(ends) - 400)
        reports = () if turn.fps is None else (Report("a", turn.fps, 0.5, 0.1, now_s),)
        sample = Sample(
            now_s,
            f"topic-{topic}",
            tuple(Partition(at or None, first, end) for at, end in zip(done, ends, strict=True)),
            reports,
        )
        state, decision = decide(
            state,
            sample if turn.is_seen else None,
            policy=policy,
            workload=Workload(replicas, min(turn.pods, replicas), *turn.flags),
            now_s=now_s,
        )
        assert decision.previous == replicas
        replicas = decision.replicas
        played.append((turn, state, decision))
    return played


@UNHURRIED
@given(POLICIES, TURNS)
def test_the_number_is_always_within_the_bounds(policy: Policy, turns: list[Turn]) -> None:
    for _, _, decision in play(policy, turns):
        if policy.suspended:
            assert decision.replicas == 0
        elif decision.replicas == 0:
            assert policy.min_replicas == 0
        else:
            assert max(1, policy.min_replicas) <= decision.replicas <= policy.max_replicas
            assert decision.replicas <= policy.partitions


@UNHURRIED
@given(POLICIES, TURNS)
def test_a_change_has_an_action_and_an_action_a_change(policy: Policy, turns: list[Turn]) -> None:
    for _, _, decision in play(policy, turns):
        assert (decision.action is not None) == (decision.replicas != decision.previous)
        assert decision.action is None or decision.hold is None


@UNHURRIED
@given(POLICIES, TURNS)
def test_the_unknown_changes_nothing(policy: Policy, turns: list[Turn]) -> None:
    assume(not policy.suspended)
    for turn, _, decision in play(policy, turns):
        if not turn.is_seen and decision.action not in {"Bounds", "Resume"}:
            assert decision.action is None
            assert decision.hold == "MetricsUnavailable"


@UNHURRIED
@given(POLICIES, TURNS)
def test_nothing_is_taken_away_while_records_are_late(policy: Policy, turns: list[Turn]) -> None:
    for _, _, decision in play(policy, turns):
        if decision.action in {"ScaleDown", "Idle"}:
            assert not decision.figures.excess_records
        if decision.action == "Idle":
            assert decision.figures.lag_records == 0


@UNHURRIED
@given(POLICIES, TURNS)
def test_it_is_a_function_of_its_inputs(policy: Policy, turns: list[Turn]) -> None:
    assert play(policy, turns) == play(policy, turns)


@UNHURRIED
@given(POLICIES, TURNS)
def test_what_is_persisted_survives_the_status(policy: Policy, turns: list[Turn]) -> None:
    _, state, _ = play(policy, turns)[-1]
    status = state.to_status()
    restored = State.from_status(json.loads(json.dumps(status)))
    assert restored.to_status() == status
    known, was = restored.memory, state.memory
    # Rates are rounded for people to read; all else is exact.
    assert replace(known, capacity_fps=None, arrival_fps=0.0) == replace(
        was, capacity_fps=None, arrival_fps=0.0, reversals_s=was.reversals_s[-8:]
    )
    assert known.capacity_fps is None or math.isclose(
        known.capacity_fps, was.capacity_fps or 0, rel_tol=0.01
    )
    assert len(json.dumps(status)) < 1000


@UNHURRIED
@given(JSON | st.dictionaries(st.sampled_from(list(State().to_status())), JSON))
def test_any_status_can_be_read(status: object) -> None:
    if isinstance(status, dict):
        assert State.from_status(status).memory.pod_start_s >= 1


@UNHURRIED
@given(
    rate=st.integers(1, 200),
    fps=st.floats(2, 50),
    partitions=st.sampled_from([1, 4, 12, 24]),
    target_lag_s=st.floats(2, 30),
    reported=st.booleans(),
)
@example(rate=33, fps=10.0, partitions=24, target_lag_s=5.0, reported=True)
def test_a_steady_load_is_steered_once_and_then_left_alone(
    rate: int, fps: float, partitions: int, target_lag_s: float, *, reported: bool
) -> None:
    policy = Policy(
        partitions=partitions, max_replicas=partitions, target_lag_s=target_lag_s,
        per_replica_fps=None if reported else fps,
    )  # fmt: skip
    assume(rate < 0.8 * fps * partitions)
    size = fit(rate / UP_UTILISATION, partitions, fps)
    waiting = min(partitions, rate)  # what came in the last second, which no commit tells yet
    state, replicas, actions = State(), size, []
    for tick in range(100):
        now_s = START_S + 5 * tick
        count = 1000 + rate * 5 * tick
        parts = tuple(
            Partition(end - (p < waiting), 0, end)
            for p, end in enumerate(
                count // partitions + (p < count % partitions) for p in range(partitions)
            )
        )
        reports = (Report("a", fps, 0.8, 0.0, now_s),) if reported else ()
        state, decision = decide(
            state,
            Sample(now_s, "topic", parts, reports),
            policy=policy,
            workload=Workload(replicas, replicas),
            now_s=now_s,
        )
        replicas = decision.replicas
        if decision.action is not None:
            actions.append(decision.action)
    assert set(actions) <= ({"ScaleDown"} if reported else {"ScaleDown", "ProbeDown"})
    assert not reported or actions == []


@UNHURRIED
@given(
    rate=st.integers(1, 50),
    behind_s=st.integers(0, 100),
    periods=st.lists(st.sampled_from([2, 5, 7]), min_size=30, max_size=60),
)
def test_lag_is_the_age_of_the_oldest_record(rate: int, behind_s: int, periods: list[int]) -> None:
    at_s, past = 0, History()
    for period_s in periods:
        at_s += period_s
        done = rate * max(0, at_s - behind_s)
        sample = Sample(float(at_s), "topic", (Partition(done, 0, rate * at_s),))
        past = observe(past if past.recent else begin((), sample), sample, Workload(1, 1))
    found = oldest(ages(past), [0])
    assert found is not None
    assert math.isclose(found, min(behind_s, at_s), abs_tol=1e-6)
