"""The rules that turn a view into a number of replicas, in the order in which they are asked. Pure.

The first rule that has something to say decides; `RULES` at the end is the algorithm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from videostream_controller.autoscaling import sizing, window

if TYPE_CHECKING:
    from collections.abc import Callable

    from videostream_controller.autoscaling.decision import Action, Hold, Reason
    from videostream_controller.autoscaling.view import View

_NOT_TOLD: Final = "no consumer has told what it can do"
_BLOCKED: Final = 0.5
_UP_TICKS: Final = 2
_URGENT: Final = 2.0  # times the lag that is aimed at
_PAUSE_S: Final = 60.0  # from any change to the next scale-in
_PROBE_S: Final = 300.0
_PATIENCE_S: Final = 25.0  # enough to measure a capacity if replicas are at their end


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says: a change (`action`), or what keeps the number as it is (`hold`)."""

    replicas: int
    reason: Reason
    message: str
    action: Action | None = None
    hold: Hold | None = None


def zero(view: View) -> Verdict | None:
    """Wake a stream without consumers with its first record, at the size that it last needed."""
    if view.replicas > 0:
        return None
    if view.policy.to_zero and view.lag < 1:
        return Verdict(0, "Idle", "no record waits")
    known = view.memory
    if view.fps is None:
        size = known.active_replicas or view.policy.floor
    else:
        coming = max(view.arrival or 0.0, known.arrival_fps)
        partitions = len(view.active)
        size = sizing.wake(coming, view.lag, partitions, capacity=view.fps, aims=view.aims)
    size = view.policy.clamp(size)
    if view.lag < 1:
        return Verdict(size, "Active", "the stream goes on", "Resume")
    return Verdict(size, "Active", f"{view.lag} records wait", "WakeUp")


def sick(view: View) -> Verdict | None:
    """Hold where nobody makes progress or the sink takes nothing: more pods would not help."""
    if not view.active:
        message = "no partition makes progress; see the consumers' pods and SinkReachable"
        return _hold(view, "AllPartitionsStalled", message, hold="AllPartitionsStalled")
    if view.workload.sink_blocked:
        return _hold(view, "SinkBlocked", "InfluxDB takes no points", hold="SinkBlocked")
    if view.blocked > _BLOCKED:
        message = f"consumers wait for InfluxDB {view.blocked:.0%} of the time"
        return _hold(view, "SinkBlocked", message, hold="SinkBlocked")
    return None


def idle(view: View) -> Verdict | None:
    """Let the last consumer go when nothing waits and nothing has come for long, or will."""
    since_s = view.memory.idle_since_s
    if not view.policy.to_zero or since_s is None or view.lag >= 1:
        return None
    if view.workload.source_ended:
        return Verdict(0, "Idle", "the source has ended and all is processed", "Idle")
    if view.now_s - since_s < view.policy.idle_after_s:
        return None
    return Verdict(0, "Idle", f"no record has come for {view.now_s - since_s:.0f} s", "Idle")


def unwatched(view: View) -> Verdict | None:
    """Hold where there is no rate yet, or where records wait and nobody moves."""
    if view.arrival is None:
        if view.source == "Unknown":
            return _hold(view, "CapacityUnknown", _NOT_TOLD, hold="NoHistory")
        return _hold(view, "Active", "offsets have been seen only once", hold="NoHistory")
    if view.is_motionless:
        message = "records wait and no consumer has made progress for some seconds"
        return _hold(view, "Holding", message, hold="NoProgress")
    return None


def probe(view: View) -> Verdict | None:
    """Find out an unknown capacity: double while behind, step down after a long quiet time."""
    if view.source not in {"Unknown", "Declared"}:
        return None
    number = view.replicas
    fewer = _next_smaller(number, view.policy.partitions)
    if fewer >= view.policy.floor and fewer < number and _is_quiet(view):
        return Verdict(fewer, "CapacityUnknown", "no lag for long", "ProbeDown")
    if view.source == "Declared":
        return None  # sized by `up` and `down`
    more = view.policy.clamp(2 * number)
    patience_s = _PATIENCE_S + view.memory.pod_start_s + sizing.REBALANCE_S
    is_early = view.late_s < _PATIENCE_S or view.since_scale_s < patience_s
    if is_early or more <= number:
        return _hold(view, "CapacityUnknown", _NOT_TOLD)
    if view.is_settling:
        return _hold(view, "CapacityUnknown", "pods are starting", hold="PodsStarting")
    return Verdict(more, "CapacityUnknown", f"{view.lag} records wait", "ProbeUp")


def up(view: View) -> Verdict | None:
    """Scale out: at once if records are late or come too fast, else if the need lasts."""
    if view.sizes is None:
        return None
    wanted = view.policy.clamp(view.sizes.up)
    if wanted <= view.replicas or (view.source == "Declared" and view.sizes.excess == 0):
        return None
    if view.is_settling:
        return _hold(view, "Active", "pods are starting", hold="PodsStarting")
    late = view.lag_s is not None and view.lag_s > _URGENT * view.policy.target_lag_s
    overrun = view.arrival is not None and view.arrival > view.sizes.able
    if late or overrun or view.up_ticks + 1 >= _UP_TICKS:
        return Verdict(wanted, "Active", "the load needs more", "ScaleUp")
    return _hold(view, "Active", "more is needed, if it lasts", hold="ConfirmingUp")


def down(view: View) -> Verdict | None:
    """Scale in to what was enough for a whole window; by half at most, and with pauses."""
    number = view.replicas
    if view.sizes is None or view.policy.clamp(view.sizes.down) >= number:
        return None
    if view.sizes.excess > 0:
        return _hold(view, "Active", "fewer would do when the lag is gone", hold="CatchingUp")
    peak = view.window.peak(view.now_s, view.window_s)
    if peak is None or peak >= number:
        return _hold(view, "Active", "fewer would do, if it lasts", hold="ScaleDownWindow")
    if view.is_settling or view.since_scale_s < _PAUSE_S:
        return _hold(
            view, "Active", "fewer would do; the last change is new", hold="ScaleDownPause"
        )
    wanted = view.policy.clamp(max(peak, number - max(1, number // 2)))
    return Verdict(wanted, "Active", "the load needs less", "ScaleDown")


def enough(view: View) -> Verdict:
    """Find the number right: no other rule had anything to say."""
    return Verdict(view.replicas, "Active", "the number fits the load")


def _hold(view: View, reason: Reason, message: str, *, hold: Hold | None = None) -> Verdict:
    return Verdict(view.replicas, reason, message, hold=hold)


def _is_quiet(view: View) -> bool:
    """Each reversal makes the next probe wait longer, as it does the scale-in window."""
    patience_s = window.length_s(_PROBE_S, view.memory.reversals_s, view.now_s)
    return min(view.quiet_s, view.since_scale_s) >= patience_s and not view.is_settling


def _next_smaller(replicas: int, partitions: int) -> int:
    """Return the next size whose fullest replica has more partitions than now."""
    held = -(-partitions // max(1, replicas)) + 1
    return -(-partitions // held)


RULES: Final[tuple[Callable[[View], Verdict | None], ...]] = (
    zero,
    sick,
    idle,
    unwatched,
    probe,
    up,
    down,
    enough,
)
