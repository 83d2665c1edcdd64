"""Capture with the real video library: against good sources, broken ones and files."""

import logging
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.capture_rig import Rig, reaches, rig, take
from tests.support.eventually import eventually
from tests.support.fault_servers import Mjpeg, black_hole, mjpeg_server, rtsp_server, write_video
from videostream_producer.source import FrameSource, SourceFailed

__all__ = ["rig"]

pytestmark = pytest.mark.source

PASSWORD = "p@ss/w#rd:99"


def test_samples_a_live_source_at_the_target_rate(rig: Rig) -> None:
    with mjpeg_server(Mjpeg(fps=25)) as server:
        frames = take(rig.start(server.url, frames__fps=5), 11)
    times = [frame.capture_time_ns for frame in frames]
    assert times == sorted(set(times))
    assert (times[-1] - times[0]) / 1e9 == pytest.approx(2.0, abs=0.35)
    assert frames[0].image.shape == (96, 160, 3)


def test_says_what_the_source_is(rig: Rig) -> None:
    with mjpeg_server(Mjpeg()) as server:
        capture = rig.start(server.url)
        reaches(capture, "Streaming")
        info = capture.info
    assert info is not None
    assert (info.codec, info.width, info.height) == ("mjpeg", 160, 96)


def test_a_slow_reader_gets_the_newest_frame_not_the_oldest(rig: Rig) -> None:
    with mjpeg_server(Mjpeg(fps=25)) as server:
        capture = rig.start(server.url, frames__fps=25)
        take(capture, 1)
        eventually(
            lambda: rig.metrics.total("dropped_frames", reason="overrun") >= 10,
            timeout_s=10,
            period_s=0.01,
            what="overwritten frames",
        )
        frame = take(capture, 1)[0]
        assert time.time_ns() - frame.capture_time_ns < 500_000_000


def test_a_camera_that_stalls_is_named_and_opened_anew(rig: Rig) -> None:
    with mjpeg_server(Mjpeg(frames=3, afterwards="stall")) as server:
        capture = rig.start(
            server.url, source__reconnect={"initialBackoff": "1s", "maxBackoff": "1s"}
        )
        life = reaches(capture, "Backoff", "Stalled")
        assert "no frame for" in life.message
        eventually(lambda: capture.life.reconnects >= 1, timeout_s=20, what="a reconnect")
        assert len(server.connections) >= 2


def test_a_camera_that_hangs_up_is_opened_anew_with_waits(rig: Rig) -> None:
    with mjpeg_server(Mjpeg(frames=20, fps=50)) as server:
        capture = rig.start(server.url)
        reaches(capture, "Backoff", "EndOfStream")
        eventually(lambda: capture.life.reconnects >= 2, timeout_s=20, what="two reconnects")
        opens = len(server.connections)
    assert rig.metrics.total("source_opens") <= opens + 1
    assert capture.life.failures >= 2


def test_garbage_between_frames_does_not_end_the_capture(rig: Rig) -> None:
    with mjpeg_server(Mjpeg(frames=5, afterwards="garbage")) as server:
        capture = rig.start(server.url)
        reaches(capture, "Backoff")
        eventually(lambda: capture.life.reconnects >= 1, timeout_s=20, what="a reconnect")
        assert capture.stuck() is None


def test_frames_of_different_connections_can_be_told_apart(rig: Rig) -> None:
    with mjpeg_server(Mjpeg(frames=3, fps=20)) as server:
        capture = rig.start(server.url, frames__fps=20)
        frames = take(capture, 8)
    assert len({frame.connection for frame in frames}) >= 2
    times = [frame.capture_time_ns for frame in frames]
    assert times == sorted(set(times))


def test_a_dead_source_does_not_spin(rig: Rig) -> None:
    reconnect = {"initialBackoff": "100ms", "maxBackoff": "400ms"}
    started_s = time.monotonic()
    used_s = time.process_time()
    capture = rig.start("rtsp://127.0.0.1:1/x", source__reconnect=reconnect)
    reaches(capture, "Backoff", "ConnectionRefused")
    eventually(lambda: time.monotonic() - started_s > 3, timeout_s=5, what="three seconds")
    # Full jitter waits half of the bound on average: about 15 attempts in 3 s, never hundreds.
    assert rig.metrics.total("source_opens") < 60
    assert time.process_time() - used_s < 1.5


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("rtsp://no-such-host.invalid/x", "UnknownHost"),
        ("http://127.0.0.1:1/x", "ConnectionRefused"),
        ("file:///no/such/file.avi", "FileNotFound"),
        ("file:///etc", "FileNotFound"),
    ],
)
def test_names_sources_that_are_not_there(rig: Rig, url: str, reason: str) -> None:
    assert reaches(rig.start(url), "Backoff", reason).message


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_server_that_never_answers_is_given_up_after_the_open_time_out(
    rig: Rig, scheme: str
) -> None:
    with black_hole(scheme) as server:
        started_s = time.monotonic()
        capture = rig.start(server.url)
        life = reaches(capture, "Backoff", "Timeout")
        assert time.monotonic() - started_s < 6
    assert "no answer within 1 s" in life.message


def test_a_server_that_describes_and_sends_no_frame_is_named(rig: Rig) -> None:
    with mjpeg_server(Mjpeg(frames=0, afterwards="stall")) as server:
        life = reaches(rig.start(server.url), "Backoff", "OpenFailed")
    assert "no picture within openTimeout" in life.message


