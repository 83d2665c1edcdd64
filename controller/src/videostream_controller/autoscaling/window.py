"""The memory of a scale-in: the largest size that was needed in the last minutes. Pure.

Scaling in to the largest recommendation of a window is what keeps a load that comes and goes from
moving the group. The window doubles with each reversal, so a load that fools it does so once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from videostream_controller.autoscaling.history import GAP_S

if TYPE_CHECKING:
    from collections.abc import Sequence

REVERSALS_S: Final = 3600.0
_FREE_REVERSALS: Final = 1
_LONGEST_S: Final = 1800.0


@dataclass(frozen=True, slots=True)
class Window:
    """Recommendations since `since_s`, only those that no later one has outdone."""

    since_s: float = 0.0
    last_s: float = float("-inf")
    peaks: tuple[tuple[float, int], ...] = ()

    def add(self, now_s: float, replicas: int, length_s: float) -> Window:
        """Return the window with one more recommendation; a gap begins it anew."""
        is_gap = now_s - self.last_s > GAP_S
        peaks = () if is_gap else self.peaks
        kept = tuple(p for p in peaks if now_s - p[0] <= length_s and p[1] > replicas)
        return Window(now_s if is_gap else self.since_s, now_s, (*kept, (now_s, replicas)))

    def peak(self, now_s: float, length_s: float) -> int | None:
        """Return the largest recommendation; None while the window is not filled."""
        if now_s != self.last_s or now_s - self.since_s < length_s:
            return None
        return self.peaks[0][1]


def length_s(base_s: float, reversals_s: Sequence[float], now_s: float) -> float:
    """Return how long the window is: doubled for each late reversal beyond the first."""
    late = sum(1 for at_s in reversals_s if now_s - at_s <= REVERSALS_S)
    doubled_s = base_s * float(2 ** max(0, late - _FREE_REVERSALS))
    return max(base_s, min(doubled_s, _LONGEST_S))
