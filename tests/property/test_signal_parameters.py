"""Whatever stands in a signal's entry is read or refused by name, and reading loses nothing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from videostream_pipeline.built_in_signals import BUILT_IN
from videostream_pipeline.signal_parameters import (
    Decimal,
    Fault,
    Flag,
    Integer,
    ParametersInvalid,
    Text,
    Texts,
    declared,
    read_signal,
)

NAMES = sorted({name for kind in BUILT_IN.values() for name in declared(kind)})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "parameters": JSON | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), JSON),
        "motion": JSON | st.dictionaries(st.just("threshold"), JSON),
    },
)


@given(kind=st.sampled_from(sorted(BUILT_IN)), entry=ENTRIES)
def test_any_entry_is_read_or_refused_by_the_place_of_each_fault(
    kind: str, entry: dict[str, Any]
) -> None:
    for fault in _faults(BUILT_IN[kind], entry):
        section, _, name = fault.field.partition(".")
        assert section in {"parameters", "motion"}
        assert fault.expected
        values = entry.get(section)
        there = isinstance(values, dict) and values.get(name) is not None
        assert (fault.shown is None) == (bool(name) and not there)


def _faults(kind: type, entry: dict[str, Any]) -> tuple[Fault, ...]:
    try:
        read_signal(kind, entry)
    except ParametersInvalid as error:
        return error.faults
    return ()


def right_value(parameter: object) -> st.SearchStrategy[Any]:
    """Values that a declared parameter must take, with what the signal then gets."""
    match parameter:
        case Integer(minimum, maximum):
            return st.integers(minimum, maximum).map(lambda value: (value, value))
        case Decimal(minimum, maximum):
            number = st.decimals(minimum, maximum, places=3, allow_nan=False)
            return number.map(lambda value: (f"{value:f}", float(value)))
        case Flag():
            return st.booleans().map(lambda value: (value, value))
        case Text(pattern):
            return (
                st.from_regex(pattern, fullmatch=True)
                .filter(lambda value: len(value) <= 256)
                .map(lambda value: (value, value))
            )
        case Texts(fewest, most):
            name = st.text(min_size=1, max_size=5)
            lists = st.lists(name, min_size=fewest, max_size=min(most, 5), unique=True)
            return lists.map(lambda value: (value, tuple(value)))
    raise AssertionError(parameter)


@given(kind=st.sampled_from(sorted(BUILT_IN)), data=st.data())
def test_values_within_the_declaration_are_taken_unchanged(kind: str, data: st.DataObject) -> None:
    known = declared(BUILT_IN[kind])
    drawn = {
        name: data.draw(right_value(parameter))
        for name, (parameter, _) in known.items()
        if name != "count"  # it must repeat `classes`
    }
    made: Any = read_signal(
        BUILT_IN[kind], {"parameters": {k: given for k, (given, _) in drawn.items()}}
    )
    for name, (_, expected) in drawn.items():
        attribute = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
        assert getattr(made, attribute) == expected
