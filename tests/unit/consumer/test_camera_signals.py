"""Tamper and Freeze: what is done to a camera, on thumbnails with known answers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from tests.support.records import Image, flat, halves, record
from videostream_consumer.frame import Need, decode_frame
from videostream_consumer.signals.contract import Fields, Signal
from videostream_consumer.signals.freeze import Freeze
from videostream_consumer.signals.tamper import Tamper
from videostream_consumer.zones import AnyZone, WholeFrame, Zone

WHOLE: tuple[AnyZone, ...] = (WholeFrame(),)
LEFT = Zone("left", ((0, 0), (500, 0), (500, 1000), (0, 1000)))
RIGHT = Zone("right", ((500, 0), (1000, 0), (1000, 1000), (500, 1000)))
SCENE = halves(60, 160)


def measured(
    signal: Signal, now: Image | None, before: Image | None, zones: Sequence[AnyZone] = WHOLE
) -> Mapping[str, Fields]:
    frame = decode_frame(record(flat(0), thumbnail=now, reference=before), Need.THUMBNAIL)
    return signal.measure(frame, zones)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (SCENE, {"blackout": 0, "covered": 0, "sudden": 0}),
        (flat(120), {"blackout": 0, "covered": 1, "sudden": 1}),
        (flat(3), {"blackout": 1, "covered": 1, "sudden": 1}),
        (halves(160, 60), {"blackout": 0, "covered": 0, "sudden": 1}),
        (halves(60, 60), {"blackout": 0, "covered": 1, "sudden": 0}),
    ],
    ids=["untouched", "covered", "black", "turned", "half changed"],
)
def test_what_is_done_to_a_camera(now: Image, expected: dict[str, int]) -> None:
    assert measured(Tamper(), now, SCENE)["frame"] == expected


def test_without_a_reference_only_the_picture_itself_is_judged() -> None:
    assert measured(Tamper(), flat(3), None)["frame"] == {"blackout": 1, "covered": 1}
    assert measured(Tamper(), flat(3), flat(3, width=32))["frame"] == {"blackout": 1, "covered": 1}
    assert measured(Tamper(), None, SCENE) == {}


def test_tampering_is_told_of_each_zone() -> None:
    found = measured(Tamper(), halves(0, 160), SCENE, (LEFT, RIGHT))
    assert found["left"] == {"blackout": 1, "covered": 1, "sudden": 1}
    assert found["right"] == {"blackout": 0, "covered": 1, "sudden": 0}


@pytest.mark.parametrize(
    ("field", "signal", "other", "now"),
    [
        ("blackout", Tamper(blackout_mean=40), Tamper(blackout_mean=39), flat(40)),
        ("covered", Tamper(covered_stddev=51), Tamper(covered_stddev=49), SCENE),
        ("sudden", Tamper(threshold=49), Tamper(threshold=50), SCENE + 50),
        ("sudden", Tamper(sudden_permille=500), Tamper(sudden_permille=501), halves(60, 210)),
    ],
)
def test_every_limit_is_where_its_parameter_says(
    field: str, signal: Signal, other: Signal, now: Image
) -> None:
    assert measured(signal, np.asarray(now, np.uint8), SCENE)["frame"][field] == 1
    assert measured(other, np.asarray(now, np.uint8), SCENE)["frame"][field] == 0


def test_the_same_picture_again_is_frozen() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (72, 128), np.uint8)
    assert measured(Freeze(), noise, noise)["frame"] == {"frozen": 1, "difference": 0.0}


def test_a_picture_that_moves_anywhere_is_not_frozen() -> None:
    found = measured(Freeze(), halves(60, 164), SCENE, (*WHOLE, LEFT, RIGHT))
    assert found == {
        "frame": {"frozen": 0, "difference": 2.0},
        "left": {"frozen": 1, "difference": 0.0},
        "right": {"frozen": 0, "difference": 4.0},
    }


def test_frozen_up_to_the_tolerance() -> None:
    assert measured(Freeze(tolerance=2.0), halves(60, 164), SCENE)["frame"]["frozen"] == 1
    assert measured(Freeze(tolerance=1.9), halves(60, 164), SCENE)["frame"]["frozen"] == 0


@pytest.mark.parametrize(
    ("now", "before"), [(SCENE, None), (None, SCENE), (SCENE, flat(1, width=8))]
)
def test_without_a_pair_nothing_is_frozen_nor_moves(
    now: Image | None, before: Image | None
) -> None:
    assert measured(Freeze(), now, before) == {}
