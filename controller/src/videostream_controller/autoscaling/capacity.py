"""How many records per second one replica can process. Pure.

In order of trust: what the replicas report, what was seen of them while they were saturated, what
the spec says. A rate seen without saturation is never a capacity: taking it for one makes a group
that is at ease look as if it were at its end, and drives a steady load to the maximum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from videostream_controller.autoscaling import history, report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videostream_controller.autoscaling.history import History
    from videostream_controller.autoscaling.report import Report

Source = Literal["Reported", "Measured", "Declared", "Unknown"]

_ALPHA: Final = 0.3
_WINDOW_S: Final = 10.0
_FEWEST: Final = 3  # samples in the window
# Lag below this many seconds of throughput may be no more than commits that are not yet made; the
# bound is Kafka's default commit interval, so that other people's consumers are measured rightly.
COMMIT_S: Final = 7.5


def observed_fps(
    past: History, over: Sequence[int], *, reports: Sequence[Report], ready: int
) -> tuple[float, Source] | None:
    """Return what this sample says of one replica's capacity, None if it says nothing."""
    reported = report.median_fps(reports)
    if reported is not None:
        return reported, "Reported"
    measured = _measured_fps(past, over, ready)
    return None if measured is None else (measured, "Measured")


def smooth(before: float | None, now: float) -> float:
    """Return the capacity after one more observation."""
    return now if before is None else before + _ALPHA * (now - before)


def _measured_fps(past: History, over: Sequence[int], ready: int) -> float | None:
    """Return consumption per replica over a window in which every replica was busy throughout."""
    before = history.window(past, history.FAST_S)
    seen = history.window(past, _WINDOW_S)
    if ready == 0 or len(seen) < _FEWEST or not all(item.steady for item in before):
        return None
    went = history.consumption(past, over, _WINDOW_S)
    if not went or any(past.still_s[p] >= _WINDOW_S for p in over):
        return None
    for item in seen:
        lags = [item.lags[p] for p in over]
        if min(lags) < 1 or sum(lags) <= COMMIT_S * went:
            return None
    return went / ready
