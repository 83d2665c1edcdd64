"""The `pipeline` point: what the producer did in ten seconds, for the dashboards.

Best effort, in a thread of its own with a short queue: InfluxDB never holds up a frame.
"""

import logging
import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from videostream_pipeline.influx import Accepted, InfluxWriter
from videostream_producer.metrics import Metrics

QUEUE_POINTS: Final = 6

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts since the process began."""

    captured: int = 0
    published: int = 0
    dropped_overrun: int = 0
    dropped_queue_full: int = 0
    dropped_too_large: int = 0
    delivery_failed: int = 0
    frame_bytes: int = 0


def read_totals(metrics: Metrics) -> Totals:
    """Take the counts off the metrics."""
    name = "videostream_producer_frame_bytes_sum"
    return Totals(
        captured=metrics.total("captured_frames"),
        published=metrics.total("published_frames"),
        dropped_overrun=metrics.total("dropped_frames", reason="overrun"),
        dropped_queue_full=metrics.total("dropped_frames", reason="queue_full"),
        dropped_too_large=metrics.total("dropped_frames", reason="too_large"),
        delivery_failed=metrics.delivery_failures(),
        frame_bytes=int(metrics.registry.get_sample_value(name) or 0),
    )


def interval_fields(before: Totals, after: Totals) -> dict[str, int | float]:
    """Give the fields of one interval; without a frame there is no mean size."""
    counts = {
        "captured": after.captured - before.captured,
        "published": after.published - before.published,
        "dropped_overrun": after.dropped_overrun - before.dropped_overrun,
        "dropped_queue_full": after.dropped_queue_full - before.dropped_queue_full,
        "dropped_too_large": after.dropped_too_large - before.dropped_too_large,
        "delivery_failed": after.delivery_failed - before.delivery_failed,
    }
    fields: dict[str, int | float] = dict(counts)
    if counts["captured"]:
        mean = (after.frame_bytes - before.frame_bytes) / counts["captured"]
        fields["frame_bytes_mean"] = float(mean)
    return fields


class PointWriter:
    """Writes lines from a thread of its own; what cannot be written is dropped and counted."""

    def __init__(self, directory: Path, metrics: Metrics) -> None:
        self._writer = InfluxWriter(directory)
        self._metrics = metrics
        self._lines: queue.Queue[str | None] = queue.Queue(QUEUE_POINTS)
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name="points", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, line: str) -> None:
        """Write a line soon, or drop it if the queue is full."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._metrics.points_dropped.inc()

    def stop(self, *, timeout_s: float) -> None:
        """Write what is queued if it can be done in time."""
        try:
            self._lines.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            result = self._writer.write([line])
            problem = "" if isinstance(result, Accepted) else str(result)
            if problem:
                self._metrics.points_dropped.inc()
            if problem and problem != self._problem:
                _log.warning("a pipeline point was not stored: %s", problem)
            self._problem = problem
        self._writer.close()
