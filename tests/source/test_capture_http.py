"""Sources over HTTP: what they are is found by their answer; snapshots, motion JPEG, HLS."""

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.capture_rig import PATIENT, Rig, reaches, rig, take
from tests.support.eventually import eventually
from tests.support.fault_servers import Mjpeg, jpeg, mjpeg_server
from tests.support.http_pictures import hls, serving, snapshots
from tests.unit.producer.test_settings import environ
from videostream_pipeline.logs import Redactor
from videostream_producer.encode import make_pictures
from videostream_producer.jpeg import Jpeg
from videostream_producer.opening import source_opener
from videostream_producer.settings import parse_settings
from videostream_producer.source import FrameSource, Reading, open_ffmpeg

__all__ = ["rig"]

pytestmark = pytest.mark.source

PASSWORD = "p@ss/w#rd:99"
LOGIN: dict[str, Any] = {"source__credentialsSecretRef": {"name": "gate-login"}}


def test_snapshots_are_asked_for_at_the_target_rate_over_one_connection(rig: Rig) -> None:
    with serving(snapshots(), "/snapshot.jpg?channel=1") as site:
        capture = rig.start(site.url, frames__fps=10, **PATIENT)
        frames = take(capture, 21)
        asked = len(site.requests)
        assert len(site.connections) == 1
    times = [frame.capture_time_ns for frame in frames]
    assert (times[-1] - times[0]) / 1e9 == pytest.approx(2.0, abs=0.35)
    assert asked <= 24
    assert capture.info is not None
    assert (capture.info.codec, capture.info.width, capture.info.height) == ("jpeg", 160, 96)
    assert isinstance(frames[0].picture, Jpeg)


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_snapshots_that_need_a_password(rig: Rig, scheme: Any) -> None:
    rig.log_in("viewer", "a guess")
    site = snapshots()
    site.scheme, site.password = scheme, PASSWORD
    with serving(site, "/snapshot.jpg"):
        capture = rig.start(site.url, frames__fps=20, **LOGIN, **PATIENT)
        life = reaches(capture, "Backoff", "AuthenticationFailed")
        assert "correct the Secret" in life.message
        rig.log_in("viewer", PASSWORD)
        take(capture, 10)
        assert capture.life.reconnects == 0
        # A rotated password is read at the next attempt.
        site.password = "another"
        reaches(capture, "Backoff", "AuthenticationFailed")
        rig.log_in("viewer", "another")
        eventually(lambda: capture.life.reconnects == 1, timeout_s=10, what="a reconnect")


def test_a_snapshot_camera_that_fails_is_named_and_asked_again_with_waits(rig: Rig) -> None:
    site = snapshots()
    good = site.answer
    with serving(site, "/snapshot.jpg"):
        capture = rig.start(site.url, frames__fps=50)
        take(capture, 5)
        site.answer = lambda _: (503, "text/plain", b"busy")
        life = reaches(capture, "Backoff", "OpenFailed")
        assert "503" in life.message
        failed, asked = rig.metrics.total("source_opens"), len(site.requests)
        eventually(
            lambda: rig.metrics.total("source_opens") >= failed + 6,
            timeout_s=10,
            period_s=0.01,
            what="six attempts",
        )
        # Full jitter of 0.2 s: six attempts take 0.5 s on average, a spin some milliseconds.
        assert site.requests[asked + 4] - site.requests[asked - 1] > 0.05
        site.answer = lambda _: (200, "image/jpeg", jpeg(1)[:200])
        eventually(
            lambda: "sends no JPEG" in capture.life.message, timeout_s=10, what="half a picture"
        )
        site.answer = good
        reaches(capture, "Streaming")


def test_a_slow_rate_of_snapshots_is_no_stall(rig: Rig) -> None:
    with serving(snapshots(), "/snapshot.jpg") as site:
        limits: Any = {"source__readTimeout": "2s", "source__stallTimeout": "2s"}
        capture = rig.start(site.url, frames__fps=0.1, **limits)
        reaches(capture, "Streaming")
        # Asked at least twice in readTimeout, so that a dead camera is noticed.
        eventually(lambda: len(site.requests) >= 4, timeout_s=20, what="four requests")
        assert (capture.life.state, capture.life.failures) == ("Streaming", 0)


