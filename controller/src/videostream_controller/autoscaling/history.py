"""The last minutes of a stream's offsets, and the rates that can be read from them. Pure.

A gap in the samples needs no care by the caller: an observation that comes too long after the one
before starts a new history, so that no rate is ever taken over a time that nobody watched.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from videostream_controller.autoscaling.sample import Sample, Workload

FAST_S: Final = 15.0
SLOW_S: Final = 60.0
GAP_S: Final = 20.0  # a sample may be missing now and then; more than that is an outage
_JITTER_S: Final = 1.5  # samples are not taken on the second
_SURGE: Final = 1.25
_THIN_S: Final = 30.0
_KEPT_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Observation:
    """Ends of the partitions, first offsets that are still to be processed, and records between.

    `steady`: since the observation before, every replica was ready, none came or went, and nothing
    that was still to be processed was deleted.
    """

    at_s: float
    ends: tuple[int, ...]
    positions: tuple[int, ...]
    lags: tuple[int, ...]
    ready: int
    steady: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """`recent`: the last minute, every sample. `older`: the ends before that, a few of them.

    `still_s` tells for each partition how long it has had lag and made no progress, counting only
    the time that was watched and in which there was somebody to make it.
    """

    topic_id: str = ""
    recent: tuple[Observation, ...] = ()
    older: tuple[tuple[float, tuple[int, ...]], ...] = ()
    still_s: tuple[float, ...] = ()

    @property
    def last(self) -> Observation:
        """The newest observation."""
        return self.recent[-1]


def is_same_topic(history: History, sample: Sample) -> bool:
    """Tell whether the sample continues the history: offsets of one topic never go back."""
    if not history.recent:
        return True
    ends = history.last.ends
    if history.topic_id != sample.topic_id or len(ends) != len(sample.partitions):
        return False
    return all(new.end >= old for new, old in zip(sample.partitions, ends, strict=True))


def begin(stalled: Iterable[int], sample: Sample) -> History:
    """Return an empty history in which partitions known to be stalled are so until they move."""
    known = frozenset(stalled)
    still = tuple(math.inf if p in known else 0.0 for p in range(len(sample.partitions)))
    return History(sample.topic_id, still_s=still)


def observe(history: History, sample: Sample, workload: Workload) -> History:
    """Return the history with one more sample of the same topic."""
    before = history.last if history.recent else None
    now = _observation(before, sample, workload)
    watched_s = 0.0 if before is None else sample.at_s - before.at_s
    is_gap = watched_s > GAP_S
    counted_s = watched_s if workload.ready > 0 and not is_gap else 0.0
    still = _still(history.still_s, before, now, counted_s)
    return _append(replace(history, still_s=still), now, is_gap=is_gap)


def repeat(history: History, at_s: float, workload: Workload) -> History:
    """Return the history with a sample more that is just like the last, in which nothing waited."""
    last = history.last
    steady = _is_steady(last, workload)
    now = Observation(at_s, last.ends, last.positions, last.lags, workload.ready, steady)
    return _append(history, now, is_gap=at_s - last.at_s > GAP_S)


def arrival(history: History, over: Sequence[int], window_s: float) -> float | None:
    """Return the records per second that came into the partitions `over`; None if not watched."""
    since, now, seconds = _span(history, window_s)
    if seconds <= 0:
        return None
    return sum(now.ends[p] - since.ends[p] for p in over) / seconds


def arrivals(history: History, window_s: float) -> tuple[float, ...]:
    """Return each partition's records per second; zeros if not watched."""
    since, now, seconds = _span(history, window_s)
    if seconds <= 0:
        return (0.0,) * len(now.ends)
    return tuple((b - a) / seconds for a, b in zip(since.ends, now.ends, strict=True))


