"""What a restarted controller has to know of a stream's scaling; kept in `status.scaling`. Pure.

All of it is what was decided or learnt, none of it is a counter that moves with every sample.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from videostream_controller.autoscaling.decision import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from videostream_controller.autoscaling.capacity import Source

POD_START_S: Final = 8
_LONGEST_POD_START_S: Final = 60
_MOST_REVERSALS: Final = 8
_MOST_STALLED: Final = 1000  # as the CRD has it
_NUMBER: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Memory:
    """Times are Unix seconds. `arrival_fps` is of the time when records last came, slow to fall.

    `active_replicas` is the size of that time. `idle_since_s` is None while there is work.
    `reversals_s` are the times at which a decision took back the one before it.
    """

    replicas: int | None = None
    capacity_fps: float | None = None
    capacity_source: Source = "Unknown"
    arrival_fps: float = 0.0
    active_replicas: int | None = None
    pod_start_s: int = POD_START_S
    idle_since_s: int | None = None
    last_scale_s: int | None = None
    last_action: Action | None = None
    reversals_s: tuple[int, ...] = ()
    stalled: tuple[int, ...] = ()


def to_status(memory: Memory) -> dict[str, Any]:
    """Return the memory as `status.scaling`; rates as strings of three digits, as the CRD has."""
    values = {
        "replicas": memory.replicas,
        "perReplicaFps": None if memory.capacity_fps is None else _fps(memory.capacity_fps),
        "capacitySource": memory.capacity_source,
        "arrivalFps": _fps(memory.arrival_fps),
        "activeReplicas": memory.active_replicas,
        "podStartSeconds": memory.pod_start_s,
        "idleSince": _instant(memory.idle_since_s),
        "lastScaleTime": _instant(memory.last_scale_s),
        "lastScaleReason": memory.last_action,
        "reversalTimes": [_instant(at_s) for at_s in memory.reversals_s[-_MOST_REVERSALS:]],
        "stalledPartitions": list(memory.stalled[:_MOST_STALLED]),
    }
    return {name: value for name, value in values.items() if value not in (None, [])}


def from_status(status: Mapping[str, Any] | None) -> Memory:
    """Return the memory of a `status.scaling`; what is absent or cannot be is as never known."""
    said = status or {}
    fps = _number(said.get("perReplicaFps"))
    source = said.get("capacitySource")
    action = said.get("lastScaleReason")
    knows = bool(fps) and source in {"Reported", "Measured"}
    return Memory(
        replicas=_count(said.get("replicas")),
        capacity_fps=fps if knows else None,
        capacity_source=cast("Source", source) if knows else "Unknown",
        arrival_fps=_number(said.get("arrivalFps")) or 0.0,
        active_replicas=_count(said.get("activeReplicas")),
        pod_start_s=bounded_pod_start_s(_count(said.get("podStartSeconds")) or POD_START_S),
        idle_since_s=_seconds(said.get("idleSince")),
        last_scale_s=_seconds(said.get("lastScaleTime")),
        last_action=cast("Action", action) if action in get_args(Action) else None,
        reversals_s=_listed(said.get("reversalTimes"), _seconds)[-_MOST_REVERSALS:],
        stalled=_listed(said.get("stalledPartitions"), _count),
    )


def bounded_pod_start_s(seconds: float) -> int:
    """Return a believable time from a scale-out to its pods being ready, in whole seconds."""
    return round(min(max(seconds, 1.0), _LONGEST_POD_START_S))


def _fps(rate: float) -> str:
    digits = f"{float(f'{rate:.3g}'):.6f}"
    return digits.rstrip("0").rstrip(".")


def _instant(at_s: int | None) -> str | None:
    return (
        None if at_s is None else datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def _seconds(value: object) -> int | None:
    try:
        return int(datetime.fromisoformat(str(value)).timestamp())
    except (ValueError, OverflowError):
        return None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def _count(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return cast("int", value) if is_count else None


def _listed(values: object, read: Callable[[object], int | None]) -> tuple[int, ...]:
    if not isinstance(values, list):
        return ()
    return tuple(item for item in map(read, values) if item is not None)