def test_a_motion_jpeg_stream_may_change_its_size(rig: Rig) -> None:
    def picture(index: int) -> bytes:
        return jpeg(index) if index < 20 else jpeg(index, width=320, height=240)

    with mjpeg_server(Mjpeg(picture=picture)) as server:
        capture = rig.start(server.url, frames__fps=25, **PATIENT)
        frames = take(capture, 40)
        assert capture.info is not None
        assert (capture.info.width, capture.info.height) == (320, 240)
        assert len(server.connections) == 1
    assert {frame.image.shape for frame in frames} == {(96, 160, 3), (240, 320, 3)}


def test_parts_that_are_no_pictures_are_passed_over(rig: Rig) -> None:
    def picture(index: int) -> bytes:
        return [jpeg(index), b"this is no picture", jpeg(index)[:300], b"\xff\xd8\xff" * 9][
            index % 4
        ]

    with mjpeg_server(Mjpeg(fps=50, picture=picture)) as server:
        capture = rig.start(server.url, frames__fps=25, **PATIENT)
        frames = take(capture, 10)
        assert (capture.life.state, capture.life.failures) == ("Streaming", 0)
    assert all(frame.image.shape == (96, 160, 3) for frame in frames)


def test_motion_jpeg_costs_a_fraction_of_decoding_all_of_it(tmp_path: Path) -> None:
    pictures = [_noisy(seed) for seed in range(5)]
    camera = Mjpeg(fps=500, picture=lambda index: pictures[index % 5])
    with mjpeg_server(camera) as server:
        settings = parse_settings(environ(source__url=server.url))
        opener = source_opener(
            settings.source,
            fps=5,
            credentials_dir=tmp_path,
            tls_dir=tmp_path,
            redactor=Redactor(),
        )
        ours_s = _cost_s(opener(key_frames_only=False))
        decoding_s = _cost_s(open_ffmpeg(server.url, Reading(5, 5)))
    print(f"720p motion JPEG, 25 fps in, 5 out: {ours_s / decoding_s:.3f} of decoding all")
    assert ours_s < 0.5 * decoding_s


def _cost_s(source: FrameSource) -> float:
    """Measure the CPU time of this thread for 100 frames of which each fifth is pictured."""
    source.grab()
    started_s = time.thread_time()
    for index in range(100):
        assert source.grab()
        if index % 5 == 0:
            picture = source.retrieve()
            assert picture is not None
            make_pictures(picture, width=None, height=None, jpeg_quality=80, thumbnail_width=128)
    used_s = time.thread_time() - started_s
    source.close()
    return used_s


def _noisy(seed: int) -> bytes:
    image = np.random.default_rng(seed).normal(120, 10, (720, 1280, 3)).clip(0, 255)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 75]
    return cv2.imencode(".jpg", image.astype(np.uint8), quality)[1].tobytes()


@pytest.mark.parametrize("sound", [False, True])
def test_hls_plays_at_its_own_speed(rig: Rig, *, sound: bool) -> None:
    with hls(seconds=12, sound=sound) as site:
        capture = rig.start(site.url, frames__fps=5, source__readTimeout="3s")
        frames = take(capture, 16)
        assert capture.info is not None
        assert (capture.info.codec, capture.life.state) == ("h264", "Streaming")
    times = [frame.capture_time_ns for frame in frames]
    # Segments of a second come at once; the frames must not.
    assert (times[-1] - times[0]) / 1e9 == pytest.approx(3.0, abs=0.5)
    bars = [int(np.argmax(frame.image[48, :, 0])) // 8 for frame in frames]
    steps = [(after - before) % 19 for before, after in pairwise(bars)]
    assert set(steps) <= {4, 5, 6}, steps


def test_hls_behind_a_password(rig: Rig) -> None:
    rig.log_in("viewer", PASSWORD)
    with hls(seconds=6) as site:
        site.password = PASSWORD
        take(rig.start(site.url, **LOGIN, source__readTimeout="3s"), 3)


def test_a_page_is_no_video(rig: Rig) -> None:
    site = snapshots()
    site.answer = lambda _: (200, "text/html", b"<html>camera</html>")
    with serving(site, "/"):
        assert "no video" in reaches(rig.start(site.url), "Backoff", "OpenFailed").message
