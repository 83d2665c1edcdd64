"""Where the time of a frame goes between its capture and its points in InfluxDB.

Kafka's timestamp of a record is its capture time (docs/frame-record.md), so it does not tell when
the broker had it: `taken` holds the producer, Kafka and the wait for this consumer together. How
long the broker took to acknowledge is the producer's metric `delivery_seconds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Stage = Literal["taken", "measured", "stored"]
STAGES: Final[tuple[Stage, ...]] = ("taken", "measured", "stored")
_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Passage:
    """When a batch was taken from Kafka, measured and stored: Unix time in ns.

    A frame waits for its batch, so these are the times of each of its frames.
    """

    taken_ns: int
    measured_ns: int
    stored_ns: int

    def latencies_s(self, capture_times_ns: Sequence[int]) -> list[float]:
        """Return for each frame how long it took from its capture until it was stored."""
        return [_seconds(time_ns, self.stored_ns) for time_ns in capture_times_ns]

    def stages_s(self, capture_times_ns: Sequence[int]) -> Mapping[Stage, list[float]]:
        """Return for each frame how long each stage took; their sum is its latency."""
        frames = len(capture_times_ns)
        return {
            "taken": [_seconds(time_ns, self.taken_ns) for time_ns in capture_times_ns],
            "measured": [_seconds(self.taken_ns, self.measured_ns)] * frames,
            "stored": [_seconds(self.measured_ns, self.stored_ns)] * frames,
        }


def _seconds(from_ns: int, to_ns: int) -> float:
    # Clocks of two nodes differ, and one may be set: a histogram's sum must not sink.
    return max(to_ns - from_ns, 0) / _NS
