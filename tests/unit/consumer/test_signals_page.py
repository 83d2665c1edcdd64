"""docs/signals.md says what the code declares and what the example is."""

from pathlib import Path

import pytest

from tests.support.records import flat, halves, record
from videostream_consumer.frame import decode_frame
from videostream_consumer.signals.registry import installed_types
from videostream_consumer.zones import WholeFrame
from videostream_pipeline.built_in_signals import BUILT_IN
from videostream_pipeline.signal_parameters import declared

_DOCS = Path(__file__).parents[3] / "docs"
_PAGE = (_DOCS / "signals.md").read_text()


def default_of(value: object) -> str:
    match value:
        case None:
            return "required"
        case ():
            return "all classes"
        case float():
            return f'"{value:g}"'
        case _:
            return str(value)


PARAMETERS = [
    f"| {kind} | `{name}` | {parameter.expected} | {default_of(default)} |"
    for kind, parameters in BUILT_IN.items()
    for name, (parameter, default) in declared(parameters).items()
]


@pytest.mark.parametrize("row", PARAMETERS)
def test_every_parameter_has_its_row(row: str) -> None:
    assert row in _PAGE


def test_the_table_has_no_other_rows() -> None:
    rows = _PAGE.split("| type | parameter |")[1].split("\n\n")[0].splitlines()[3:]
    assert len(rows) == len(PARAMETERS)


@pytest.mark.parametrize("kind", sorted(set(BUILT_IN) - {"Objects"}))
def test_every_field_has_its_row(kind: str) -> None:
    signal = installed_types()[kind]()()
    pictured = record(halves(50, 150), thumbnail=flat(9), reference=flat(9))
    fields = signal.measure(decode_frame(pictured, signal.need), [WholeFrame()])["frame"]
    assert fields
    described = "".join(line for line in _PAGE.splitlines() if line.startswith(f"| {kind} | `"))
    for name in fields:
        channel = name.replace("green", "red").replace("blue", "red")
        assert f"`{channel}`" in described


def test_the_types_without_parameters_are_listed() -> None:
    without = [kind for kind, parameters in BUILT_IN.items() if not declared(parameters)]
    assert f"| {', '.join(without)} | none |" in _PAGE


@pytest.mark.parametrize("path", ["src/redness/__init__.py", "Dockerfile"])
def test_the_example_on_the_page_is_the_one_in_its_folder(path: str) -> None:
    assert (_DOCS / "examples" / "redness" / path).read_text() in _PAGE
