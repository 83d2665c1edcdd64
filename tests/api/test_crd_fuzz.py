"""API server and parser agree on thousands of objects: what one lets in, the other understands."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.crd import schema
from tests.support.openapi import damaged, fitting, mended
from videostream_controller.api import API_VERSION, KIND, VideoStream, check_signals, parse
from videostream_controller.api.defaults import fill

if TYPE_CHECKING:
    from tests.support.apiserver import ApiServer

pytestmark = [pytest.mark.api, pytest.mark.timeout(300)]

_SPECS = fitting(schema()["properties"]["spec"], "spec")
_MENDED = _SPECS.map(mended)
_EXAMPLES = 600
_IS_A_PARAMETER = re.compile(r"spec\.signals\[[0-9]+\]\.(parameters|motion)(\.[A-Za-z0-9]+)?")
_NAMES_A_FIELD = ("spec.", "spec[", 'unknown field "spec.')


def test_accepted_is_understood_and_refused_is_explained(
    apiserver: ApiServer, namespace: str
) -> None:
    seen: Counter[int] = Counter()
    path = f"/apis/{API_VERSION}/namespaces/{namespace}/videostreams"
    query = "dryRun=All&fieldValidation=Strict"
    names = (f"stream-{number}" for number in itertools.count())

    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.one_of(_MENDED, damaged(_MENDED), _SPECS))
    def agree(spec: Any) -> None:
        body = {"apiVersion": API_VERSION, "kind": KIND, "spec": spec}
        body["metadata"] = {"name": next(names)}
        status, answer = apiserver.request("POST", f"{path}?{query}", body)
        seen[status] += 1
        match status:
            case HTTPStatus.CREATED:
                _assert_understood(answer, spec)
            case HTTPStatus.UNPROCESSABLE_ENTITY | HTTPStatus.BAD_REQUEST:
                assert any(field in answer["message"] for field in _NAMES_A_FIELD), answer
            case _:
                raise AssertionError(answer)

    agree()
    # Both must be frequent, else this proves nothing.
    assert seen[HTTPStatus.CREATED] > _EXAMPLES / 10, seen
    assert seen[HTTPStatus.UNPROCESSABLE_ENTITY] > _EXAMPLES / 10, seen


def _assert_understood(answer: dict[str, Any], spec: dict[str, Any]) -> None:
    stored = {**answer, "metadata": {"resourceVersion": "1", **answer["metadata"]}}
    stream = parse(stored)
    assert isinstance(stream, VideoStream), stream
    # The schema cannot say which parameters a type takes.
    assert all(_IS_A_PARAMETER.fullmatch(error.field) for error in check_signals(stream))
    # Nothing is left for the parser to default, and it would have defaulted as the server did.
    assert stream.raw_spec == answer["spec"] == fill(spec)
