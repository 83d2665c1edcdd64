"""Captures with the real video library in the test's own process, stopped after it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.unit.producer.test_settings import environ
from videostream_pipeline.logs import Redactor
from videostream_producer.capture import Capture
from videostream_producer.lifecycle import Lifecycle
from videostream_producer.mailbox import CapturedFrame
from videostream_producer.metrics import Metrics
from videostream_producer.opening import Opener, source_opener
from videostream_producer.process import capture_plan
from videostream_producer.settings import parse_settings

FAST = {
    "source__openTimeout": "1s",
    "source__readTimeout": "500ms",
    "source__reconnect": {"initialBackoff": "50ms", "maxBackoff": "200ms"},
}
# For tests in which a time-out would be the machine's fault.
PATIENT: dict[str, Any] = {"source__openTimeout": "5s", "source__readTimeout": "5s"}


class Rig:
    """Starts captures for a test and stops them after it."""

    def __init__(self, home: Path) -> None:
        self.credentials = home / "credentials"
        self.tls = home / "tls"
        for directory in (self.credentials, self.tls):
            directory.mkdir()
        self.metrics = Metrics()
        self.redactor = Redactor()
        self._stack = ExitStack()

    def start(self, url: str, *, opener: Opener | None = None, **changes: Any) -> Capture:
        settings = parse_settings(environ(source__url=url, **FAST | changes))
        real = source_opener(
            settings.source,
            fps=settings.frames.fps,
            credentials_dir=self.credentials,
            tls_dir=self.tls,
            redactor=self.redactor,
        )
        # A short margin, so that a test of stuck calls takes no half minute.
        plan = replace(capture_plan(settings), native_margin_s=5.0)
        if opener is not None:
            plan = replace(plan, native_margin_s=0.0, open_timeout_s=0.1)
        capture = Capture(plan, opener or real, self.metrics)
        capture.start()
        self._stack.callback(lambda: capture.stop(timeout_s=10))
        return capture

    def log_in(self, username: str, password: str) -> None:
        """Write the Secret's files, as the kubelet would."""
        (self.credentials / "username").write_text(username)
        (self.credentials / "password").write_text(password)

    def close(self) -> None:
        """Stop what was started."""
        self._stack.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def take(capture: Capture, count: int) -> list[CapturedFrame]:
    frames: list[CapturedFrame] = []
    deadline_s = time.monotonic() + 20
    while len(frames) < count and time.monotonic() < deadline_s:
        frame = capture.mailbox.take(timeout_s=0.1)
        if frame is not None:
            frames.append(frame)
    assert len(frames) == count, capture.life
    return frames


def reaches(capture: Capture, state: str, reason: str | None = None) -> Lifecycle:
    def reached() -> Lifecycle | None:
        life = capture.life
        return life if life.state == state and reason in {None, life.reason} else None

    life = eventually(reached, timeout_s=20, period_s=0.01, what=f"{state}/{reason}")
    assert life is not None
    return life


def cpu_s(capture: Capture) -> float:
    """Give the CPU time that the capture's thread, decoding included, has used so far."""
    ident = capture._thread.ident
    assert ident is not None
    return time.clock_gettime(time.pthread_getcpuclockid(ident))


def cpu_share(capture: Capture, *, over_s: float) -> float:
    """Measure the share of one core that the capture's thread uses from now on."""
    used_s, started_s = cpu_s(capture), time.monotonic()
    eventually(lambda: time.monotonic() - started_s >= over_s, timeout_s=over_s + 5, what="time")
    return (cpu_s(capture) - used_s) / (time.monotonic() - started_s)
