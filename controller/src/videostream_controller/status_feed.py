"""What the pods say of themselves: the newest status record of each, and whose state changed.

The records come from a compacted Kafka topic, so after a restart the last word of every pod is
there at once. The topic is shared: records of streams that we do not know are dropped at the next
prune, and what a record says is used only for the object whose uid it names.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from videostream_controller.checks import is_fresh
from videostream_controller.kafka import (
    KafkaRefused,
    KafkaUnavailable,
    ensure_status_topic,
    follow,
)
from videostream_controller.observed import Report, Reports
from videostream_controller.status import fps_differs
from videostream_pipeline.status import (
    ConsumerStatus,
    ProducerStatus,
    StatusKey,
    decode_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from videostream_controller.kafka import Batch, KafkaClient, Record

_log = logging.getLogger(__name__)
_AGAIN_AFTER_S: Final = 5.0
_DELIVERY_TIMEOUT_S: Final = 30.0
_SILENCE_PERIOD_S: Final = 5.0
_MAX_CONSUMERS: Final = 256  # of one stream; the one that was heard of longest ago makes room

AnyReport = Report[ProducerStatus] | Report[ConsumerStatus]


class StatusFeed:
    """The newest reports by stream. Lives on the event loop; only `follow` is in a thread."""

    def __init__(
        self,
        on_change: Callable[[str], None],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._on_change = on_change
        self._clock = clock
        self._reports: dict[str, dict[StatusKey, AnyReport]] = {}
        self._caught_up: set[str] = set()

    def is_caught_up(self, connection: str) -> bool:
        """Tell whether everything that pods have said through a Kafka connection has been heard."""
        return connection in self._caught_up

    def reports(self, key: str, uid: str) -> Reports:
        """Return what the pods of this very object said last."""
        mine = [
            report for report in self._reports.get(key, {}).values() if report.status.uid == uid
        ]
        producers = [
            Report(report.status, report.heard_at)
            for report in mine
            if isinstance(report.status, ProducerStatus)
        ]
        consumers = tuple(
            Report(report.status, report.heard_at)
            for report in mine
            if isinstance(report.status, ConsumerStatus)
        )
        return Reports(producers[0] if producers else None, consumers)

    def accept(self, batch: Batch) -> None:
        """Take records in; streams of which a pod's state changed are passed to `on_change`."""
        now = self._clock()
        changed = {
            key
            for record in batch.records
            if (
                key := self._accept(
                    record, heard_at=now if batch.is_live else min(now, record.time)
                )
            )
        }
        for key in changed:
            self._on_change(key)

    async def watch_silence(self) -> None:
        """Wake for ever the streams of which a pod has just been silent for too long."""
        looked_at = self._clock()
        while True:
            await asyncio.sleep(_SILENCE_PERIOD_S)
            now = self._clock()
            for key in self.fallen_silent(looked_at, now):
                self._on_change(key)
            looked_at = now

    def fallen_silent(self, since: datetime, now: datetime) -> set[str]:
        """Return the streams with a report that was fresh at `since` and is stale `now`."""
        return {
            key
            for key, reports in self._reports.items()
            if any(is_fresh(one, since) and not is_fresh(one, now) for one in reports.values())
        }

    def keep(self, keys: Collection[str]) -> None:
        """Forget all streams but these."""
        for key in self._reports.keys() - set(keys):
            del self._reports[key]

    async def run(self, client: KafkaClient, topic: str) -> None:
        """Follow the topic of one Kafka cluster until cancelled, through every outage."""
        told = ""
        while True:
            try:
                await ensure_status_topic(client, topic)
                await self._follow(client, topic)
            except (KafkaUnavailable, KafkaRefused) as error:
                if str(error) != told:  # once per outage, not once per attempt
                    _log.warning("no status records from %s: %s", client.directory.name, error)
                told = str(error)
            await asyncio.sleep(_AGAIN_AFTER_S)

    async def _follow(self, client: KafkaClient, topic: str) -> None:
        loop = asyncio.get_running_loop()
        stopping = threading.Event()

        def deliver(batch: Batch) -> None:
            # One batch at a time: a busy loop slows the reading down, nothing piles up.
            taken: Future[None] = Future()
            loop.call_soon_threadsafe(self._take, client.directory.name, batch, taken)
            taken.result(_DELIVERY_TIMEOUT_S)

        properties = client.properties()
        with ThreadPoolExecutor(1, thread_name_prefix="status-records") as thread:
            reading = loop.run_in_executor(
                thread,
                lambda: follow(properties, topic, deliver=deliver, stopping=stopping),
            )
            try:
                await asyncio.shield(reading)
            finally:
                stopping.set()
                await asyncio.wait([reading])

    def _take(self, connection: str, batch: Batch, taken: Future[None]) -> None:
        self.accept(batch)
        if batch.is_live:
            self._caught_up.add(connection)
        taken.set_result(None)

    def _accept(self, record: Record, *, heard_at: datetime) -> str | None:
        """Keep one record; gives its stream when that should be looked at."""
        about = StatusKey.parse(record.key or b"")
        if about is None:
            return None
        key = f"{about.namespace}/{about.name}"
        reports = self._reports.setdefault(key, {})
        if record.value is None:
            return key if reports.pop(about, None) else None
        status = decode_status(record.key, record.value)
        if status is None:
            return None
        before = reports.get(about)
        reports[about] = _report(status, heard_at)
        if len(reports) > _MAX_CONSUMERS:
            del reports[min(reports, key=lambda one: reports[one].heard_at)]
        return key if before is None or _is_news(before, status, heard_at) else None


def _report(status: ProducerStatus | ConsumerStatus, heard_at: datetime) -> AnyReport:
    match status:
        case ProducerStatus():
            return Report(status, heard_at)
        case ConsumerStatus():
            return Report(status, heard_at)


def _is_news(
    before: AnyReport, status: ProducerStatus | ConsumerStatus, heard_at: datetime
) -> bool:
    """Tell whether a report is worth a reconcile at once; small changes wait for the next one."""
    if not is_fresh(before, heard_at) or _state(before.status) != _state(status):
        return True
    match before.status, status:
        case ProducerStatus() as was, ProducerStatus() as now:
            return fps_differs(was, now)
    return False


def _state(status: ProducerStatus | ConsumerStatus) -> tuple[object, ...]:
    """Return what a report says apart from its numbers."""
    match status:
        case ProducerStatus(source=source):
            size = (source.codec, source.width, source.height)
            return (status.uid, source.state, source.reason, source.message, *size)
        case ConsumerStatus(sink=sink, signals=signals):
            return (status.uid, sink, signals)
