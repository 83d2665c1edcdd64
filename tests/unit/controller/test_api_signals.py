"""Parameters of signals, as the controller judges them before it makes a pod."""

from typing import Any

import pytest

from videostream_controller.api import VideoStream, check_signals, parse


def _stream(*signals: dict[str, Any]) -> VideoStream:
    metadata = {"namespace": "video", "name": "gate", "uid": "u-1", "generation": 3}
    spec = {"source": {"url": "rtsp://camera.example/a"}, "signals": [*signals]}
    found = parse({"metadata": metadata | {"resourceVersion": "7"}, "spec": spec})
    assert isinstance(found, VideoStream), found
    return found


def _refusals(**signal: Any) -> list[str]:
    return [str(error) for error in check_signals(_stream({"name": "m", **signal}))]


@pytest.mark.parametrize(
    "signal",
    [
        {"type": "Motion"},
        {"type": "Motion", "motion": {}, "parameters": {}},
        {"type": "Motion", "motion": {"threshold": 0}, "parameters": {"minAreaPermille": 5}},
        {"type": "Motion", "parameters": {"threshold": 99}},
        {"type": "Freeze", "parameters": {"tolerance": "0.5"}},
        {"type": "Objects", "parameters": {"model": "/models/a.onnx", "classes": ["car"]}},
        {"type": "Own", "parameters": {"a": 1, "b": "0.5", "c": True, "d": ["x"], "e": None}},
    ],
)
def test_parameters_that_the_type_has_are_accepted(signal: dict[str, Any]) -> None:
    assert _refusals(**signal) == []


@pytest.mark.parametrize(
    ("signal", "refusal"),
    [
        (
            {"type": "Motion", "motion": {"threshold": 255}},
            "motion.threshold: got 255; expected a whole number from 0 to 254",
        ),
        (
            {"type": "Motion", "parameters": {"treshold": 40}},
            (
                "parameters.treshold: got 40;"
                " expected no such parameter, only minAreaPermille, threshold"
            ),
        ),
        (
            {"type": "Freeze", "parameters": {"tolerance": 0.5}},
            'parameters.tolerance: got 0.5; expected a number in quotes from "0" to "255"',
        ),
        (
            {"type": "Objects", "parameters": {"classes": ["car"]}},
            "parameters.model: got None; expected the absolute path of an ONNX file",
        ),
        (
            {"type": "Own", "parameters": {"size": {"width": 1}}},
            (
                "parameters.size: got {'width': 1};"
                " expected a whole number, a string, true or false, or a list of strings"
            ),
        ),
        (
            {"type": "Own", "parameters": {"a b": 1}},
            "parameters: got 'a b'; expected names of letters and digits, such as size2",
        ),
    ],
)
def test_parameters_are_refused_by_name_before_a_pod_starts(
    signal: dict[str, Any], refusal: str
) -> None:
    assert _refusals(**signal) == [f"spec.signals[0].{refusal}"]


def test_parameters_that_no_pods_environment_could_hold_are_refused() -> None:
    (said,) = _refusals(type="Own", parameters={"names": ["x" * 100] * 50})
    assert said == (
        "spec.signals[0].parameters: got '5211 bytes'; expected at most 4096 bytes as JSON"
    )


def test_each_fault_has_the_index_of_its_signal() -> None:
    wrong = {"type": "Freeze", "parameters": {"tolerance": "256", "level": 1}}
    stream = _stream(
        {"name": "a", **wrong}, {"name": "b", "type": "Brightness"}, {"name": "c", **wrong}
    )
    assert [error.field for error in check_signals(stream)] == [
        "spec.signals[0].parameters.tolerance",
        "spec.signals[0].parameters.level",
        "spec.signals[2].parameters.tolerance",
        "spec.signals[2].parameters.level",
    ]
