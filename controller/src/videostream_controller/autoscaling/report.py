"""What consumers say of their capacity in the metadata of their offset commits.

`{"v":1,"m":member,"mu":records/s when busy,"busy":0..1,"blk":0..1,"t":Unix time}`, written by
videostream_consumer.capacity. Anyone who may commit may write there, so nothing is taken on trust:
what does not parse, or holds a value that cannot be, is no report.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSION: Final = 1
_LONGEST: Final = 512
_MOST_FPS: Final = 1e6
FRESH_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Report:
    """One member's last half minute. `fps` is None while it had nothing to measure by."""

    member: str
    fps: float | None
    busy: float
    blocked: float
    at_s: float


def parse_report(metadata: str | None) -> Report | None:
    """Return the report in a commit's metadata, None if there is none that can be believed."""
    if not metadata or len(metadata) > _LONGEST:
        return None
    try:
        said = json.loads(metadata)
    except (ValueError, RecursionError):
        return None
    if (
        not isinstance(said, dict)
        or said.get("v") != _VERSION
        or not isinstance(said.get("m"), str)
    ):
        return None
    fps, busy, blocked, at_s = (_number(said.get(name)) for name in ("mu", "busy", "blk", "t"))
    if busy is None or blocked is None or at_s is None or max(busy, blocked) > 1:
        return None
    if fps is not None and fps > _MOST_FPS:
        return None
    return Report(said["m"], fps or None, busy, blocked, at_s)


def fresh(reports: Iterable[Report], now_s: float) -> tuple[Report, ...]:
    """Return the newest report of each member, without those that are older than a minute.

    A member that has left is remembered by Kafka until another one commits the same partition. A
    time that lies in the future by more than that is as wrong as one in the past.
    """
    newest: dict[str, Report] = {}
    for report in reports:
        held = newest.get(report.member)
        if abs(now_s - report.at_s) <= FRESH_S and (held is None or held.at_s < report.at_s):
            newest[report.member] = report
    return tuple(newest.values())


def median_fps(reports: Iterable[Report]) -> float | None:
    """Return the median of what one replica can do, in records per second."""
    known = [report.fps for report in reports if report.fps is not None]
    return median(known) if known else None


def median_blocked(reports: Iterable[Report]) -> float:
    """Return the median share of time that replicas wait for the sink; 0 without reports."""
    known = [report.blocked for report in reports]
    return median(known) if known else 0.0


def _number(value: object) -> float | None:
    """Return a finite number that is not negative, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
