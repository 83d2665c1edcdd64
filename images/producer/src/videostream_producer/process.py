"""The producer process: the main loop from captured frames to Kafka, and what watches over it.

One loop does all that must not be done by two threads: it pictures frames, gives sequence
numbers, hands over, lets delivery callbacks run and reports.  It never blocks for long.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from videostream_pipeline.health import HealthServer
from videostream_pipeline.logs import Redactor
from videostream_producer.capture import Capture, CapturePlan
from videostream_producer.decoding import Decoding, automatic
from videostream_producer.encode import make_pictures
from videostream_producer.lifecycle import Policy
from videostream_producer.mailbox import CapturedFrame
from videostream_producer.metrics import Metrics
from videostream_producer.opening import Opener, read_timeout_s, source_opener
from videostream_producer.points import PointWriter
from videostream_producer.publish import Publisher, Refusal, Shot
from videostream_producer.reporting import Reporter
from videostream_producer.settings import Settings
from videostream_producer.stillness import Stillness
from videostream_producer.topic import TopicProblem, TopicWatch

EXIT_OK: Final = 0
EXIT_STUCK: Final = 70
FLUSH_S: Final = 8.0
STATUS_FLUSH_S: Final = 2.0
BEAT_MAX_AGE_S: Final = 30.0
_WAIT_S: Final = 0.05
_CAPTURE_STOP_S: Final = 1.0
_POINTS_STOP_S: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Previous:
    """The frame captured before, as the next one refers to it."""

    thumbnail: bytes | None
    sequence: int | None
    connection: int
    size: tuple[int, int]


class ProducerProcess:
    """Wires the parts of one producer together and runs them until told to stop."""

    def __init__(
        self, settings: Settings, *, redactor: Redactor, opener: Opener | None = None
    ) -> None:
        self.metrics = Metrics()
        self._settings = settings
        open_source = opener or source_opener(
            settings.source,
            fps=settings.frames.fps,
            credentials_dir=settings.credentials_dir,
            tls_dir=settings.tls_dir,
            redactor=redactor,
        )
        self._capture = Capture(capture_plan(settings), open_source, self.metrics)
        self._publisher = Publisher(settings, metrics=self.metrics, redactor=redactor)
        self._watch = TopicWatch(settings.kafka.topic, lambda: self._publisher.client)
        self._points = PointWriter(settings.influx_dir, self.metrics)
        self._reporter = Reporter(
            settings,
            capture=self._capture,
            publisher=self._publisher,
            metrics=self.metrics,
            points=self._points,
            redactor=redactor,
        )
        self._previous: Previous | None = None
        self._stillness = Stillness()
        self._waiting: Shot | None = None
        self._beat_s = time.monotonic()

    def run(self, stopping: threading.Event) -> int:
        """Run until `stopping` is set; give the exit code."""
        health = HealthServer(
            port=self._settings.http_port,
            healthy=self._unhealthy,
            ready=self._watch.unready,
            registry=self.metrics.registry,
        )
        with health:
            self._publisher.connect()
            self._watch.start()
            self._points.start()
            reached = self._wait_for_topic(stopping.is_set)
            stuck = self._stream(stopping.is_set) if reached else None
            if stuck:
                _log.critical("%s: ending the process so that it starts anew", stuck)
            self._shut_down()
        return EXIT_STUCK if stuck else EXIT_OK

    def _wait_for_topic(self, stopping: Callable[[], bool]) -> bool:
        """Wait until the topic is known: before that no frame can be placed in it."""
        while not stopping():
            if self._watch.partitions is not None:
                return True
            self._keep_alive(problem=self._watch.problem)
            time.sleep(_WAIT_S)
        return False

    def _stream(self, stopping: Callable[[], bool]) -> str | None:
        """Publish frames until told to stop; return what got stuck, if something did."""
        self._capture.start()
        while not stopping():
            stuck = self._capture.stuck()
            if stuck:
                return stuck
            if self._waiting is not None:
                # The client makes room while it is polled.
                self._publisher.poll(_WAIT_S)
                self._hand_over(self._waiting)
            else:
                frame = self._capture.mailbox.take(timeout_s=_WAIT_S)
                shot = self._picture(frame) if frame is not None else None
                if shot is not None:
                    self._hand_over(shot)
            self._capture.tick()
            self._keep_alive()
        return None

    def _keep_alive(self, *, problem: TopicProblem | None = None) -> None:
        self._beat_s = time.monotonic()
        self._publisher.connect()
        self._publisher.poll()
        self.metrics.partitions.set(self._watch.partitions or 0)
        self._reporter.tick(problem=problem)

    def _picture(self, frame: CapturedFrame) -> Shot | None:
        """Picture a frame; None, and counted, if what the source sent does not decode."""
        frames = self._settings.frames
        try:
            with self.metrics.encode_seconds.time():
                pictures = make_pictures(
                    frame.picture,
                    width=frames.width,
                    height=frames.height,
                    jpeg_quality=frames.jpeg_quality,
                    thumbnail_width=frames.reference_width,
                )
        except ValueError:
            self.metrics.dropped.labels("undecodable").inc()
            return None
        self.metrics.captured.inc()
        self.metrics.frame_bytes.observe(len(pictures.jpeg))
        self._stillness = self._stillness.see(pictures.jpeg, time.monotonic())
        self.metrics.unchanged.set(self._stillness.lasts_s)
        self.metrics.passed_on.inc(pictures.is_passed_on)
        previous = self._previous
        size = pictures.width, pictures.height
        if previous is None or (previous.connection, previous.size) != (frame.connection, size):
            # Pictures of another connection or another size must not be compared.
            previous = Previous(None, None, frame.connection, size)
        return Shot(
            pictures=pictures,
            capture_time_ns=frame.capture_time_ns,
            connection=frame.connection,
            reference=previous.thumbnail,
            reference_sequence=None if previous.thumbnail is None else previous.sequence,
        )

    def _hand_over(self, shot: Shot) -> None:
        """Offer a frame to Kafka; one that has to wait stays in `_waiting`."""
        self._waiting = None
        answer = self._publisher.offer(shot, partitions=self._watch.partitions or 1)
        match answer:
            case Refusal.QUEUE_FULL | Refusal.NOT_CONNECTED if self._settings.blocks:
                self._waiting = shot
                return
            case Refusal():
                self.metrics.dropped.labels(answer.value).inc()
                sequence = None
            case int():
                sequence = answer
        # Dropped or not, it was captured: the next frame is compared with this one.
        pictures = shot.pictures
        size = pictures.width, pictures.height
        self._previous = Previous(pictures.thumbnail, sequence, shot.connection, size)

    def _unhealthy(self) -> str | None:
        age_s = time.monotonic() - self._beat_s
        if age_s > BEAT_MAX_AGE_S:
            return f"the publish loop has not run for {age_s:.0f} s"
        return self._capture.stuck()

    def _shut_down(self) -> None:
        """Stop reading, let Kafka answer, say goodbye; at most about 12 s."""
        self._watch.stop()
        self._capture.stop(timeout_s=_CAPTURE_STOP_S)
        if self._publisher.client is not None:
            self._publisher.client.flush(FLUSH_S)
        self._reporter.finish()
        self._publisher.close(timeout_s=STATUS_FLUSH_S)
        self._points.stop(timeout_s=_POINTS_STOP_S)


def capture_plan(settings: Settings) -> CapturePlan:
    """Give how the settings' source is read."""
    source = settings.source
    # A recording that waits for Kafka or for its own next picture is not stalled.
    stall = {} if source.is_file else {"stall_timeout_s": source.stall_timeout_s}
    return CapturePlan(
        fps=settings.frames.fps,
        is_file=source.is_file,
        loop=source.loop,
        open_timeout_s=source.open_timeout_s,
        read_timeout_s=read_timeout_s(source),
        policy=Policy(source.initial_backoff_s, source.max_backoff_s, **stall),
        decoding=_decoding(settings),
    )


def _decoding(settings: Settings) -> Decoding:
    source = settings.source
    # A recording would begin again with each change of mind.
    if source.decode == "Auto" and not source.is_file:
        return automatic(fps=settings.frames.fps, read_timeout_s=read_timeout_s(source))
    return Decoding(key_frames_only=source.decode == "KeyFrames")
