"""Parameters of signals: what is read, and what is refused with which words."""

from dataclasses import dataclass
from typing import Any

import pytest

from videostream_pipeline.built_in_signals import BUILT_IN, MotionParameters
from videostream_pipeline.signal_parameters import (
    ParametersInvalid,
    decimal,
    declared,
    flag,
    integer,
    read_signal,
    refuse,
    text,
    texts,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A type with a parameter of each kind."""

    open_angle: int = integer(default=45, minimum=0, maximum=90)
    share: float = decimal(default=0.5, minimum=0, maximum=1)
    inverted: bool = flag(default=False)
    hinge: str = text(pattern="left|right", expected="left or right")
    colours: tuple[str, ...] = texts(default=(), most=2)

    def __post_init__(self) -> None:
        """Refuse a combination."""
        if self.inverted and self.open_angle == 0:
            raise refuse("openAngle", 0, "more than 0 with inverted")


def door(**parameters: Any) -> Door:
    return read_signal(Door, {"parameters": {"hinge": "left", **parameters}})


def faults(kind: type, **entry: Any) -> list[str]:
    with pytest.raises(ParametersInvalid) as caught:
        read_signal(kind, entry)
    assert str(caught.value) == "; ".join(map(str, caught.value.faults))
    return [str(fault) for fault in caught.value.faults]


def test_values_arrive_as_what_they_are_declared() -> None:
    given = {"openAngle": 30, "share": "0.25", "inverted": True, "colours": ["oak", "ash"]}
    assert door(**given) == Door(
        open_angle=30, share=0.25, inverted=True, hinge="left", colours=("oak", "ash")
    )


def test_what_is_not_given_has_its_default() -> None:
    assert door() == Door(hinge="left")
    assert door(openAngle=None) == Door(hinge="left")


@pytest.mark.parametrize("value", [0, 1, "0", "1.0", "0.999999999"])
def test_a_decimal_is_a_string_or_a_whole_number(value: object) -> None:
    assert door(share=value).share == float(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        *(
            ("openAngle", value, "a whole number from 0 to 90")
            for value in (-1, 91, 45.0, "45", True, [45])
        ),
        *(
            ("share", value, 'a number in quotes from "0" to "1"')
            for value in (0.5, "1.1", "-0.1", "1e-3", ".5", "nan", "", True, "\u0660")
        ),
        *(("inverted", value, "true or false") for value in (0, "true", "no")),
        *(("hinge", value, "left or right") for value in ("top", "", 1, "left\n", ["left"])),
        *(
            ("colours", value, "a list of 0 to 2 different strings")
            for value in ("oak", ["a", "b", "c"], ["a", "a"], ["a", 1], [""])
        ),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: object, expected: str) -> None:
    said = faults(Door, parameters={"hinge": "left", name: value})
    assert said == [f"parameters.{name} is {value!r}: expected {expected}"]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert faults(Door, parameters={"openAngel": 30, "share": "2"}) == [
        (
            "parameters.openAngel is 30:"
            " expected no such parameter, only colours, hinge, inverted, openAngle, share"
        ),
        'parameters.share is \'2\': expected a number in quotes from "0" to "1"',
        "parameters.hinge is missing: expected left or right",
    ]


def test_a_type_may_refuse_a_combination() -> None:
    said = faults(Door, parameters={"hinge": "left", "inverted": True, "openAngle": 0})
    assert said == ["parameters.openAngle is 0: expected more than 0 with inverted"]


def test_a_long_value_is_shown_short() -> None:
    (said,) = faults(Door, parameters={"hinge": "x" * 1_000})
    assert len(said) < 200


@pytest.mark.parametrize("values", [7, "threshold", ["threshold"]])
def test_parameters_are_an_object(values: object) -> None:
    assert faults(BUILT_IN["Motion"], parameters=values) == [
        f"parameters is {values!r}: expected an object"
    ]


def test_motion_threshold_means_the_parameter_threshold() -> None:
    old = read_signal(MotionParameters, {"motion": {"threshold": 40}})
    new = read_signal(MotionParameters, {"parameters": {"threshold": 40}})
    assert old == new
    assert read_signal(MotionParameters, {}).threshold == 30
    assert read_signal(MotionParameters, {"motion": None, "parameters": None}).threshold == 30


def test_motion_threshold_is_refused_where_it_stands() -> None:
    assert faults(BUILT_IN["Motion"], motion={"threshold": 256}) == [
        "motion.threshold is 256: expected a whole number from 0 to 254"
    ]
    assert faults(BUILT_IN["Brightness"], motion={"threshold": 30}) == [
        "motion.threshold is 30: expected no parameters"
    ]
    assert faults(BUILT_IN["Motion"], parameters={"threshold": 30}, motion={"threshold": 30}) == [
        "motion.threshold is 30: expected it once: parameters.threshold is there too"
    ]


def test_the_classes_to_count_are_classes_of_the_model() -> None:
    given = {"model": "/models/a.onnx", "classes": ["car", "van"], "count": ["car", "bus"]}
    assert faults(BUILT_IN["Objects"], parameters=given) == [
        "parameters.count is ['bus']: expected names that parameters.classes has"
    ]


@pytest.mark.parametrize("path", ["", "model.onnx", "/", "/models/", "/a\0b"])
def test_a_model_is_an_absolute_path(path: str) -> None:
    given = {"model": path, "classes": ["car"]}
    assert faults(BUILT_IN["Objects"], parameters=given) == [
        f"parameters.model is {path!r}: expected the absolute path of an ONNX file"
    ]


@pytest.mark.parametrize("kind", BUILT_IN.values(), ids=BUILT_IN)
def test_the_defaults_of_built_in_types_are_within_their_own_bounds(kind: type) -> None:
    for parameter, default in declared(kind).values():
        if default is not None:
            given = f"{default:.9f}" if isinstance(default, float) else default
            assert parameter.read(given) == default
