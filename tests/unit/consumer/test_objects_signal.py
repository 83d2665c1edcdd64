"""Objects: a real ONNX model in OpenCV's dnn, on pictures whose objects we drew."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.records import Image, record
from videostream_consumer.frame import Need, decode_frame
from videostream_consumer.settings import SignalEntry
from videostream_consumer.signals.contract import Fields
from videostream_consumer.signals.objects import Objects
from videostream_consumer.signals.registry import SignalsInvalid, installed_types, make_signal
from videostream_consumer.zones import AnyZone, WholeFrame, Zone

MODEL = Path(__file__).parents[2] / "support" / "objects_model" / "squares.onnx"
WHOLE: tuple[AnyZone, ...] = (WholeFrame(),)
TOP = Zone("top", ((0, 0), (1000, 0), (1000, 500), (0, 500)))
BOTTOM = Zone("bottom", ((0, 500), (1000, 500), (1000, 1000), (0, 1000)))
BGR = {"red": (0, 0, 255), "blue": (255, 0, 0)}


def objects(**parameters: Any) -> Objects:
    given = {"model": str(MODEL), "classes": ["red", "blue"], "inputSize": 64, **parameters}
    signal = make_signal(
        SignalEntry("yard", "Objects", (), {"parameters": given}), installed_types()
    )
    assert isinstance(signal, Objects)
    return signal


def yard(
    *squares: tuple[str, int, int], scale: int = 2, width: int = 64, height: int = 48
) -> Image:
    """A black picture; squares have a colour and a corner (x, y) on the grid of 8 pixels.

    Sizes and places are those of the model's input, which `scale` makes larger.
    """
    picture = np.zeros((height * scale, width * scale, 3), np.uint8)
    for colour, x, y in squares:
        rows, columns = ((slice(at * scale, (at + 24) * scale)) for at in (y, x))
        picture[rows, columns] = BGR[colour]
    return picture


def counted(
    signal: Objects, picture: Image, zones: Sequence[AnyZone] = WHOLE
) -> Mapping[str, Fields]:
    return signal.measure(decode_frame(record(picture), Need.COLOUR), zones)


SQUARES = (("red", 8, 0), ("red", 40, 0), ("blue", 16, 24))
SURE = {"minConfidence": "0.8"}


@pytest.mark.parametrize("scale", [1, 2, 5])
def test_each_object_is_counted_once_in_its_class(scale: int) -> None:
    found = counted(objects(**SURE), yard(*SQUARES, scale=scale))
    assert found == {"frame": {"red": 2, "blue": 1}}


def test_without_objects_there_are_points_of_zero() -> None:
    assert counted(objects(), yard()) == {"frame": {"red": 0, "blue": 0}}


def test_a_tall_picture_is_fitted_as_a_wide_one() -> None:
    found = objects(**SURE).detect(yard(("blue", 0, 40), width=40, height=64))
    assert [(item.name, round(item.foot_x), round(item.foot_y)) for item in found] == [
        ("blue", 24, 128)
    ]


def test_an_object_is_where_its_lower_edge_is() -> None:
    """The red squares end at half of the height, the blue one at its whole."""
    found = objects(**SURE).detect(yard(*SQUARES))
    feet = sorted((item.name, round(item.foot_x), round(item.foot_y)) for item in found)
    assert feet == [("blue", 56, 96), ("red", 40, 48), ("red", 104, 48)]


def test_objects_are_counted_in_the_zone_of_their_foot() -> None:
    squares = (("red", 0, 0), ("red", 40, 8), ("blue", 16, 24))  # feet at 24, 32 and 48 of 48
    upper = Zone("top", ((0, 0), (1000, 0), (1000, 550), (0, 550)))
    found = counted(objects(**SURE), yard(*squares), (*WHOLE, upper, BOTTOM))
    assert found == {
        "frame": {"red": 2, "blue": 1},
        "top": {"red": 1, "blue": 0},
        "bottom": {"red": 2, "blue": 1},  # a foot on the border line is below it
    }


def test_only_the_classes_to_count_become_fields() -> None:
    found = counted(objects(**SURE, count=["blue"]), yard(*SQUARES))
    assert found == {"frame": {"blue": 1}}


@pytest.mark.parametrize(
    ("confidence", "overlap", "count"),
    [
        ("0.8", "0.45", 1),  # the middle alone
        ("0.6", "0.45", 1),  # and 4 beside it, each with half of it in common
        ("0.6", "0.6", 5),  # which are objects of their own when that much overlap is allowed
        ("0.4", "0.6", 9),  # and the corners
    ],
)
def test_confidence_and_overlap_decide_what_one_object_is(
    confidence: str, overlap: str, count: int
) -> None:
    signal = objects(minConfidence=confidence, maxOverlap=overlap)
    assert counted(signal, yard(("red", 16, 16)))["frame"]["red"] == count


def refusal(**parameters: Any) -> str:
    with pytest.raises(SignalsInvalid) as caught:
        objects(**parameters)
    return str(caught.value).removeprefix("signal 'yard' of type Objects: ")


def test_a_model_that_is_not_there_is_named() -> None:
    assert refusal(model="/models/none.onnx") == (
        "parameters.model is '/models/none.onnx': expected a file that can be read:"
        " No such file or directory"
    )


@pytest.mark.parametrize("content", [b"", b"no model", MODEL.read_bytes()[:500]])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    assert f"parameters.model is '{path}': expected an ONNX model that OpenCV" in refusal(
        model=str(path)
    )


@pytest.mark.parametrize("classes", [["red"], ["red", "green", "blue"]])
def test_as_many_classes_as_the_model_has_are_wanted(classes: list[str]) -> None:
    assert refusal(classes=classes) == (
        f"parameters.classes is {tuple(classes)!r}:"
        " expected the 2 names of the model's classes in its order"
    )


def test_an_input_of_another_size_is_refused() -> None:
    said = refusal(inputSize=128)
    assert said.startswith("parameters.inputSize is 128: expected the side of the model's input")


def test_model_and_classes_must_be_given() -> None:
    with pytest.raises(SignalsInvalid) as caught:
        make_signal(SignalEntry("yard", "Objects", (), {}), installed_types())
    assert str(caught.value) == (
        "signal 'yard' of type Objects:"
        " parameters.model is missing: expected the absolute path of an ONNX file;"
        " parameters.classes is missing: expected a list of 1 to 128 different strings"
    )
