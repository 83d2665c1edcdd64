"""What is carried from one decision to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from videostream_controller.autoscaling.history import History
from videostream_controller.autoscaling.memory import Memory, from_status, to_status
from videostream_controller.autoscaling.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class State:
    """`memory` outlives the controller; the rest is what was seen in the last minutes.

    A controller that starts without the rest never scales for that reason: it first watches again,
    which takes two samples for a scale-out and a full window for a scale-in.
    """

    memory: Memory = field(default_factory=Memory)
    history: History = field(default_factory=History)
    window: Window = field(default_factory=Window)
    up_ticks: int = 0  # samples in a row that wanted more replicas
    quiet_since_s: float | None = None  # since when there was last more lag than is aimed at
    late_since_s: float | None = None  # since when there was last no more than that
    starting_since_s: float | None = None  # when the pods that are still missing were asked for
    lacking_since_s: float | None = None  # since when not all pods of one size have been ready

    def to_status(self) -> dict[str, Any]:
        """Return the content of the VideoStream's `status.scaling`."""
        return to_status(self.memory)

    @classmethod
    def from_status(
        cls, status: Mapping[str, Any] | None, *, lacking_since_s: float | None = None
    ) -> State:
        """Return the state of a controller that starts with this `status.scaling`."""
        return cls(from_status(status), lacking_since_s=lacking_since_s)
