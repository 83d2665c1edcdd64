"""What a viewer decodes is the published scene of the instant before, over RTSP and MJPEG."""

import statistics
import threading
import time
from itertools import pairwise

import numpy as np
import pytest

from images.camera import scene
from tests.support.camera import FPS, HEIGHT, WIDTH, Camera, Seen, see, shown_instant, watching

pytestmark = pytest.mark.camera

THRESHOLD = 30
RECORDED_S = scene.CYCLE_S + 1


@pytest.fixture(scope="module")
def recordings(camera: Camera) -> dict[str, list[Seen]]:
    """One whole cycle of the scene as two viewers saw it at the same time."""
    found: dict[str, list[Seen]] = {"rtsp": [], "mjpeg": []}
    viewers = [
        threading.Thread(target=_record, args=(camera.rtsp_url(), found["rtsp"])),
        threading.Thread(target=_record, args=(camera.mjpeg_url, found["mjpeg"])),
    ]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()
    return found


def _record(url: str, found: list[Seen]) -> None:
    with watching(url) as capture:
        # What piled up while the stream was opened is old.
        settled = time.time() + 3
        while (seen := see(capture)) and seen.at_s < settled + RECORDED_S:
            if seen.at_s > settled:
                found.append(seen)


@pytest.mark.parametrize(("stream", "tolerance"), [("rtsp", 2.0), ("mjpeg", 1.0)])
def test_brightness_is_the_truth_of_the_instant_shown(
    recordings: dict[str, list[Seen]], stream: str, tolerance: float
) -> None:
    seen = recordings[stream]
    assert len(seen) > 0.8 * RECORDED_S * FPS
    errors = [one.image.mean() - scene.brightness(shown_instant(one)) for one in seen]
    print(f"{stream}: {len(seen)} pictures, error {min(errors):.2f} to {max(errors):.2f}")
    assert -tolerance < min(errors)
    assert max(errors) < tolerance


@pytest.mark.parametrize("stream", ["rtsp", "mjpeg"])
def test_picture_is_the_scene_pixel_by_pixel(
    recordings: dict[str, list[Seen]], stream: str
) -> None:
    for one in recordings[stream][::10]:
        truth = scene.render(shown_instant(one), WIDTH, HEIGHT).astype(int)
        assert np.abs(one.image - truth).mean() < 2


@pytest.mark.parametrize("stream", ["rtsp", "mjpeg"])
def test_picture_shows_the_instant_before(recordings: dict[str, list[Seen]], stream: str) -> None:
    delays = [
        one.at_s - shown_instant(one) for one in recordings[stream] if scene.is_moving(one.at_s - 1)
    ]
    median, worst = statistics.median(delays), max(delays)
    print(f"{stream}: latency median {median:.3f} s, worst {worst:.3f} s")
    # Not before it happened; the upper bounds leave room for a busy machine.
    assert min(delays) > 0
    assert median < 0.5
    assert worst < 2


@pytest.mark.parametrize("stream", ["rtsp", "mjpeg"])
def test_motion_is_the_expected_share_or_nothing(
    recordings: dict[str, list[Seen]], stream: str
) -> None:
    moving = still = 0
    for before, after in pairwise(recordings[stream][::2]):
        t0, t1 = shown_instant(before), shown_instant(after)
        share = (np.abs(after.image.astype(int) - before.image) > THRESHOLD).mean()
        expected = scene.expected_changed(t0, t1, WIDTH, HEIGHT, THRESHOLD)
        assert share == pytest.approx(expected, rel=0.15, abs=0.0005), (t0, t1)
        moving += expected > 0.01
        still += expected == 0
    assert moving > 40
    assert still > 20
