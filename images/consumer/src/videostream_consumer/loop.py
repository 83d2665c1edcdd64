"""The loop of a consumer: take, measure, store, only then commit.

One thread does it all, so the order that keeps every point is the order of the statements.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from videostream_consumer import metrics
from videostream_consumer.batch import Outcome, measure_batch, read_frame
from videostream_consumer.legacy import read_legacy
from videostream_consumer.reporting import IntervalReport, StatusTopic
from videostream_consumer.sink import Sink, Stored
from videostream_consumer.stages import Passage
from videostream_consumer.subscribe import BATCH_RECORDS
from videostream_pipeline.logs import SparseLog
from videostream_pipeline.pipeline_point import PERIOD_S
from videostream_pipeline.status import SignalsStatus

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from confluent_kafka import Message

    from videostream_consumer.capacity import Capacity
    from videostream_consumer.measure import Plan
    from videostream_consumer.settings import Settings
    from videostream_consumer.subscribe import Batch, Subscription
    from videostream_pipeline.influx import InfluxWriter
    from videostream_record import FrameRecord

_COMMIT_PERIOD_S: Final = 1.0
_LAG_PERIOD_S: Final = 10.0
_LAG_PERIOD_UNREACHED_S: Final = 1.0
_STAY_S: Final = 0.1
# The group waits for this consumer to finish its batch before others get partitions of it, and so
# does the end of the process: a batch is what can be measured in this time.
_BATCH_S: Final = 0.5
_FIRST_BATCH_RECORDS: Final = 4  # before the pace is known
_READY: Final = SignalsStatus("Ready")
_NOTHING: Final = Stored(written=0, rejected=0, blocked_s=0.0)
_log = logging.getLogger(__name__)


def _reader(settings: Settings) -> Callable[[Message, int], FrameRecord | None]:
    """Return what makes records of the messages of the stream's topic."""
    match settings.input:
        case "Frame":
            return read_frame
        case "Legacy":
            return partial(read_legacy, stream=settings.stream)


class Loop:
    """Runs until `stop` is set or the subscription is outdated.

    `last_turn` (monotonic) shows that it has not hung.
    """

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        *,
        subscription: Subscription,
        writer: InfluxWriter,
        status: StatusTopic,
        capacity: Capacity,
        stop: threading.Event,
    ) -> None:
        now = time.monotonic()
        self._settings = settings
        self._plan = plan
        self._read = _reader(settings)
        self._subscription = subscription
        self._sink = Sink(writer, wait=self._wait)
        self._status = status
        self._capacity = capacity
        self._stop = stop
        # The first point is due at once: it finds out whether InfluxDB lets us in.
        self._interval = IntervalReport.begin(now - PERIOD_S)
        self._batch_records = _FIRST_BATCH_RECORDS
        self._lag_records: int | None = None
        self._lag_due = self._commit_due = now
        self._sparse = SparseLog(_log)
        self.last_turn = now

    @property
    def problem(self) -> str | None:
        """Why no record can be taken now; None when all is well."""
        return self._subscription.problem

    def run(self) -> None:
        """Process batches until the end; then all that is stored is committed."""
        while not self._is_over():
            batch = self._subscription.take(self._batch_records)
            if batch.messages and not self._process(batch):
                break
            self._keep_up()
        self._subscription.commit()
        if not self._stop.is_set():
            _log.info("the connection to Kafka has changed, and the old one is refused")

    def close(self) -> None:
        """Hand the partitions over and say that this member is gone."""
        self._subscription.close()
        self._status.say_farewell()

    def _is_over(self) -> bool:
        return self._stop.is_set() or self._subscription.is_outdated

    def _process(self, batch: Batch) -> bool:
        """Bring the points of a batch into InfluxDB; False when the end came first."""
        started, taken_ns = time.monotonic(), time.time_ns()
        outcome = measure_batch(
            batch.messages,
            self._plan,
            now_ns=taken_ns,
            max_frame_age_s=self._settings.max_frame_age_s,
            read=self._read,
        )
        measured_s, measured_ns = time.monotonic() - started, time.time_ns()
        metrics.MEASURE_SECONDS.inc(measured_s)
        if outcome.capture_times_ns:
            self._batch_records = _fitting(len(outcome.capture_times_ns), measured_s)
        stored = self._sink.store(outcome.lines) if outcome.lines else _NOTHING
        if stored is None:
            return False
        self._subscription.finish(batch)
        self._account(outcome, stored, Passage(taken_ns, measured_ns, time.time_ns()))
        now = time.monotonic()
        self._capacity.add(
            now=now,
            records=len(outcome.capture_times_ns),
            busy_s=now - started - stored.blocked_s,
            blocked_s=stored.blocked_s,
        )
        return True

    def _account(self, outcome: Outcome, stored: Stored, passage: Passage) -> None:
        """Count what became of a batch, in metrics and for the next pipeline point."""
        processed = len(outcome.capture_times_ns)
        metrics.RECORDS.labels("processed").inc(processed)
        metrics.RECORDS.labels("stale").inc(outcome.stale)
        metrics.RECORDS.labels("invalid").inc(outcome.invalid)
        for signal, count in outcome.failures.items():
            metrics.SIGNAL_FAILURES.labels(signal).inc(count)
        metrics.observe_times(passage, outcome.capture_times_ns)
        tally = self._interval.tally
        tally.processed += processed
        tally.skipped_stale += outcome.stale
        tally.skipped_invalid += outcome.invalid
        tally.points_written += stored.written
        tally.points_rejected += stored.rejected
        tally.add_times(passage, outcome.capture_times_ns)
        if outcome.first_invalid is not None:
            self._sparse.warning("invalid", "records passed over: %s", outcome.first_invalid)
        if outcome.first_failure is not None:
            names = ", ".join(sorted(outcome.failures))
            self._sparse.warning("signal", "%s failed: %r", names, outcome.first_failure)

    def _wait(self, seconds: float) -> bool:
        """Stay in the group while InfluxDB is away; False as soon as the loop shall end."""
        until = time.monotonic() + seconds
        while not self._is_over():
            left_s = until - time.monotonic()
            if left_s <= 0:
                return True
            self._subscription.stay(min(_STAY_S, left_s))
            self._keep_up()
        return False

    def _keep_up(self) -> None:
        """Do what falls due beside the frames."""
        now = self.last_turn = time.monotonic()
        if now >= self._commit_due:
            self._subscription.commit()
            self._commit_due = now + _COMMIT_PERIOD_S
        if now >= self._lag_due:
            self._look_at_lag(now)
        if self._interval.due(now):
            line = self._interval.line(self._settings, lag_records=self._lag_records)
            self._interval = IntervalReport.begin(now)
            if not self._sink.offer(line):
                metrics.PIPELINE_POINTS_DROPPED.inc()
        sink = self._sink.status
        self._status.tell(sink=sink, signals=_READY, lag_records=self._lag_records, now=now)

    def _look_at_lag(self, now: float) -> None:
        lag = self._lag_records = self._subscription.lag_records()
        self._lag_due = now + (_LAG_PERIOD_UNREACHED_S if lag is None else _LAG_PERIOD_S)
        metrics.LAG_RECORDS.set(float("nan") if lag is None else lag)
        metrics.ASSIGNED_PARTITIONS.set(len(self._subscription.partitions))


def _fitting(records: int, took_s: float) -> int:
    """Return how many records fit into a batch, by how long so many took."""
    return max(1, min(BATCH_RECORDS, int(records * _BATCH_S / max(took_s, 1e-6))))
