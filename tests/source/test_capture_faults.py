"""Capture against the ways in which cameras fail, with the real video library.

For each: what people are told, how soon it goes on, what is counted, and that the thread rests.
"""

import gc
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.capture_rig import PATIENT, Rig, cpu_share, reaches, rig, take
from tests.support.encoded import Codec, clip
from tests.support.eventually import eventually
from tests.support.fault_servers import Mjpeg, black_hole, jpeg, mjpeg_server
from tests.support.rtsp_source import Afterwards, Rtsp, rtsp_source
from videostream_producer.capture import Capture

__all__ = ["rig"]

pytestmark = pytest.mark.source

PASSWORD = "p@ss/w#rd:99"
LOGIN: dict[str, Any] = {"source__credentialsSecretRef": {"name": "gate-login"}}
# What opening anew once a second may cost, as a multiple of reading 720p at 25 fps.  A thread that
# spins uses a whole core: `normal_share` asserts that this would show.
SPIN = 5.0


@pytest.fixture(scope="module")
def normal_share(tmp_path_factory: pytest.TempPathFactory) -> float:
    """The share of a core that reading a well-behaved camera takes: 1280 x 720, 25 fps, H.264."""
    made = Rig(tmp_path_factory.mktemp("normal"))
    with rtsp_source(Rtsp(clips=(clip(width=1280, height=720),))) as server:
        capture = made.start(server.url)
        reaches(capture, "Streaming")
        share = cpu_share(capture, over_s=2)
        made.close()
    assert 0 < SPIN * share < 0.7
    return share


def failures(rig: Rig, reason: str) -> int:
    return rig.metrics.total("source_failures", reason=reason)


def reconnects(capture: Capture, count: int, *, timeout_s: float) -> None:
    eventually(
        lambda: capture.life.reconnects >= count,
        timeout_s=timeout_s,
        period_s=0.02,
        what=f"{count} reconnects",
    )


@pytest.mark.parametrize(
    ("afterwards", "reasons"),
    [
        ("stall", {"Stalled"}),
        ("close", {"EndOfStream", "Stalled"}),
        ("garbage", {"Stalled", "EndOfStream"}),
    ],
)
def test_an_rtsp_camera_that_breaks_off_is_named_and_read_again(
    rig: Rig, normal_share: float, afterwards: Afterwards, reasons: set[str]
) -> None:
    with rtsp_source(Rtsp(frames=40, fps=50, afterwards=afterwards)) as server:
        capture = rig.start(server.url)
        life = reaches(capture, "Backoff")
        assert life.reason in reasons
        assert life.message
        # A stall is seen after 0.5 s, a new stream opens within 1 s, the wait is 0.2 s at most.
        reconnects(capture, 2, timeout_s=12)
        assert cpu_share(capture, over_s=2) < SPIN * normal_share
        assert sum(failures(rig, reason) for reason in reasons) >= 2
        assert rig.metrics.total("source_opens") >= len(server.connections) - 1
        assert rig.metrics.total("source_frames") > 20


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_server_that_accepts_and_says_nothing_costs_nothing(
    rig: Rig, normal_share: float, scheme: str
) -> None:
    with black_hole(scheme) as server:
        capture = rig.start(server.url)
        reaches(capture, "Backoff", "Timeout")
        assert cpu_share(capture, over_s=3) < SPIN * normal_share
        assert failures(rig, "Timeout") >= 1
        # One to be read and one to ask why, each with a time-out of 1 s.
        assert len(server.connections) <= 8
    assert rig.metrics.total("source_frames") == 0


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_an_rtsp_camera_that_refuses_the_password_is_asked_seldom(
    rig: Rig, normal_share: float, scheme: Any
) -> None:
    rig.log_in("viewer", "a guess")
    waits: Any = {"source__reconnect": {"initialBackoff": "50ms", "maxBackoff": "1s"}}
    with rtsp_source(Rtsp(scheme=scheme, password=PASSWORD)) as server:
        capture = rig.start(server.url, **LOGIN, **waits)
        life = reaches(capture, "Backoff", "AuthenticationFailed")
        assert "correct the Secret" in life.message
        before = failures(rig, "AuthenticationFailed")
        assert cpu_share(capture, over_s=3) < SPIN * normal_share
        # Always the longest wait: cameras lock accounts.
        assert failures(rig, "AuthenticationFailed") - before <= 3
        rig.log_in("viewer", PASSWORD)
        reaches(capture, "Streaming")


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_an_http_camera_is_logged_in_to_either_way(rig: Rig, scheme: Any) -> None:
    rig.log_in("viewer", "a guess")
    with mjpeg_server(Mjpeg(scheme=scheme, password=PASSWORD)) as server:
        capture = rig.start(server.url, **LOGIN)
        reaches(capture, "Backoff", "AuthenticationFailed")
        rig.log_in("viewer", PASSWORD)
        reaches(capture, "Streaming")
    assert failures(rig, "AuthenticationFailed") >= 1


