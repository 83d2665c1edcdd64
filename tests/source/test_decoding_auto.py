"""Decoding of key frames alone, chosen by watching a real stream of H.264 or H.265."""

import logging
from typing import Any

import numpy as np
import pytest

from tests.support.capture_rig import PATIENT, Rig, cpu_share, reaches, rig, take
from tests.support.encoded import Codec, clip
from tests.support.eventually import eventually
from tests.support.fault_servers import Mjpeg, mjpeg_server
from tests.support.rtsp_source import Rtsp, rtsp_source

__all__ = ["rig"]

pytestmark = pytest.mark.source

ONE_A_SECOND: dict[str, Any] = PATIENT | {"frames__fps": 1}


def key_frames_only(rig: Rig) -> bool:
    return rig.metrics.registry.get_sample_value("videostream_producer_key_frames_only") == 1


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_key_frames_alone_are_decoded_once_they_come_often_enough(rig: Rig, codec: Codec) -> None:
    small = clip(codec, frames=10)
    with rtsp_source(Rtsp(clips=(small,))) as server:
        capture = rig.start(server.url, **ONE_A_SECOND)
        eventually(lambda: key_frames_only(rig), timeout_s=20, what="key frames only")
        before = rig.metrics.total("source_frames")
        frames = take(capture, 8)
        read = rig.metrics.total("source_frames") - before
        assert (capture.life.state, capture.life.reconnects) == ("Streaming", 0)
        assert capture.life.failures == 0
        assert rig.metrics.total("source_opens") == len(server.connections) == 2
    # The clip's first picture is its key frame; the first frames may be of the time before.
    bars = [int(np.argmax(frame.image[48, :, 0])) // 8 for frame in frames[2:]]
    assert set(bars) == {0}
    # Two or three key frames come in the time of one that is asked for, and 25 of all frames.
    span_s = (frames[-1].capture_time_ns - frames[2].capture_time_ns) / 1e9
    assert span_s / 5 == pytest.approx(1.0, abs=0.3)
    assert read < 60


def test_that_saves_most_of_the_work(rig: Rig) -> None:
    """Measured on the same stream, before the change of mind and after it."""
    rtsp = Rtsp(clips=(clip(frames=25, width=1280, height=720),))
    with rtsp_source(rtsp) as server:
        whole = rig.start(server.url, **ONE_A_SECOND, source__decode="All")
        reaches(whole, "Streaming")
        all_share = cpu_share(whole, over_s=4)
        whole.stop(timeout_s=5)
        capture = rig.start(server.url, **ONE_A_SECOND)
        eventually(lambda: key_frames_only(rig), timeout_s=30, what="key frames only")
        take(capture, 1)
        share = cpu_share(capture, over_s=4)
    print(f"one key frame in 25, 1 fps asked for: {share / all_share:.2f} of decoding all")
    assert share < 0.7 * all_share


def test_all_frames_are_decoded_again_when_key_frames_become_rare(rig: Rig) -> None:
    # Five quick key frames, then none for 12 s, and that anew with each connection.
    quick, slow = clip(frames=10), clip(frames=300)
    with rtsp_source(Rtsp(clips=(*[quick] * 4, slow))) as server:
        capture = rig.start(server.url, **ONE_A_SECOND, source__stallTimeout="10s")
        eventually(lambda: key_frames_only(rig), timeout_s=20, what="key frames only")
        eventually(lambda: not key_frames_only(rig), timeout_s=20, what="all frames")
        take(capture, 6)
        assert not key_frames_only(rig)
        assert len(server.connections) == 3
        assert (capture.life.state, capture.life.failures) == ("Streaming", 0)
        assert capture.life.reconnects == 0


def test_the_choice_is_kept_when_the_camera_breaks_off(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with rtsp_source(Rtsp(frames=130, clips=(clip(frames=10),), fps=50)) as server:
        capture = rig.start(server.url, **ONE_A_SECOND)
        eventually(lambda: capture.life.reconnects >= 2, timeout_s=40, what="two reconnects")
        assert key_frames_only(rig)
    assert caplog.text.count("decoding key frames only") == 1


@pytest.mark.parametrize("fps", [2, 25])
def test_more_frames_than_one_a_second_need_all_of_them(rig: Rig, fps: int) -> None:
    with rtsp_source(Rtsp(clips=(clip(frames=5),))) as server:
        take(rig.start(server.url, frames__fps=fps, **PATIENT), 6)
        assert len(server.connections) == 1
    assert not key_frames_only(rig)


def test_motion_jpeg_has_nothing_to_leave_out(rig: Rig) -> None:
    with mjpeg_server(Mjpeg()) as server:
        take(rig.start(server.url, **ONE_A_SECOND), 4)
        assert len(server.connections) == 1
    assert not key_frames_only(rig)