def surge(history: History, over: Sequence[int]) -> float:
    """Return the rate since the last sample where it stands out from the noise, else 0.

    It shows at once what an average over 15 s shows only when the 15 s are over.
    """
    usual = arrival(history, over, FAST_S)
    if usual is None:
        return 0.0
    before, now = history.recent[-2], history.recent[-1]
    seconds = now.at_s - before.at_s
    expected = usual * seconds
    count = sum(now.ends[p] - before.ends[p] for p in over)
    stands_out = count > _SURGE * expected and count > expected + 4 * math.sqrt(expected)
    return count / seconds if stands_out else 0.0


def consumption(history: History, over: Sequence[int], window_s: float) -> float | None:
    """Return the records per second that were processed of the partitions `over`."""
    since, now, seconds = _span(history, window_s)
    if seconds <= 0:
        return None
    return sum(now.positions[p] - since.positions[p] for p in over) / seconds


def watched_s(history: History) -> float:
    """Return for how long there have been samples without a gap, at most SLOW_S."""
    return history.last.at_s - history.recent[0].at_s


def window(history: History, window_s: float) -> tuple[Observation, ...]:
    """Return the observations of the last `window_s`, the one at its beginning included."""
    now_s = history.last.at_s
    return tuple(o for o in history.recent if now_s - o.at_s <= window_s + _JITTER_S)


def _span(history: History, window_s: float) -> tuple[Observation, Observation, float]:
    now = history.last
    since = next(o for o in history.recent if now.at_s - o.at_s <= window_s + _JITTER_S)
    return since, now, now.at_s - since.at_s


def _append(history: History, now: Observation, *, is_gap: bool) -> History:
    kept = () if is_gap else history.recent
    first_kept = next(
        (i for i, item in enumerate(kept) if now.at_s - item.at_s <= SLOW_S + _JITTER_S),
        len(kept),
    )
    dropped = history.recent if is_gap else kept[:first_kept]
    older = _older(history.older, dropped, now.at_s)
    # Not by `replace`, which takes most of the time of a sample of a stream at rest.
    return History(history.topic_id, (*kept[first_kept:], now), older, history.still_s)


def _is_steady(before: Observation, workload: Workload) -> bool:
    return before.ready == workload.ready == workload.replicas


def _observation(before: Observation | None, sample: Sample, workload: Workload) -> Observation:
    """Return the sample as ends and positions.

    Records that retention has deleted can no longer be processed: they are no lag. A partition
    without a commit is taken as processed up to where it was first seen to end.
    """
    positions = []
    truncated = False
    for number, part in enumerate(sample.partitions):
        committed = part.committed
        if committed is None:
            committed = part.end if before is None else before.positions[number]
        truncated = truncated or committed < part.start
        # Ends are read after commits, yet a leader change can make a commit look ahead.
        positions.append(min(max(committed, part.start), part.end))
    ends = tuple(part.end for part in sample.partitions)
    return Observation(
        sample.at_s,
        ends,
        tuple(positions),
        tuple(end - at for end, at in zip(ends, positions, strict=True)),
        workload.ready,
        steady=before is not None and not truncated and _is_steady(before, workload),
    )


def _still(
    still_s: tuple[float, ...], before: Observation | None, now: Observation, counted_s: float
) -> tuple[float, ...]:
    if before is None:
        return still_s
    return tuple(
        0.0 if end <= at or at > was else still + counted_s
        for still, end, at, was in zip(
            still_s, now.ends, now.positions, before.positions, strict=True
        )
    )


def _older(
    older: tuple[tuple[float, tuple[int, ...]], ...],
    dropped: Sequence[Observation],
    now_s: float,
) -> tuple[tuple[float, tuple[int, ...]], ...]:
    """Keep one of the dropped observations each half minute, for a quarter of an hour."""
    if not dropped:
        return older
    kept = [entry for entry in older if now_s - entry[0] <= _KEPT_S]
    for item in dropped:
        if not kept or item.at_s - kept[-1][0] >= _THIN_S:
            kept.append((item.at_s, item.ends))
    return tuple(kept)