@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize(("codec", "name"), [("h264", "h264"), ("hevc", "h265")])
def test_reads_h264_and_h265_with_and_without_sound(
    rig: Rig, codec: Codec, name: str, *, sound: bool
) -> None:
    with rtsp_source(Rtsp(clips=(clip(codec, frames=38),), sound=sound)) as server:
        capture = rig.start(server.url, frames__fps=25, **PATIENT)
        frames = take(capture, 20)
        assert capture.info is not None
        assert (capture.info.codec, capture.info.width, capture.info.height) == (name, 160, 96)
        assert (capture.life.state, len(server.connections)) == ("Streaming", 1)
    # The bar is where it should be: the pictures are decoded, not guessed.
    bars = [int(np.argmax(frame.image[48, :, 0])) // 8 for frame in frames[5:]]
    steps = {(after - before) % 19 for before, after in pairwise(bars)}
    assert steps <= {1, 2, 3}, bars


def test_reads_rtp_over_udp_and_names_its_silence(rig: Rig) -> None:
    with rtsp_source(Rtsp(clips=(clip(frames=38),), frames=60, afterwards="stall")) as server:
        capture = rig.start(server.url, frames__fps=25, source__transport="UDP", **PATIENT)
        frames = take(capture, 20)
        assert len(server.connections) == 1
        reaches(capture, "Backoff", "Stalled")
    assert frames[0].image.shape == (96, 160, 3)


def test_only_key_frames_are_decoded_if_that_is_asked_for(rig: Rig) -> None:
    with rtsp_source(Rtsp(clips=(clip(frames=10, width=1280, height=720),))) as server:
        whole = rig.start(server.url, **PATIENT)
        reaches(whole, "Streaming")
        all_share = cpu_share(whole, over_s=2)
        whole.stop(timeout_s=5)
        before = rig.metrics.total("source_frames")
        capture = rig.start(server.url, frames__fps=25, source__decode="KeyFrames", **PATIENT)
        frames = take(capture, 5)
        share = cpu_share(capture, over_s=2)
        read = rig.metrics.total("source_frames") - before
    # A key frame each 0.4 s, later on a busy machine, and each shows the clip's first picture.
    span_s = (frames[-1].capture_time_ns - frames[1].capture_time_ns) / 1e9
    assert span_s > 1
    assert {int(np.argmax(frame.image[360, :, 0])) // 8 for frame in frames} == {0}
    assert read < 20
    print(f"key frames only, one of 10: {share / all_share:.2f} of the CPU of decoding all")
    assert share < 0.7 * all_share


def test_a_camera_with_rare_key_frames_is_shown_from_its_first_one(rig: Rig) -> None:
    # The next key frame comes after 12 s, far beyond the read time-out of 5 s.
    with rtsp_source(Rtsp(clips=(clip(frames=300),))) as server:
        capture = rig.start(server.url, frames__fps=25, **PATIENT)
        take(capture, 10)
        assert (len(server.connections), capture.life.failures) == (1, 0)


def test_a_stream_goes_on_when_the_resolution_changes(rig: Rig) -> None:
    clips = (clip(frames=100), clip(frames=100, width=320, height=192))
    with rtsp_source(Rtsp(clips=clips, fps=50)) as server:
        capture = rig.start(server.url, frames__fps=25, **PATIENT)
        frames = take(capture, 70)
        assert (capture.life.state, capture.life.failures) == ("Streaming", 0)
        assert len(server.connections) == 1
    assert all(frame.image.shape == frames[0].image.shape for frame in frames)


@pytest.mark.parametrize(("width", "height"), [(16, 16), (2, 2), (7680, 4320)])
def test_reads_tiny_and_huge_frames(rig: Rig, width: int, height: int) -> None:
    picture = jpeg(0, width=width, height=height) if width > 8 else _gray(width, height)
    with mjpeg_server(Mjpeg(fps=5, picture=lambda _: picture)) as server:
        frame = take(rig.start(server.url, source__readTimeout="5s", source__openTimeout="5s"), 1)
    assert frame[0].image.shape == (height, width, 3)


def _gray(width: int, height: int) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def test_a_camera_slower_than_its_time_out_is_stalled_and_comes_back(rig: Rig) -> None:
    with mjpeg_server(Mjpeg(fps=1)) as server:
        capture = rig.start(server.url, source__openTimeout="5s", source__stallTimeout="500ms")
        reaches(capture, "Streaming")
        reaches(capture, "Backoff", "Stalled")
    assert failures(rig, "Stalled") >= 1


@pytest.mark.parametrize("kind", ["http", "rtsp"])
def test_memory_does_not_grow_over_200_reconnects(rig: Rig, kind: str) -> None:
    quick: Any = {"source__reconnect": {"initialBackoff": "1ms", "maxBackoff": "2ms"}}
    serving = (
        mjpeg_server(Mjpeg(frames=4, fps=200))
        if kind == "http"
        else rtsp_source(Rtsp(clips=(_SMALL,), frames=12, fps=200))
    )
    with serving as server:
        capture = rig.start(server.url, **quick)
        reconnects(capture, 40, timeout_s=30)
        before_kib = resident_kib()
        reconnects(capture, 240, timeout_s=60)
        grown_kib = resident_kib() - before_kib
    # A leaked decoder holds some hundred KiB: 200 of them would show as 20 MiB and more.
    assert grown_kib < 8 * 1024


_SMALL = clip(frames=4)


def resident_kib() -> int:
    gc.collect()
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])
