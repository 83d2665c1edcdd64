"""Rates over the last seconds from counts that only grow. Pure."""

from dataclasses import dataclass
from typing import Final

WINDOW_S: Final = 10.0
SETTLED_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class RateWindow:
    """Samples (time in s, count) of the last ten seconds, oldest first."""

    samples: tuple[tuple[float, int], ...] = ()

    def add(self, now_s: float, count: int) -> "RateWindow":
        """Give the window with one more sample, at most one second's worth of them apart."""
        # The newest sample at or before the edge stays: it is where the window begins.
        later = [s for s in self.samples if s[0] > now_s - WINDOW_S]
        edge = [s for s in self.samples if s[0] <= now_s - WINDOW_S][-1:]
        return RateWindow((*edge, *later, (now_s, count)))

    @property
    def per_second(self) -> float:
        """The mean rate over the window, 0 with fewer than two samples."""
        if len(self.samples) < 2:  # noqa: PLR2004 (a rate has two ends)
            return 0.0
        (from_s, from_count), (to_s, to_count) = self.samples[0], self.samples[-1]
        return (to_count - from_count) / (to_s - from_s) if to_s > from_s else 0.0

    @property
    def settled_per_second(self) -> float | None:
        """The mean rate once the window spans five seconds; before that it would mislead."""
        spans_s = self.samples[-1][0] - self.samples[0][0] if self.samples else 0.0
        return self.per_second if spans_s >= SETTLED_S else None
