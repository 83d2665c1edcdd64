"""The published truth agrees with the pictures that the camera renders."""

import numpy as np
import pytest

from images.camera import scene

WIDTH, HEIGHT = 320, 180
THRESHOLD = 30
# One whole period of the scene in steps of a frame at 10 fps, at a real date.
START_S = 1_800_000_000
INSTANTS = [START_S + step / 10 for step in range(600)]


def changed(t0: float, t1: float, *, width: int = WIDTH, height: int = HEIGHT) -> float:
    before = scene.render(t0, width, height).astype(int)
    after = scene.render(t1, width, height).astype(int)
    return float((np.abs(after - before) > THRESHOLD).mean())


def test_curve_is_the_published_one() -> None:
    assert scene.background(START_S) == pytest.approx(120)
    assert scene.background(START_S + 15) == pytest.approx(180)
    assert scene.background(START_S + 30) == pytest.approx(120)
    assert scene.background(START_S + 45) == pytest.approx(60)
    assert scene.brightness(START_S) == pytest.approx(120 + 60 / 16)


def test_brightness_is_the_mean_of_the_picture() -> None:
    for time_s in INSTANTS:
        mean = scene.render(time_s, WIDTH, HEIGHT).mean()
        # Levels are whole numbers, which moves the mean by half a level at most.
        assert abs(mean - scene.brightness(time_s)) <= 0.5, time_s


@pytest.mark.parametrize(("width", "height"), [(64, 48), (640, 480), (1280, 720), (1920, 1080)])
def test_brightness_holds_for_other_sizes(width: int, height: int) -> None:
    for time_s in INSTANTS[::7]:
        mean = scene.render(time_s, width, height).mean()
        assert abs(mean - scene.brightness(time_s)) <= 0.6, time_s


def test_object_is_in_its_box() -> None:
    for time_s in INSTANTS:
        box = scene.object_box(time_s)
        bright = scene.render(time_s, WIDTH, HEIGHT) > scene.background(time_s) + 30
        rows, columns = np.nonzero(bright)
        assert abs(columns.min() - box.left * WIDTH) <= 0.5
        assert abs(columns.max() + 1 - box.right * WIDTH) <= 0.5
        assert abs(rows.min() - box.top * HEIGHT) <= 0.5
        assert bright.sum() == 60 * 60


def test_object_moves_for_20_s_and_rests_for_10_s() -> None:
    for time_s in INSTANTS:
        assert scene.is_moving(time_s) == ((time_s - START_S) % 30 < 20)
    resting = [scene.object_box(time_s) for time_s in INSTANTS if not scene.is_moving(time_s)]
    assert len(resting) == 200
    assert set(resting) == {scene.Box(0.0, 1 / 3, 3 / 16, 2 / 3)}


@pytest.mark.parametrize("fps", [1, 2, 5, 10])
def test_expected_changed_is_what_the_pictures_show(fps: int) -> None:
    for time_s in INSTANTS[::3]:
        expected = scene.expected_changed(
            time_s - 1 / fps, time_s, width=WIDTH, height=HEIGHT, threshold=THRESHOLD
        )
        assert expected == changed(time_s - 1 / fps, time_s), time_s


def test_nothing_changes_while_the_object_rests() -> None:
    for time_s in INSTANTS:
        if not scene.is_moving(time_s) and not scene.is_moving(time_s - 0.2):
            assert changed(time_s - 0.2, time_s) == 0, time_s


def test_each_moving_frame_changes_a_known_share_of_the_picture() -> None:
    for time_s in INSTANTS:
        if scene.is_moving(time_s) and scene.is_moving(time_s - 0.2):
            share = changed(time_s - 0.2, time_s)
            crossed = abs(scene.object_box(time_s).left - scene.object_box(time_s - 0.2).left)
            overlapping = min(crossed, scene.OBJECT_WIDTH)
            assert share == pytest.approx(2 * overlapping * scene.OBJECT_HEIGHT, abs=0.0022)
            assert share > 0.018


def test_background_alone_never_passes_the_motion_threshold() -> None:
    steps = [abs(scene.background(t) - scene.background(t - 1)) for t in INSTANTS]
    assert max(steps) < 6.3
