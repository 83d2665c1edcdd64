"""What was decided, why, and by which figures. Data, and one sentence about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from videostream_controller.autoscaling.capacity import Source

Action = Literal[
    "ScaleUp",
    "ScaleDown",
    "WakeUp",
    "Idle",
    "ProbeUp",
    "ProbeDown",
    "Resume",
    "Suspend",
    "Bounds",
]
# Reasons of the condition Scaling: only with Active is the number followed by the load.
Reason = Literal[
    "Active",
    "Idle",
    "Suspended",
    "CapacityUnknown",
    "Holding",
    "SinkBlocked",
    "AllPartitionsStalled",
]
Hold = Literal[
    "MetricsUnavailable",
    "NoHistory",
    "NoProgress",
    "SinkBlocked",
    "AllPartitionsStalled",
    "PodsStarting",
    "CatchingUp",
    "ConfirmingUp",
    "ScaleDownWindow",
    "ScaleDownPause",
]
Limit = Literal["AtMax", "PartitionCap", "PodsNotReady"]


@dataclass(frozen=True, slots=True)
class Figures:
    """The inputs of a decision; None is what could not be known. Rates in records/s."""

    arrival_fps: float | None = None
    consumption_fps: float | None = None
    capacity_fps: float | None = None
    capacity_source: Source = "Unknown"
    lag_records: int | None = None
    lag_s: float | None = None
    excess_records: float | None = None
    up_target: int | None = None
    down_target: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The number of consumers from now on.

    `previous` is the number before; `action` is None where nothing changes, and then `hold` says
    what a change waits for, if one is wanted or could not be judged. `message` says why in words
    that change seldom, `explanation` adds the figures.
    """

    replicas: int
    previous: int
    reason: Reason
    message: str
    action: Action | None = None
    hold: Hold | None = None
    limited_by: Limit | None = None
    stalled: tuple[int, ...] = ()
    hot: tuple[int, ...] = ()
    figures: Figures = Figures()

    @property
    def explanation(self) -> str:
        """Why, with the figures that led to it."""
        return ": ".join(filter(None, (self.message, describe(self.figures))))


def describe(figures: Figures) -> str:
    """Return the figures that lead to a size, in words for events and conditions."""
    parts = []
    if figures.arrival_fps is not None:
        parts.append(f"{figures.arrival_fps:.1f} records/s arrive")
    if figures.capacity_fps is not None:
        source = figures.capacity_source.lower()
        parts.append(f"a consumer can do {figures.capacity_fps:.1f}/s ({source})")
    if figures.lag_records:
        age = "" if figures.lag_s is None else f", the oldest {figures.lag_s:.0f} s old"
        parts.append(f"{figures.lag_records} wait{age}")
    return "; ".join(parts)
