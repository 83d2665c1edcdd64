"""Lag as time: how old the oldest record is that is still to be processed. Pure.

A partition's first unprocessed offset was once its end; when that was is read from the ends that
were seen before, by interpolation. Unlike lag / consumption rate this neither explodes while
consumers pause nor freezes when they stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from videostream_controller.autoscaling.history import History


def ages(history: History) -> tuple[float, ...] | None:
    """Return for each partition the age of its oldest unprocessed record in seconds, 0 for none.

    Records from before the first observation are dated by the mean rate since then; where there is
    no rate either, the age is at least the time that was watched. None if nothing was watched.
    """
    last = history.last
    if not any(last.lags):
        return (0.0,) * len(last.lags)
    seen = [*history.older, *((o.at_s, o.ends) for o in history.recent)]
    if len(seen) == 1:
        return None
    return tuple(
        last.at_s - _arrived_at(seen, p, last.positions[p]) if lag else 0.0
        for p, lag in enumerate(last.lags)
    )


def lag_seconds(history: History) -> float | None:
    """Return the age of the oldest record that waits at the last sample; None if not known."""
    if not history.recent:
        return None
    lags = history.last.lags
    return oldest(ages(history), range(len(lags))) if any(lags) else 0.0


def oldest(found: tuple[float, ...] | None, over: Iterable[int]) -> float | None:
    """Return the greatest of the ages of the partitions `over`; None if they are not known."""
    return None if found is None else max((found[p] for p in over), default=0.0)


def _arrived_at(seen: list[tuple[float, tuple[int, ...]]], partition: int, offset: int) -> float:
    for index in range(len(seen) - 2, -1, -1):
        before_s, before = seen[index]
        if before[partition] <= offset:
            after_s, after = seen[index + 1]
            share = (offset - before[partition]) / (after[partition] - before[partition])
            return before_s + share * (after_s - before_s)
    (first_s, first), (last_s, last) = seen[0], seen[-1]
    rate = (last[partition] - first[partition]) / (last_s - first_s)
    missing = first[partition] - offset
    return first_s - (missing / rate if rate > 0 else 0.0)
