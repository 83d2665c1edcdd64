"""Brightness and Motion on pictures with known answers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from tests.support.records import Image, flat, halves, record
from videostream_consumer.frame import Need, decode_frame
from videostream_consumer.signals.brightness import Brightness
from videostream_consumer.signals.contract import Fields
from videostream_consumer.signals.motion import Motion
from videostream_consumer.zones import AnyZone, WholeFrame, Zone

WHOLE: tuple[AnyZone, ...] = (WholeFrame(),)
LEFT = Zone("left", ((0, 0), (500, 0), (500, 1000), (0, 1000)))
RIGHT = Zone("right", ((500, 0), (1000, 0), (1000, 1000), (500, 1000)))


def brightness(image: Image, zones: Sequence[AnyZone] = WHOLE) -> Mapping[str, Fields]:
    return Brightness().measure(decode_frame(record(image), Need.GRAY), zones)


def motion(
    now: Image | None, before: Image | None, zones: Sequence[AnyZone] = WHOLE, threshold: int = 30
) -> Mapping[str, Fields]:
    frame = decode_frame(record(flat(0), thumbnail=now, reference=before), Need.THUMBNAIL)
    return Motion(threshold=threshold).measure(frame, zones)


@pytest.mark.parametrize("value", [0, 77, 255])
@pytest.mark.parametrize("width", [160, 1280])
def test_a_flat_frame_has_one_brightness(value: int, width: int) -> None:
    fields = brightness(flat(value, width=width, height=width // 2))["frame"]
    assert fields == {"mean": value, "min": value, "max": value, "stddev": 0}


@pytest.mark.parametrize("width", [160, 320, 1280])
def test_halves_have_the_statistics_of_two_values(width: int) -> None:
    fields = brightness(halves(50, 150, width=width, height=width // 2))["frame"]
    assert fields["mean"] == pytest.approx(100, abs=0.5)
    assert fields["min"] == pytest.approx(50, abs=2)
    assert fields["max"] == pytest.approx(150, abs=2)
    assert fields["stddev"] == pytest.approx(50, abs=1)


def test_brightness_looks_at_its_zones_only() -> None:
    fields = brightness(halves(50, 150, width=160, height=80), (LEFT, RIGHT))
    assert fields["left"]["mean"] == pytest.approx(50, abs=0.5)
    assert fields["right"]["min"] == pytest.approx(150, abs=2)
    assert list(fields) == ["left", "right"]


def test_the_extremes_are_those_of_the_reduced_picture() -> None:
    """What docs/points.md says: one white pixel in 720p is averaged over its 4 x 4 block."""
    image = flat(0, width=1280, height=720)
    image[100, 100] = 255
    assert brightness(image)["frame"]["max"] < 64  # type: ignore[operator]


def test_nothing_moves_between_equal_thumbnails() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (72, 128), np.uint8)
    assert motion(noise, noise)["frame"] == {"changed": 0.0}


def test_a_half_that_changed_is_half_of_the_frame() -> None:
    changed = motion(halves(50, 150), flat(50), (*WHOLE, LEFT, RIGHT))
    assert changed == {
        "frame": {"changed": 0.5},
        "left": {"changed": 0.0},
        "right": {"changed": 1.0},
    }


def test_a_difference_has_to_exceed_the_threshold() -> None:
    assert motion(flat(80), flat(50), threshold=30)["frame"] == {"changed": 0.0}
    assert motion(flat(81), flat(50), threshold=30)["frame"] == {"changed": 1.0}
    assert motion(flat(50), flat(81), threshold=30)["frame"] == {"changed": 1.0}


@pytest.mark.parametrize(
    ("now", "before"),
    [(flat(1), None), (None, flat(1)), (None, None), (flat(1), flat(1, width=32))],
)
def test_without_a_reference_of_its_size_there_is_no_motion_point(
    now: Image | None, before: Image | None
) -> None:
    assert motion(now, before) == {}


def test_a_small_area_does_not_count_and_a_large_one_counts_whole() -> None:
    """Of 64 x 48 pixels one permille is 3.072: 16 pixels are 5.2 permille, 64 are 20.8."""
    now = flat(50)
    now[8:12, 8:12] = 200  # 16 pixels
    now[16:24, 40:48] = 200  # 64 pixels
    count = {permille: changed_px(now, permille) for permille in (0, 5, 6, 20, 21)}
    assert count == {0: 80, 5: 80, 6: 64, 20: 64, 21: 0}


def changed_px(now: Image, min_area_permille: int) -> float:
    frame = decode_frame(record(flat(0), thumbnail=now, reference=flat(50)), Need.THUMBNAIL)
    signal = Motion(threshold=75, min_area_permille=min_area_permille)
    return round(float(signal.measure(frame, WHOLE)["frame"]["changed"]) * 64 * 48, 6)


def test_an_area_on_the_border_of_a_zone_is_judged_by_all_of_it() -> None:
    now = flat(50)
    now[16:24, 24:40] = 200  # 128 pixels, 41.7 permille, half of them in each zone
    frame = decode_frame(record(flat(0), thumbnail=now, reference=flat(50)), Need.THUMBNAIL)
    found = Motion(threshold=75, min_area_permille=40).measure(frame, (LEFT, RIGHT))
    assert found["left"] == found["right"] == {"changed": 64 / (32 * 48)}


def test_pixels_that_touch_at_a_corner_are_one_area() -> None:
    now = flat(50)
    now[0:8, 0:8] = now[8:16, 8:16] = 200
    assert changed_px(now, 30) == 128  # each of the two alone is 20.8 permille
