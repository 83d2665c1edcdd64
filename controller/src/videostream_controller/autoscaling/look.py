"""From a state and one more sample to the view that the rules judge. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from videostream_controller.autoscaling import capacity, history, report, sizing
from videostream_controller.autoscaling.lag import lag_seconds
from videostream_controller.autoscaling.view import View

if TYPE_CHECKING:
    from videostream_controller.autoscaling.capacity import Source
    from videostream_controller.autoscaling.history import History
    from videostream_controller.autoscaling.memory import Memory
    from videostream_controller.autoscaling.policy import Policy
    from videostream_controller.autoscaling.sample import Sample, Workload
    from videostream_controller.autoscaling.sizing import Sizes
    from videostream_controller.autoscaling.state import State

STALL_S: Final = 45.0  # also the time after which Kafka gives up a member that was killed
_STALL_TURNS: Final = 5.0
_HOT_WATCHED_S: Final = 45.0
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
    known = _learn_capacity(replace(state.memory, stalled=stalled), observed)
    fps, source = _capacity(known, policy)
    lag_s = lag_seconds(past, active)
    moving = [p for p in active if past.still_s[p] < history.FAST_S]
    moving_lag_s = lag_seconds(past, moving)
    is_late = moving_lag_s is None or moving_lag_s > max(policy.target_lag_s, capacity.COMMIT_S)
    view = View(
        policy=policy,
        memory=known,
        past=past,
        workload=workload,
        now_s=now_s,
        replicas=replicas,
        active=active,
        stalled=stalled,
        hot=_hot(past, active, fps),
        lag=sum(past.last.lags[p] for p in active),
        lag_s=lag_s,
        arrival=history.arrival(past, active, history.FAST_S),
        consumption=history.consumption(past, active, history.FAST_S),
        fps=fps,
        source=source,
        blocked=report.median_blocked(reports),
        up_ticks=state.up_ticks,
        quiet_s=0.0 if is_late else now_s - (state.quiet_since_s or now_s),
        late_s=now_s - (state.late_since_s or now_s) if is_late else 0.0,
        window=state.window,
    )
    return _with_sizes(replace(view, memory=_learn_load(view, before)))


def _with_sizes(view: View) -> View:
    sizes = _sizes(view)
    if sizes is None:
        return view
    down = view.policy.clamp(sizes.down)
    return replace(view, sizes=sizes, window=view.window.add(view.now_s, down, view.window_s))


def _sizes(view: View) -> Sizes | None:
    if view.fps is None or view.arrival is None:
        return None
    rest = [p for p in view.active if p not in view.hot]
    slow = history.arrivals(view.past, history.SLOW_S)
    load = sizing.Load(
        arrival=history.arrival(view.past, rest, history.FAST_S) or 0.0,
        surge=history.surge(view.past, rest),
        lag=sum(view.past.last.lags[p] for p in rest),
        slow=tuple(slow[p] for p in rest),
        hot=len(view.hot),
    )
    group = sizing.Group(view.replicas, len(view.active), view.fps)
    sizes = sizing.sizes(load, group, view.aims)
    if not view.lacks_pods:
        return sizes
    # Lag that grows because pods do not come is no reason to ask for more pods that do not come.
    without_lag = sizing.sizes(replace(load, lag=0), group, view.aims)
    return replace(sizes, up=without_lag.up, short=without_lag.short)


def _stalled(past: History, fps: float | None, ready: int) -> tuple[int, ...]:
    """Return the partitions in which nothing moves, though each should have had its turns."""
    turn_s = 0.0 if fps is None else len(past.still_s) / ready / fps
    limit_s = max(STALL_S, _STALL_TURNS * turn_s)
    return tuple(p for p, still_s in enumerate(past.still_s) if still_s >= limit_s)


def _hot(past: History, active: tuple[int, ...], fps: float | None) -> tuple[int, ...]:
    if fps is None or history.watched_s(past) < _HOT_WATCHED_S:
        return ()
    slow = history.arrivals(past, history.SLOW_S)
    return tuple(p for p in active if sizing.is_hot(slow[p], fps))


def _capacity(known: Memory, policy: Policy) -> tuple[float | None, Source]:
    if known.capacity_fps is not None:
        return known.capacity_fps, known.capacity_source
    if policy.per_replica_fps is not None:
        return policy.per_replica_fps, "Declared"
    return None, "Unknown"


def _learn_capacity(known: Memory, observed: tuple[float, Source] | None) -> Memory:
    if observed is None:
        return known
    fps, source = observed
    before = known.capacity_fps if known.capacity_source == source else None
    return replace(known, capacity_fps=capacity.smooth(before, fps), capacity_source=source)


def _learn_load(view: View, before: History) -> Memory:
    """Return what the sample teaches about the load, and since when there has been none."""
    known, recent = view.memory, view.past.recent
    came = bool(before.recent) and any(
        view.past.last.ends[p] > before.last.ends[p] for p in view.active
    )
    if came or view.lag >= 1:
        known = replace(known, idle_since_s=None)
    elif known.idle_since_s is None and len(recent) > 1:
        known = replace(known, idle_since_s=int(recent[-2].at_s))
    if came and view.arrival:
        usual = known.arrival_fps
        kept = max(view.arrival, usual + _FORGET * (view.arrival - usual))
        known = replace(known, arrival_fps=kept)
        if view.replicas > 0:
            known = replace(known, active_replicas=view.replicas)
    return known
