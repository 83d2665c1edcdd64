"""Laws of the parser on specs from the CRD's schema: it never raises, and errors point home."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.crd import schema
from tests.support.openapi import damaged, fitting
from videostream_controller.api import FieldError, VideoStream, parse
from videostream_controller.api.defaults import fill

_SPECS = fitting(schema()["properties"]["spec"], "spec")
_FIELD = re.compile(r"(spec|metadata)(\.[^.\[\]]+|\[[0-9]+\])+")


def _body(spec: Any) -> dict[str, Any]:
    metadata = {"name": "gate", "namespace": "video", "uid": "u", "generation": 1}
    return {"metadata": metadata | {"resourceVersion": "1"}, "spec": spec}


@given(_SPECS)
def test_fill_is_idempotent(spec: Any) -> None:
    assert fill(fill(spec)) == fill(spec)


@given(_SPECS)
def test_reading_is_the_same_with_defaults_written_out(spec: Any) -> None:
    assert parse(_body(spec)) == parse(_body(fill(spec)))


@given(_SPECS)
def test_parse_leaves_the_body_as_it_was(spec: Any) -> None:
    body = _body(spec)
    before = repr(body)
    parse(body)
    assert repr(body) == before


@given(damaged(_SPECS))
def test_damage_is_reported_by_field_and_never_raises(spec: Any) -> None:
    match parse(_body(spec)):
        case VideoStream() as stream:
            assert stream.topic_name
            assert stream.group_id
            assert stream.frames.fps > 0
        case errors:
            assert errors
            for error in errors:
                assert isinstance(error, FieldError)
                assert _FIELD.fullmatch(error.field), error
                assert error.expected in str(error)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=10,
    )
)
def test_any_json_as_spec_gives_errors(spec: Any) -> None:
    assert isinstance(parse(_body(spec)), list)