def test_missing_credentials_are_waited_for_and_found(rig: Rig) -> None:
    ref = {"name": "gate-login"}
    with mjpeg_server(Mjpeg(password=PASSWORD)) as server:
        capture = rig.start(server.url, source__credentialsSecretRef=ref)
        life = reaches(capture, "Backoff", "CredentialsMissing")
        assert "Secret gate-login has no username and no password" in life.message
        assert server.connections == []
        (rig.credentials / "username").write_text("viewer")
        (rig.credentials / "password").write_text(PASSWORD + "\n")
        reaches(capture, "Streaming")


def test_a_wrong_password_is_named_and_never_shown(
    rig: Rig, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    (rig.credentials / "username").write_text("viewer")
    (rig.credentials / "password").write_text(PASSWORD)
    ref: Any = {"source__credentialsSecretRef": {"name": "gate-login"}}
    slow: Any = {"source__reconnect": {"initialBackoff": "10s", "maxBackoff": "10s"}}
    with caplog.at_level(logging.DEBUG):
        with rtsp_server(200, password="another") as server:
            life = reaches(rig.start(server.url, **ref, **slow), "Backoff", "AuthenticationFailed")
        with mjpeg_server(Mjpeg(password="another")) as server:
            capture = rig.start(server.url, **ref, **slow)
            assert "correct the Secret" in reaches(capture, "Backoff").message
    shown = caplog.text + "".join(capfd.readouterr()) + life.message + capture.life.message
    assert "AuthenticationFailed" in caplog.text or "refused user name" in shown
    for secret in (PASSWORD, "p%40ss", "w%23rd"):
        assert secret not in shown


def test_a_recording_plays_at_its_own_speed_and_completes(rig: Rig, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a b#1.avi", frames=20, fps=10)
    capture = rig.start(video.as_uri(), frames__fps=10)
    frames = take(capture, 20)
    assert reaches(capture, "Completed").reason == "EndOfStream"
    span_s = (frames[-1].capture_time_ns - frames[0].capture_time_ns) / 1e9
    assert span_s == pytest.approx(1.9, abs=0.3)
    brightness = [float(np.mean(frame.image)) for frame in frames]
    assert brightness == pytest.approx([4.0 * i for i in range(20)], abs=2)
    assert capture.stuck() is None


def test_a_recording_is_sampled_by_its_time_stamps(rig: Rig, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", frames=30, fps=30)
    frames = take(rig.start(video.as_uri(), frames__fps=7.5), 8)
    brightness = [float(np.mean(frame.image)) for frame in frames]
    # Every fourth frame, give or take the one that the early margin lets through.
    assert brightness == pytest.approx([16.0 * i for i in range(8)], abs=6)


def test_a_recording_waits_for_a_slow_reader_and_loses_nothing(rig: Rig, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", frames=10, fps=50)
    capture = rig.start(video.as_uri(), frames__fps=50)
    seen = []
    for _ in range(10):
        seen.append(round(float(np.mean(take(capture, 1)[0].image)) / 4))
        threading.Event().wait(0.06)  # the reader is slower than the recording
    assert seen == list(range(10))
    assert reaches(capture, "Completed")


def test_a_looped_recording_goes_on_as_a_new_connection(rig: Rig, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", frames=3, fps=30)
    capture = rig.start(video.as_uri(), frames__fps=30, source__loop=True)
    frames = take(capture, 8)
    assert [frame.connection for frame in frames] == [1, 1, 1, 2, 2, 2, 3, 3]
    assert (capture.life.state, capture.life.reconnects) == ("Streaming", 0)


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 100, b"RIFF\x10\x00\x00\x00AVI "])
def test_a_file_that_is_no_video_is_named(rig: Rig, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.avi"
    path.write_bytes(content)
    life = reaches(rig.start(path.as_uri(), source__loop=True), "Backoff", "NotAVideo")
    assert str(path) in life.message or "no picture" in life.message


def test_a_play_list_in_disguise_fetches_nothing(rig: Rig, tmp_path: Path) -> None:
    with mjpeg_server(Mjpeg()) as server:
        path = tmp_path / "list.m3u8"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{server.url}.ts\n")
        reaches(rig.start(path.as_uri()), "Backoff", "NotAVideo")
        assert server.connections == []


def test_a_native_call_that_does_not_come_back_is_seen(rig: Rig) -> None:
    released = threading.Event()

    def hang(*, key_frames_only: bool) -> FrameSource:  # noqa: ARG001 (as openers are called)
        released.wait(30)
        raise SourceFailed("Timeout", "came back too late")

    capture = rig.start("rtsp://c/x", opener=hang)
    assert capture.stuck() is None
    stuck = eventually(capture.stuck, timeout_s=5, period_s=0.02, what="stuck")
    assert stuck is not None
    assert "did not come back" in stuck
    released.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_capture_thread_that_died_is_seen(rig: Rig) -> None:
    def fail(*, key_frames_only: bool) -> FrameSource:  # noqa: ARG001 (as openers are called)
        raise RuntimeError("a fault of our own")

    capture = rig.start("rtsp://c/x", opener=fail)
    stuck = eventually(capture.stuck, timeout_s=5, period_s=0.02, what="stuck")
    assert stuck == "the capture thread has ended"
