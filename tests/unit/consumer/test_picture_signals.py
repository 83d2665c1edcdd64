"""Colour, Contrast and Sharpness on pictures whose answers are computed without OpenCV."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import pytest

from tests.support.records import Image, flat, halves, record
from videostream_consumer.frame import Need, decode_frame
from videostream_consumer.signals.colour import Colour
from videostream_consumer.signals.contract import Fields, Signal
from videostream_consumer.signals.contrast import Contrast
from videostream_consumer.signals.sharpness import Sharpness
from videostream_consumer.zones import AnyZone, WholeFrame, Zone

WHOLE: tuple[AnyZone, ...] = (WholeFrame(),)
LEFT = Zone("left", ((0, 0), (500, 0), (500, 1000), (0, 1000)))
RIGHT = Zone("right", ((500, 0), (1000, 0), (1000, 1000), (500, 1000)))


def measured(
    signal: Signal, picture: Image, zones: Sequence[AnyZone] = WHOLE
) -> Mapping[str, Fields]:
    return signal.measure(decode_frame(record(picture), signal.need), zones)


def coloured(bgr: tuple[int, int, int], *, width: int = 64, height: int = 48) -> Image:
    return np.full((height, width, 3), bgr, np.uint8)


@pytest.mark.parametrize("width", [64, 320, 1280])
def test_a_colour_has_its_three_means_and_no_spread(width: int) -> None:
    fields = measured(Colour(), coloured((40, 90, 200), width=width, height=width // 2))["frame"]
    means = [fields[f"{name}_mean"] for name in ("blue", "green", "red")]
    assert means == pytest.approx([40, 90, 200], abs=2)  # JPEG stores other axes than RGB
    assert [fields[f"{name}_stddev"] for name in ("blue", "green", "red")] == [0, 0, 0]


def test_colour_looks_at_its_zones_and_tells_their_spread() -> None:
    picture = coloured((0, 0, 0))
    picture[:, 32:] = (100, 0, 0)
    fields = measured(Colour(), picture, (*WHOLE, RIGHT))
    assert fields["right"]["blue_mean"] == pytest.approx(100, abs=2)
    assert fields["frame"]["blue_mean"] == pytest.approx(50, abs=2)
    assert fields["frame"]["blue_stddev"] == pytest.approx(50, abs=2)
    assert float(fields["right"]["blue_stddev"]) < 5  # JPEG smears colour over the border


def test_a_gray_camera_has_three_equal_channels() -> None:
    fields = measured(Colour(), flat(77))["frame"]
    assert {fields[f"{name}_mean"] for name in ("blue", "green", "red")} == {77.0}


def test_a_flat_picture_has_neither_spread_nor_entropy() -> None:
    assert measured(Contrast(), flat(77))["frame"] == {"spread": 0.0, "entropy": 0.0}


def test_contrast_is_that_of_the_histogram() -> None:
    """16 gray levels of equal area, 10 apart: log2(16) bits, and no level is within 5 %."""
    picture = np.repeat(np.arange(16, dtype=np.uint8) * 10 + 40, 8)[np.newaxis].repeat(64, axis=0)
    fields = measured(Contrast(), picture, (*WHOLE, LEFT))
    assert fields["frame"] == {"spread": 150.0, "entropy": pytest.approx(4.0, abs=1e-9)}
    assert fields["left"] == {"spread": 70.0, "entropy": pytest.approx(3.0, abs=1e-9)}


def test_the_spread_leaves_out_a_lamp_and_a_shadow() -> None:
    picture = halves(100, 150, width=160, height=160)
    picture[:32, :32] = 250  # 4 % of the picture
    picture[-32:, -32:] = 5
    assert measured(Contrast(), picture)["frame"]["spread"] == pytest.approx(50, abs=2)


def test_contrast_agrees_with_percentiles_and_entropy_by_counting() -> None:
    noise = np.random.default_rng(3).normal(120, 30, (120, 160)).clip(0, 255).astype(np.uint8)
    fields = measured(Contrast(), noise)["frame"]
    seen = np.sort(decode_frame(record(noise), Need.GRAY).gray.ravel())
    shares = np.unique(seen, return_counts=True)[1] / seen.size
    assert fields["spread"] == int(seen[-seen.size // 20 - 1]) - int(seen[seen.size // 20 - 1])
    assert fields["entropy"] == pytest.approx(-sum(p * np.log2(p) for p in shares))


def ramp(slope: int, *, axis: int) -> Image:
    """A picture whose gray level rises by `slope` in each pixel; 16 pixels, then falls again."""
    wave = np.abs((np.arange(64) % 32) - 16) * slope + 40
    return np.asarray(np.broadcast_to(wave if axis else wave[:, np.newaxis], (64, 64)), np.uint8)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("slope", [2, 6])
def test_the_slope_of_a_ramp_is_its_sharpness(slope: int, axis: int) -> None:
    """Inside a ramp the squared slope is slope^2; the middle of one is the zone."""
    band = ((62, 62), (188, 62), (188, 188), (62, 188))  # pixels 4 to 11 of 64, one falling ramp
    fields = measured(Sharpness(), ramp(slope, axis=axis), (Zone("inside", band),))
    assert fields["inside"]["tenengrad"] == pytest.approx(slope**2, rel=0.1)


def test_sharpness_is_the_mean_squared_slope_of_the_decoded_picture() -> None:
    noise = np.random.default_rng(5).integers(0, 255, (48, 64), np.uint8)
    seen = decode_frame(record(noise), Need.FULL_GRAY).full_gray.astype(float)
    padded = np.pad(seen, 1, mode="reflect")
    smooth = np.array([1, 2, 1]) / 4
    rows = sum(w * padded[i : i + 48] for i, w in enumerate(smooth))
    columns = sum(w * padded[:, i : i + 64] for i, w in enumerate(smooth))
    across = (rows[:, 2:] - rows[:, :-2]) / 2
    down = (columns[2:] - columns[:-2]) / 2
    expected = float(np.mean(across**2 + down**2))
    assert measured(Sharpness(), noise)["frame"]["tenengrad"] == pytest.approx(expected, rel=1e-5)


def test_the_more_a_picture_is_blurred_the_less_sharp_it_is() -> None:
    sharp = np.random.default_rng(5).integers(0, 255, (180, 320), np.uint8)
    blurred = [np.asarray(cv2.GaussianBlur(sharp, (0, 0), s), np.uint8) for s in (0.5, 1, 2, 4)]
    found = [measured(Sharpness(), picture)["frame"]["tenengrad"] for picture in (sharp, *blurred)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 4 * found[2] > 16 * found[4]  # type: ignore[operator]


def test_a_flat_picture_is_not_sharp() -> None:
    assert measured(Sharpness(), flat(90))["frame"] == {"tenengrad": 0.0}
