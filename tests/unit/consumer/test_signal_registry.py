"""How signal types are found, and which are refused."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from videostream_consumer.frame import Frame, Need
from videostream_consumer.settings import SignalEntry
from videostream_consumer.signals.contract import Fields, Signal
from videostream_consumer.signals.registry import (
    SignalsInvalid,
    installed_types,
    make_signal,
    measurement_of,
)
from videostream_consumer.zones import AnyZone
from videostream_pipeline.built_in_signals import BUILT_IN, COMPARING


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


def test_the_built_in_types_are_installed_and_inherit_their_parameters() -> None:
    types = installed_types()
    assert set(BUILT_IN) <= set(types)
    for name, parameters in BUILT_IN.items():
        assert issubclass(types[name](), parameters)


def test_the_types_that_compare_are_those_that_look_at_thumbnails() -> None:
    types = installed_types()
    needing = {name for name in BUILT_IN if Need.THUMBNAIL in types[name]().need}  # type: ignore[operator]
    assert needing == COMPARING


def test_an_unknown_type_is_refused_with_those_installed() -> None:
    entry = SignalEntry("faces", "Faces", (), {})
    with pytest.raises(
        SignalsInvalid,
        match="signal 'faces': there is no type 'Faces' in this image: expected one"
        " of Brightness, Colour, ",
    ):
        make_signal(entry, installed_types())


class Nothing(Signal):
    """A plug-in that measures nothing."""

    need = Need.GRAY

    def measure(self, frame: Frame, zones: Sequence[AnyZone]) -> Mapping[str, Fields]:  # noqa: ARG002
        return {}


@pytest.mark.parametrize("name", ["Frame", "Pipeline"])
def test_a_type_cannot_write_to_the_pipelines_own_measurements(name: str) -> None:
    with pytest.raises(SignalsInvalid, match="the pipeline's own measurement"):
        make_signal(SignalEntry("x", name, (), {}), {name: lambda: Nothing})


def refusal(kind: type, **raw: object) -> str:
    with pytest.raises(SignalsInvalid) as caught:
        make_signal(SignalEntry("door", "Own", (), raw), {"Own": lambda: kind})
    return str(caught.value)


def test_a_parameter_is_refused_with_signal_type_name_value_and_what_is_right() -> None:
    types = installed_types()
    with pytest.raises(SignalsInvalid) as caught:
        make_signal(SignalEntry("door", "Motion", (), {"motion": {"threshold": 256}}), types)
    assert str(caught.value) == (
        "signal 'door' of type Motion: motion.threshold is 256:"
        " expected a whole number from 0 to 254"
    )


def test_a_class_without_parameters_accepts_none() -> None:
    said = refusal(Nothing, parameters={"size": 3})
    assert said == "signal 'door' of type Own: parameters.size is 3: expected no parameters"


class NeedsNothing:
    """No signal: it does not say what it looks at."""


@dataclass(frozen=True)
class Undeclared:
    """A field that is no declared parameter cannot be given a value."""

    size: int
    need = Need.GRAY


class Careless:
    """A plug-in with a fault in its constructor."""

    def __init__(self) -> None:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (NeedsNothing, "its class has no `need`"),
        (Undeclared, "cannot be made: TypeError"),
        (Careless, "cannot be made: ZeroDivisionError"),
    ],
)
def test_a_class_that_breaks_the_contract_is_told_so(kind: type, said: str) -> None:
    assert f"signal 'door' of type Own{' ' if said[0] == 'c' else ': '}{said}" in refusal(kind)


def install(folder: Path, name: str, code: str) -> None:
    """Lay a package with the signal type Own where Python looks for installed ones."""
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[videostream.signals]\nOwn = {name}:Own\n")
    (folder / f"{name}.py").write_text(code)


def test_a_package_that_cannot_be_imported_is_an_invalid_signal_not_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "broken_signal", "import no_such_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SignalsInvalid, match=r"of type Own cannot be made: .*no_such_module"):
        make_signal(SignalEntry("door", "Own", (), {}), installed_types())
    make_signal(SignalEntry("light", "Brightness", (), {}), installed_types())


def test_one_type_of_two_packages_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first_signal", "second_signal"):
        install(tmp_path, name, "class Own: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SignalsInvalid, match="two packages of this image have a type 'Own'"):
        make_signal(SignalEntry("door", "Own", (), {}), installed_types())
    assert "first_signal" not in sys.modules
