"""The thread that reads the source: opens, drains at source rate, samples, reconnects.

It does nothing else, because frames of a camera that are not read in time pile up in its
connection and come out late.  Native calls cannot be cancelled, so each leaves a deadline behind;
the main loop watches it and ends the process when a call does not come back.
"""

import logging
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from videostream_producer.decoding import Decoding
from videostream_producer.lifecycle import (
    Ended,
    Event,
    Failed,
    FrameArrived,
    Lifecycle,
    Opening,
    Policy,
    Ticked,
    step,
)
from videostream_producer.mailbox import CapturedFrame, Mailbox
from videostream_producer.metrics import Metrics
from videostream_producer.opening import Opener
from videostream_producer.pacing import Playback, Sampler, position_s
from videostream_producer.source import FrameSource, SourceFailed, SourceInfo
from videostream_producer.workload import Workload

# Beyond its own time-out a native call may wait for a name server, a probe and a full disk.
NATIVE_MARGIN_S: Final = 30.0
_WAIT_S: Final = 0.2

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CapturePlan:
    """How one source is read. `is_file`: it has an end and its frames wait to be taken.

    `decoding` is how to begin; what is found out about key frames may change it.
    """

    fps: float
    is_file: bool
    loop: bool
    open_timeout_s: float
    read_timeout_s: float
    policy: Policy
    decoding: Decoding
    native_margin_s: float = NATIVE_MARGIN_S


