"""Signals on pictures with known answers."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pytest

from tests.support.records import Image, flat, halves, record
from videostream_consumer.frame import Frame, Need, decode_frame
from videostream_consumer.settings import SignalEntry
from videostream_consumer.signals.brightness import Brightness
from videostream_consumer.signals.contract import Fields, Signal
from videostream_consumer.signals.motion import Motion
from videostream_consumer.signals.registry import (
    SignalsInvalid,
    installed_types,
    make_signal,
    measurement_of,
)
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
    return Motion(threshold).measure(frame, zones)


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


@pytest.mark.parametrize("threshold", [-1, 256, "30", 1.5, None])
def test_a_threshold_out_of_range_is_refused(threshold: object) -> None:
    with pytest.raises(
        ValueError, match=r"motion\.threshold is .*: expected a whole number 0 to 255"
    ):
        Motion.from_entry({"motion": {"threshold": threshold}})


def test_the_threshold_has_the_default_of_the_crd() -> None:
    assert Motion.from_entry({}).threshold == 30


@pytest.mark.parametrize(
    ("name", "measurement"),
    [
        ("Brightness", "brightness"),
        ("DoorOpen", "door_open"),
        ("RTSPHealth", "rtsp_health"),
        ("Line2Crossing", "line2_crossing"),
    ],
)
def test_a_measurement_is_the_type_in_snake_case(name: str, measurement: str) -> None:
    assert measurement_of(name) == measurement


def test_the_built_in_types_are_found_as_plugins_are() -> None:
    assert {"Brightness", "Motion"} <= set(installed_types())


def test_an_unknown_type_is_refused_with_those_installed() -> None:
    entry = SignalEntry("faces", "Faces", (), {})
    with pytest.raises(
        SignalsInvalid,
        match="signal 'faces': there is no type 'Faces' in this image: expected one"
        " of Brightness, Motion",
    ):
        make_signal(entry, installed_types())


class Frame_(Signal):  # noqa: N801 (the type's name is what matters)
    """A plug-in that would write into the ledger."""

    need = Need.GRAY

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Self:  # noqa: ARG003
        return cls()

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:  # noqa: ARG002
        return {}


@pytest.mark.parametrize("name", ["Frame", "Pipeline"])
def test_a_type_cannot_write_to_the_pipelines_own_measurements(name: str) -> None:
    with pytest.raises(SignalsInvalid, match="the pipeline's own measurement"):
        make_signal(SignalEntry("x", name, (), {}), {name: Frame_})
