"""Counts of one reporting interval, for the `pipeline` point."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from videostream_consumer.stages import STAGES, Passage, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videostream_pipeline.line_protocol import FieldValue

_MOST_FRAMES: Final = 20_000  # 10 s at the highest rate that one process reaches


def _recent() -> deque[float]:
    return deque(maxlen=_MOST_FRAMES)


@dataclass(slots=True)
class Tally:
    """What happened since the last report; a new one begins with each report."""

    processed: int = 0
    skipped_stale: int = 0
    skipped_invalid: int = 0
    points_written: int = 0
    points_rejected: int = 0
    latencies_s: deque[float] = field(default_factory=_recent)
    stages_s: dict[Stage, deque[float]] = field(
        default_factory=lambda: {stage: _recent() for stage in STAGES}
    )

    def add_times(self, passage: Passage, capture_times_ns: Sequence[int]) -> None:
        """Add how long the frames of a batch took."""
        self.latencies_s.extend(passage.latencies_s(capture_times_ns))
        for stage, seconds in passage.stages_s(capture_times_ns).items():
            self.stages_s[stage].extend(seconds)

    def fields(self, *, lag_records: int | None) -> dict[str, FieldValue]:
        """Return the fields of the point; what is unknown is left out."""
        fields: dict[str, FieldValue] = {
            "processed": self.processed,
            "skipped_stale": self.skipped_stale,
            "skipped_invalid": self.skipped_invalid,
            "points_written": self.points_written,
            "points_rejected": self.points_rejected,
        }
        if lag_records is not None:
            fields["lag_records"] = lag_records
        times = [("latency", self.latencies_s), *self.stages_s.items()]
        for name, seconds in times:
            if seconds:
                p50, p95 = percentiles(seconds)
                fields |= {f"{name}_p50_s": p50, f"{name}_p95_s": p95}
        return fields


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """Return the 50th and 95th percentile of one or more values."""
    if len(values) == 1:
        return values[0], values[0]
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18]