class Capture:
    """Reads one source until stopped; `life` and `info` say how it is, `mailbox` gives frames."""

    def __init__(self, plan: CapturePlan, opener: Opener, metrics: Metrics) -> None:
        self.mailbox = Mailbox()
        self.info: SourceInfo | None = None
        self.last_frame_time_ns: int | None = None
        self.workload = Workload()
        self._plan = plan
        self._opener = opener
        self._metrics = metrics
        self._lock = threading.Lock()
        self._life = Lifecycle()
        self._stop = threading.Event()
        self._native_deadline_s: float | None = None
        self._connection = 0
        self._decoding = plan.decoding
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    @property
    def life(self) -> Lifecycle:
        """Where the source stands."""
        with self._lock:
            return self._life

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, *, timeout_s: float) -> bool:
        """Ask the thread to end; return whether it did in time."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def tick(self) -> None:
        """Let time go by for the state: called by the main loop, so that a stall shows."""
        self._track(Ticked())

    def stuck(self) -> str | None:
        """Say what is wrong if reading cannot go on by itself, else None."""
        if self._thread.ident is not None and not self._thread.is_alive():
            return None if self._stop.is_set() else "the capture thread has ended"
        deadline_s = self._native_deadline_s
        if deadline_s is not None and time.monotonic() > deadline_s:
            return "a native call of the video library did not come back"
        return None

    def _run(self) -> None:
        while not self._stop.is_set():
            event = self._attempt()
            if event is None:  # opened anew on purpose, or the end was asked for
                continue
            self._track(event)
            if isinstance(event, Ended):
                self._stop.wait()
            self._wait_for_retry()

    def _attempt(self) -> Event | None:
        """Open the source and read it until it fails or ends."""
        self._connection += 1
        if self.life.state != "Streaming":
            self._track(Opening())
        self._metrics.opens.inc()
        self._decoding = self._decoding.reopened()
        self._metrics.key_frames_only.set(self._decoding.key_frames_only)
        try:
            # To ask an HTTP server what it sends and then let FFmpeg read it takes two time-outs.
            with self._native(2 * self._plan.open_timeout_s):
                source = self._opener(key_frames_only=self._decoding.key_frames_only)
        except SourceFailed as failure:
            return Failed(failure.reason, failure.message)
        self.info = source.info
        try:
            if source.comes_in_bursts:
                return self._drain_paced(source)
            return self._drain_live(source)
        finally:
            with self._native(self._plan.read_timeout_s):
                source.close()

    def _drain_live(self, source: FrameSource) -> Event | None:
        sampler = Sampler(1 / self._plan.fps)
        self.workload = Workload()
        started_s = time.monotonic()
        while self._grab(source):
            now_s = time.monotonic()
            self.workload.sample(now_s)
            sampler, kept = sampler.decide(now_s)
            if kept:
                self._offer(source)
            if self._redecide(self._decoding.see(now_s, is_key=source.is_key_frame())):
                return None
            started_s = time.monotonic()
        return self._interrupted(time.monotonic() - started_s)

    def _redecide(self, decoding: Decoding) -> bool:
        """Take over what to decode; tell whether the source must be opened anew for it."""
        before, self._decoding = self._decoding, decoding
        if decoding.key_frames_only == before.key_frames_only:
            return False
        if decoding.key_frames_only:
            _log.info("decoding key frames only: they come as often as frames are asked for")
        else:
            _log.info("decoding all frames again: key frames come too seldom")
        return True

    def _interrupted(self, waited_s: float) -> Failed | None:
        if self._stop.is_set():
            return None
        if waited_s >= 0.9 * self._plan.read_timeout_s:
            if self._redecide(self._decoding.starved()):
                return None
            message = f"no frame for {waited_s:.1f} s: look at the camera's encoder and network"
            return Failed("Stalled", message)
        return Failed("EndOfStream", "the source closed the stream or sent what does not decode")

    def _drain_paced(self, source: FrameSource) -> Event | None:
        """Read a recording, or a live source that gives seconds of video at once (HLS)."""
        period_s = 1 / self._plan.fps
        sampler = Sampler(period_s)
        playback: Playback | None = None
        at_s, index = 0.0, 0
        started_s = time.monotonic()
        while self._grab(source):
            at_s = position_s(
                source.position_ms(), index=index, fps=source.info.fps, previous_s=at_s
            )
            index += 1
            sampler, kept = sampler.decide(at_s)
            if kept:
                now_s = time.monotonic()
                playback = (playback or Playback(now_s, at_s)).resumed(
                    at_s, now_s=now_s, slack_s=period_s
                )
                self._stop.wait(max(0.0, playback.due_s(at_s) - now_s))
                self._offer(source)
            started_s = time.monotonic()
        if self._stop.is_set() or not self._plan.is_file:
            return self._interrupted(time.monotonic() - started_s)
        if index == 0:
            return Failed("NotAVideo", "the file holds no picture that can be decoded")
        return None if self._plan.loop else Ended()

    def _grab(self, source: FrameSource) -> bool:
        if self._stop.is_set():
            return False
        with self._native(self._plan.read_timeout_s):
            grabbed = source.grab()
        if grabbed:
            self._arrived()
        return grabbed

    def _offer(self, source: FrameSource) -> None:
        """Put the current picture into the mailbox: a recording waits, a live source does not."""
        frame = self._picture(source)
        if frame is None:
            return
        if self._plan.is_file:
            self._put(frame)
        elif self.mailbox.replace(frame):
            self._metrics.dropped.labels("overrun").inc()

    def _put(self, frame: CapturedFrame) -> None:
        while not self._stop.is_set():
            if self.mailbox.put_when_empty(frame, timeout_s=_WAIT_S):
                return

    def _picture(self, source: FrameSource) -> CapturedFrame | None:
        """Take the current frame with the time it was captured at, which always grows."""
        previous_ns = self.last_frame_time_ns
        now_ns = time.time_ns()
        picture = source.retrieve()
        if picture is None:
            return None
        self.info = source.info  # its size may have changed
        # The time is a point's identity: a clock that steps back must not repeat one.
        captured_ns = now_ns if previous_ns is None else max(now_ns, previous_ns + 1)
        self.last_frame_time_ns = captured_ns
        return CapturedFrame(picture, captured_ns, self._connection)

    def _arrived(self) -> None:
        self._metrics.source_frames.inc()
        self._track(FrameArrived())

    def _wait_for_retry(self) -> None:
        retry_at_s = self.life.retry_at_s
        if retry_at_s is not None:
            self._stop.wait(max(0.0, retry_at_s - time.monotonic()))

    def _track(self, event: Event) -> None:
        with self._lock:
            before = self._life
            self._life = after = step(
                before,
                event,
                now_s=time.monotonic(),
                jitter=random.random(),  # noqa: S311 (spreads retries, guards nothing)
                policy=self._plan.policy,
            )
        if isinstance(event, Failed):
            self._metrics.open_failures.labels(event.reason).inc()
        if before.state != after.state:
            self._report(after)

    def _report(self, life: Lifecycle) -> None:
        self._metrics.show_state(life.state)
        self._metrics.reconnects.set(life.reconnects)
        said = {"state": life.state, "reason": life.reason, "failures": life.failures}
        match life.state:
            case "Stalled" | "Backoff":
                _log.warning("%s", life.message, extra=said)
            case "Connecting":  # with each attempt: the failure before it says enough
                _log.debug("connecting", extra=said)
            case _:
                _log.info("source is %s", life.state, extra=said)

    @contextmanager
    def _native(self, timeout_s: float) -> Iterator[None]:
        self._native_deadline_s = time.monotonic() + timeout_s + self._plan.native_margin_s
        try:
            yield
        finally:
            self._native_deadline_s = None
