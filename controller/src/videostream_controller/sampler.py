"""The loop that measures every stream's lag and lets the scaler decide by it.

Streams that are at zero are looked at twice as often: all that they need to know is whether a
record has come, and somebody waits for their consumers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from videostream_controller import metrics
from videostream_controller import status as statuses
from videostream_controller.autoscaling import Sample
from videostream_controller.kafka import KafkaRefused, KafkaUnavailable, SampleTarget, Sweeper
from videostream_controller.observed import LagSample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_controller.api import FieldError, VideoStream
    from videostream_controller.kafka import KafkaClient
    from videostream_controller.scaler import Scaler
    from videostream_controller.streams import Streams
    from videostream_controller.workqueue import WorkQueue

_log = logging.getLogger(__name__)
_AWAY: Final = "Kafka cannot be reached; see TopicReady"


@dataclass(slots=True)
class LagSampler:
    """Sweeps each period and wakes streams of which there is something to do or to tell."""

    clients: Mapping[str, KafkaClient]
    streams: Streams
    samples: dict[str, LagSample]
    scaler: Scaler
    queue: WorkQueue[str]
    period_s: float
    sweeps: int = 0  # of all streams
    down: set[str] = field(default_factory=set)  # connections that did not answer last time
    _sweepers: dict[str, Sweeper] = field(default_factory=dict)

    async def run(self) -> None:
        """Sweep for ever."""
        while True:
            for only_at_zero in (False, True):
                started = time.monotonic()
                await self.once(only_at_zero=only_at_zero)
                spent_s = time.monotonic() - started
                if not only_at_zero:
                    metrics.LAG_SWEEP_SECONDS.observe(spent_s)
                    self.sweeps += 1
                await asyncio.sleep(max(0.1, self.period_s / 2 - spent_s))

    def has_targets(self) -> bool:
        """Tell whether there is a stream whose lag can be measured."""
        return bool(self._sampled())

    async def once(self, *, only_at_zero: bool = False) -> None:
        """Sweep all clusters once, decide, and publish what was found."""
        streams = self._sampled()
        if only_at_zero:
            streams = [stream for stream in streams if self.scaler.is_at_zero(stream)]
        else:
            self._forget({stream.key for stream in streams})
            for connection in self.clients:
                await self._look_after(connection)
        for connection, client in self.clients.items():
            mine = [stream for stream in streams if stream.kafka.connection == connection]
            if connection in self.down:
                # Always the same words, and no request that would only wait for its time-out.
                found: dict[str, Sample | str] = {stream.key: _AWAY for stream in mine}
            else:
                sweeper = self._sweepers.setdefault(connection, Sweeper(client))
                found = await sweeper.sweep([_target(stream) for stream in mine])
            for stream in mine:
                self._take(stream, found[stream.key])

    def _take(self, stream: VideoStream, found: Sample | str) -> None:
        sample = found if isinstance(found, Sample) else None
        is_news = self.scaler.observe(stream, sample)
        before = self.samples.get(stream.key)
        now = datetime.now(UTC)
        if isinstance(found, Sample):
            seconds = self.scaler.lag_seconds(stream.metadata.uid)
            lag = LagSample(_records(found), now, seconds=seconds)
        else:
            lag = LagSample(None, now, found)
        self.samples[stream.key] = lag
        if is_news or before is None or (before.records is None) != (lag.records is None):
            self.queue.add(stream.key)
        elif statuses.is_outdated(stream, self.scaler.decision(stream), lag):
            self.queue.add_after(stream.key, statuses.NUMBERS_EVERY_S)

    def _forget(self, keys: set[str]) -> None:
        for key in self.samples.keys() - keys:
            del self.samples[key]
        for sweeper in self._sweepers.values():
            sweeper.keep(keys)

    async def _look_after(self, connection: str) -> None:
        """Wake every stream when Kafka is back, also those whose back-off has grown long."""
        try:
            await self.clients[connection].ping()
        except (KafkaUnavailable, KafkaRefused):
            self.down.add(connection)
            metrics.KAFKA_REACHABLE.labels(connection).set(0)
            return
        metrics.KAFKA_REACHABLE.labels(connection).set(1)
        if connection in self.down:
            self.down.discard(connection)
            _log.info("Kafka connection %s is back", connection)
            for key in self.streams.keys():  # noqa: SIM118 the store is no mapping
                self.queue.add(key)

    def _sampled(self) -> list[VideoStream]:
        """Return the streams whose topic is known and that are to be looked after."""
        found = map(self.streams.parsed, self.streams.keys())
        return [stream for stream in found if self._is_sampled(stream)]

    def _is_sampled(self, stream: VideoStream | list[FieldError] | None) -> TypeGuard[VideoStream]:
        if stream is None or isinstance(stream, list) or stream.is_paused or stream.is_deleting:
            return False
        topic = stream.raw_status.get("topic") or {}
        return bool(topic.get("partitions")) and stream.kafka.connection in self.clients


def _target(stream: VideoStream) -> SampleTarget:
    topic: dict[str, Any] = stream.raw_status["topic"]
    return SampleTarget(
        key=stream.key,
        group=stream.group_id,
        topic=stream.topic_name,
        topic_id=topic.get("id", ""),
        partitions=topic["partitions"],
    )


def _records(sample: Sample) -> int:
    if not sample.is_behind:
        return 0
    return sum(
        max(0, part.end - max(part.committed or 0, part.start)) for part in sample.partitions
    )
