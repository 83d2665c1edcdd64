"""Telling people how the stream is: status records for the controller, points for dashboards.

Called by the main loop; decides what is due and leaves the sending to others.
"""

import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from videostream_pipeline.logs import Redactor
from videostream_pipeline.pipeline_point import PERIOD_S, pipeline_line
from videostream_pipeline.status import (
    STATUS_PERIOD_S,
    ProducerStatus,
    SourceStatus,
    encode_status,
)
from videostream_producer.capture import Capture
from videostream_producer.metrics import Metrics
from videostream_producer.points import (
    PointWriter,
    Totals,
    interval_fields,
    read_totals,
)
from videostream_producer.publish import Publisher
from videostream_producer.rates import RateWindow
from videostream_producer.settings import Settings
from videostream_producer.topic import TopicProblem
from videostream_producer.workload import OVERLOADED_SHARE

CHANGE_PERIOD_S: Final = 1.0
_SAMPLE_PERIOD_S: Final = 1.0

_log = logging.getLogger(__name__)


class Reporter:
    """Remembers what was said last, to say each change once and everything at least every 10 s."""

    def __init__(
        self,
        settings: Settings,
        *,
        capture: Capture,
        publisher: Publisher,
        metrics: Metrics,
        points: PointWriter,
        redactor: Redactor,
    ) -> None:
        self._settings = settings
        self._capture = capture
        self._publisher = publisher
        self._metrics = metrics
        self._points = points
        self._redactor = redactor
        self._said: SourceStatus | None = None
        self._said_at_s = 0.0
        self._sampled_at_s = 0.0
        self._pointed_at_s = time.monotonic()
        self._before = Totals()
        self._source_rate = RateWindow()
        self._captured_rate = RateWindow()
        self._losses = ""

    def tick(self, *, problem: TopicProblem | None = None) -> None:
        """Send what is due."""
        now_s = time.monotonic()
        if now_s - self._sampled_at_s >= _SAMPLE_PERIOD_S:
            self._sample(now_s)
        if now_s - self._pointed_at_s >= PERIOD_S:
            self._point(now_s)
        status = self._status(problem)
        if status_due(self._said, status, age_s=now_s - self._said_at_s):
            self._say(status, now_s)

    def finish(self) -> None:
        """Write the last point and say that the process ends; a finished recording stays so."""
        self._point(time.monotonic())
        status = self._status(None)
        if status.state != "Completed":
            message = "the producer was stopped; the next one connects anew"
            status = replace(status, state="Connecting", reason="Stopped", message=message)
        self._say(status, time.monotonic())

    def _sample(self, now_s: float) -> None:
        self._sampled_at_s = now_s
        metrics = self._metrics
        self._source_rate = self._source_rate.add(now_s, metrics.total("source_frames"))
        if self._capture.life.state != "Streaming":
            # The rate of a stream counts from its first frame, not from the wait before it.
            self._captured_rate = RateWindow()
        self._captured_rate = self._captured_rate.add(now_s, metrics.total("captured_frames"))
        metrics.source_fps.set(self._source_rate.per_second)
        metrics.captured_fps.set(self._captured_rate.per_second)
        metrics.busy.set(self._capture.workload.share or 0.0)
        if self._capture.last_frame_time_ns is not None:
            metrics.last_frame.set(self._capture.last_frame_time_ns / 1e9)

    def _point(self, now_s: float) -> None:
        self._pointed_at_s = now_s
        after = read_totals(self._metrics)
        life = self._capture.life
        fields = interval_fields(self._before, after)
        self._losses = losses(self._before, after)
        self._before = after
        settings = self._settings
        line = pipeline_line(
            {
                **fields,
                "source_fps": round(self._source_rate.per_second, 3),
                "reconnects": life.reconnects,
                "state": life.state,
            },
            namespace=settings.stream.namespace,
            stream=settings.stream.name,
            role="producer",
            tags=settings.influx_tags,
            pod=settings.pod,
            now_ns=time.time_ns(),
        )
        self._points.put(line)

    def _status(self, problem: TopicProblem | None) -> SourceStatus:
        life, info = self._capture.life, self._capture.info
        reason, message = life.reason, life.message
        if problem is not None:
            reason, message = problem.reason, problem.message
        elif life.state == "Streaming":
            reason, message = self._health()
        last_ns = self._capture.last_frame_time_ns
        fps = self._captured_rate.settled_per_second
        return SourceStatus(
            state=life.state,
            reason=reason,
            message=self._redactor.redact(message),
            codec=info.codec if info else None,
            width=info.width if info else None,
            height=info.height if info else None,
            fps=None if fps is None else round(fps, 2),
            last_frame_time=datetime.fromtimestamp(last_ns / 1e9, UTC) if last_ns else None,
            reconnects=life.reconnects,
        )

    def _health(self) -> tuple[str, str]:
        """Give reason and message for a source whose frames flow."""
        source = self._settings.source
        return streaming_health(
            unchanged_s=0.0 if source.is_file else self._metrics.unchanged_s(),
            frozen_after_s=source.stall_timeout_s,
            busy_share=self._capture.workload.share,
            losses=self._losses,
        )

    def _say(self, status: SourceStatus, now_s: float) -> None:
        settings = self._settings
        record = ProducerStatus(
            namespace=settings.stream.namespace,
            name=settings.stream.name,
            uid=settings.uid,
            pod=settings.pod,
            time=datetime.now(UTC),
            source=status,
        )
        if self._publisher.send_status(*encode_status(record)):
            self._said, self._said_at_s = status, now_s


