"""From a state and one more sample to the view that the rules judge. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from videostream_controller.autoscaling import capacity, history, lag, report
from videostream_controller.autoscaling.view import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videostream_controller.autoscaling.capacity import Source
    from videostream_controller.autoscaling.history import History
    from videostream_controller.autoscaling.memory import Memory
    from videostream_controller.autoscaling.policy import Policy
    from videostream_controller.autoscaling.sample import Sample, Workload
    from videostream_controller.autoscaling.state import State

STALL_S: Final = 45.0  # also the time after which Kafka gives up a member that was killed
_STALL_TURNS: Final = 5.0
_FORGET: Final = 0.02


def look(
    state: State,
    sample: Sample,
    *,
    policy: Policy,
    workload: Workload,
    replicas: int,
    now_s: float,
) -> View:
    """Return the view of a sample that continues the state's history, or begins one."""
    before = state.history if state.history.recent else history.begin(state.memory.stalled, sample)
    past = history.observe(before, sample, workload)
    stalled = _stalled(past, state.memory.capacity_fps, max(1, workload.ready))
    active = tuple(p for p in range(len(sample.partitions)) if p not in stalled)
    reports = report.fresh(sample.reports, now_s)
    observed = capacity.observed_fps(past, active, reports=reports, ready=workload.ready)
    came = _have_come(before, past, active)
    known = replace(
        _learnt(state.memory, past, active, came=came, observed=observed, replicas=replicas),
        idle_since_s=_idle_since_s(state.memory, past, active, policy, came=came),
        stalled=stalled,
    )
    fps, source = _capacity(known, policy)
    ages = lag.ages(past)
    quiet_s, late_s = _quiet_and_late_s(state, past, ages, policy, now_s)
    return View(
        policy=policy,
        memory=known,
        past=past,
        workload=workload,
        now_s=now_s,
        replicas=replicas,
        active=active,
        stalled=stalled,
        lag=sum(past.last.lags[p] for p in active),
        lag_s=lag.oldest(ages, active),
        arrival=history.arrival(past, active, history.FAST_S),
        fps=fps,
        source=source,
        blocked=report.median_blocked(reports),
        quiet_s=quiet_s,
        late_s=late_s,
        lacking_s=now_s - (state.lacking_since_s or now_s),
        up_ticks=state.up_ticks,
        window_before=state.window,
    )


def _stalled(past: History, fps: float | None, ready: int) -> tuple[int, ...]:
    """Return the partitions in which nothing moves, though each should have had its turns."""
    turn_s = 0.0 if fps is None else len(past.still_s) / ready / fps
    limit_s = max(STALL_S, _STALL_TURNS * turn_s)
    return tuple(p for p, still_s in enumerate(past.still_s) if still_s >= limit_s)


def _capacity(known: Memory, policy: Policy) -> tuple[float | None, Source]:
    if known.capacity_fps is not None:
        return known.capacity_fps, known.capacity_source
    if policy.per_replica_fps is not None:
        return policy.per_replica_fps, "Declared"
    return None, "Unknown"


def _learnt(
    known: Memory,
    past: History,
    active: Sequence[int],
    *,
    came: bool,
    observed: tuple[float, Source] | None,
    replicas: int,
) -> Memory:
    """Return what a sample teaches about capacity and load."""
    fps, source = observed or (known.capacity_fps, known.capacity_source)
    if observed is not None and source == known.capacity_source:
        fps = capacity.smooth(known.capacity_fps, observed[0])
    rate = history.arrival(past, active, history.FAST_S) if came else None
    usual = known.arrival_fps
    return replace(
        known,
        capacity_fps=fps,
        capacity_source=source,
        arrival_fps=max(rate, usual + _FORGET * (rate - usual)) if rate else usual,
        active_replicas=replicas if rate and replicas > 0 else known.active_replicas,
    )


def _idle_since_s(
    known: Memory, past: History, active: Sequence[int], policy: Policy, *, came: bool
) -> int | None:
    """Return since when there has been no work, where that may take the last consumer away."""
    if came or any(past.last.lags[p] for p in active) or not policy.to_zero:
        return None
    if known.idle_since_s is None and len(past.recent) > 1:
        return int(past.recent[-2].at_s)
    return known.idle_since_s


def _have_come(before: History, past: History, active: Sequence[int]) -> bool:
    if not before.recent:
        return False
    return any(past.last.ends[p] > before.last.ends[p] for p in active)


def _quiet_and_late_s(
    state: State, past: History, ages: tuple[float, ...] | None, policy: Policy, now_s: float
) -> tuple[float, float]:
    """Return for how long the group has kept up and for how long it has not; one of them is 0.

    A partition in which nothing moves tells nothing of the others' capacity.
    """
    moving = (p for p, still_s in enumerate(past.still_s) if still_s < history.FAST_S)
    age_s = lag.oldest(ages, moving)
    if age_s is not None and age_s <= max(policy.target_lag_s, capacity.COMMIT_S):
        return now_s - (state.quiet_since_s or now_s), 0.0
    return 0.0, now_s - (state.late_since_s or now_s)
