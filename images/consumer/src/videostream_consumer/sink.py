"""Brings lines into InfluxDB and does not come back before they are there.

InfluxDB that is away or does not let us in costs time, never points: the same lines are tried
again. Lines that it refuses for good are counted and passed, or they would stop the stream.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from videostream_consumer import metrics
from videostream_consumer.backoff import delay_s
from videostream_pipeline.influx import Accepted, Rejected, Unauthorized, Unavailable, WriteResult
from videostream_pipeline.logs import SparseLog
from videostream_pipeline.status import SinkState, SinkStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_REJECTING_S: Final = 30.0  # how long one refused line is worth a state of its own
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """Lines that InfluxDB has judged, and how long failed attempts and waits held them up."""

    written: int
    rejected: int
    blocked_s: float


class Writer(Protocol):
    """The write call, as `videostream_pipeline.influx.InfluxWriter` has it."""

    def write(self, lines: Sequence[str]) -> WriteResult:
        """Write lines once."""


class Sink:
    """The way to InfluxDB with its state.

    `wait` is called with the seconds until the next attempt; it keeps the process alive
    meanwhile and returns False when there shall be no further attempt.
    """

    def __init__(self, writer: Writer, *, wait: Callable[[float], bool]) -> None:
        self._writer = writer
        self._wait = wait
        self._status = SinkStatus("Reachable")
        self._storing = False
        self._rejected_at = float("-inf")
        self._first_error = ""
        self._sparse = SparseLog(_log)

    @property
    def status(self) -> SinkStatus:
        """The state for status records; refused lines show for 30 s."""
        if (
            self._status.state == "Reachable"
            and time.monotonic() - self._rejected_at < _REJECTING_S
        ):
            return SinkStatus("Rejecting", self._first_error)
        return self._status

    def store(self, lines: Sequence[str]) -> Stored | None:
        """Write lines until InfluxDB has judged each of them.

        None when `wait` ended it: then the lines count as not written.
        """
        self._storing = True
        try:
            return self._store(lines)
        finally:
            self._storing = False

    def offer(self, line: str) -> bool:
        """Write one line if that is possible right now; for points that may be lost."""
        if self._storing:  # frames are held up and their own attempts go first
            return False
        result = self._writer.write([line])
        if isinstance(result, Unauthorized | Unavailable):
            self._note_failure(result)
        else:
            self._become("Reachable", "")
        if isinstance(result, Rejected):
            self._sparse.warning("pipeline_point", "InfluxDB refused: %s", result.first_error)
        return isinstance(result, Accepted)

    def _store(self, lines: Sequence[str]) -> Stored | None:
        began = time.monotonic()
        attempt = 0
        while True:
            started = time.monotonic()
            result, rejected = self._write(lines)
            metrics.WRITE_SECONDS.inc(time.monotonic() - started)
            if isinstance(result, Accepted | Rejected):
                self._become("Reachable", "")
                metrics.POINTS_REJECTED.inc(rejected)
                metrics.POINTS_WRITTEN.inc(len(lines) - rejected)
                return Stored(len(lines) - rejected, rejected, started - began)
            self._note_failure(result)
            asked_s = result.retry_after_s if isinstance(result, Unavailable) else None
            if not self._wait(delay_s(attempt, asked_s=asked_s)):
                return None
            attempt += 1

    def _write(self, lines: Sequence[str]) -> tuple[WriteResult, int]:
        """Write lines once; return the outcome and how many were refused for good.

        One malformed line makes InfluxDB refuse a whole request, so that is halved until the
        refused lines stand alone.
        """
        result = self._writer.write(lines)
        if not isinstance(result, Rejected):
            return result, 0
        if result.rejected_lines is None and len(lines) > 1:
            middle = len(lines) // 2
            first, rejected_first = self._write(lines[:middle])
            if isinstance(first, Unauthorized | Unavailable):
                return first, 0
            second, rejected_second = self._write(lines[middle:])
            return second, rejected_first + rejected_second
        self._rejected_at, self._first_error = time.monotonic(), result.first_error
        self._sparse.warning("rejected", "InfluxDB refused points: %s", result.first_error)
        return result, len(lines) if result.rejected_lines is None else result.rejected_lines

    def _note_failure(self, failure: Unauthorized | Unavailable) -> None:
        state: SinkState = "Unauthorized" if isinstance(failure, Unauthorized) else "Unreachable"
        metrics.WRITE_FAILURES.labels(state).inc()
        self._become(state, failure.message)

    def _become(self, state: SinkState, message: str) -> None:
        if state != self._status.state:
            _log.log(
                logging.INFO if state == "Reachable" else logging.WARNING,
                "InfluxDB: %s",
                message or "reachable again",
                extra={"state": state},
            )
        self._status = SinkStatus(state, message)