def status_due(said: SourceStatus | None, now: SourceStatus, *, age_s: float) -> bool:
    """Tell whether a status must be sent: first, changed and 1 s old, or 10 s old.

    Rate and last frame change all the time and are no change of state; that there is a rate is.
    """
    if said is None or age_s >= STATUS_PERIOD_S:
        return True
    return _steady(now) != _steady(said) and age_s >= CHANGE_PERIOD_S


def _steady(status: SourceStatus) -> tuple[SourceStatus, bool]:
    return replace(status, fps=None, last_frame_time=None), status.fps is None


def streaming_health(
    *, unchanged_s: float, frozen_after_s: float, busy_share: float | None, losses: str
) -> tuple[str, str]:
    """Give reason and message of a stream that flows, the worst first.

    A frozen picture stays Streaming: frames arrive and are sent on, and it may be a still scene.
    """
    if unchanged_s >= frozen_after_s:
        # Without the time: a message that changes each second would be sent each second.
        return "Frozen", (
            f"frames flow, yet the picture has been the very same for {frozen_after_s:g} s and "
            "more: restart the camera if its scene should show at least noise"
        )
    if busy_share is not None and busy_share >= OVERLOADED_SHARE:
        return "TooFast", (
            "the source sends more than can be decoded, so frames come late: use the camera's "
            "sub-stream, lower its rate or size, or raise the producer's CPU limit"
        )
    return "Streaming", losses


def losses(before: Totals, after: Totals) -> str:
    """Say what people should know about a stream that flows but loses frames."""
    if after.dropped_too_large > before.dropped_too_large:
        return (
            "frames are larger than kafka.topic.maxMessageBytes and dropped: "
            "lower frames.width or frames.jpegQuality, or raise the limit"
        )
    if after.dropped_queue_full > before.dropped_queue_full:
        return "frames are dropped because Kafka takes them too slowly: look at the brokers"
    if after.delivery_failed > before.delivery_failed:
        return "frames were not acknowledged by Kafka: look at the brokers and the topic"
    if after.dropped_overrun > before.dropped_overrun:
        return (
            "frames are dropped because the producer is too slow: "
            "raise its CPU limit or lower frames.fps or frames.width"
        )
    return ""
