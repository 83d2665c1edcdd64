"""Spelling of points; tests/influx proves it against a server."""

import pytest

from videostream_pipeline.line_protocol import (
    escape_measurement,
    escape_tag,
    format_line,
    series_prefix,
)
from videostream_pipeline.pipeline_point import pipeline_line, point_time_ns


def test_names_are_escaped_as_line_protocol_asks() -> None:
    assert escape_measurement("a b,c=d") == r"a\ b\,c=d"
    assert escape_tag("a b,c=d") == r"a\ b\,c\=d"
    assert escape_tag("two\r\nlines\\") == r"two\ lines"


def test_a_prefix_has_its_tags_sorted_and_none_without_value() -> None:
    tags = {"zone": "frame", "namespace": "plant 1", "site": ""}
    assert series_prefix("motion", tags) == r"motion,namespace=plant\ 1,zone=frame"


def test_fields_are_spelled_by_their_type() -> None:
    line = format_line("m", {"f": 1.0, "i": 2, "b": True, "s": 'say "hi"\\'}, 42)
    assert line == r'm f=1.0,i=2i,b=true,s="say \"hi\"\\" 42'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_influxdb_has_not_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"field 'mean' is .*: expected a finite number"):
        format_line("m", {"mean": value}, 1)


def test_a_point_needs_a_field() -> None:
    with pytest.raises(ValueError, match="has no field"):
        format_line("m", {}, 1)


def test_pods_never_write_the_same_point() -> None:
    now_ns = 1_700_000_000_123_456_789
    times = {point_time_ns(now_ns, f"camera-consumer-{n}") for n in range(12)}
    assert len(times) == 12
    assert {time // 1_000_000 for time in times} == {now_ns // 1_000_000}


def test_a_pipeline_point_keeps_its_own_tags() -> None:
    line = pipeline_line(
        {"processed": 5},
        namespace="ns",
        stream="cam",
        role="consumer",
        tags={"site": "hall", "stream": "other"},
        pod="p",
        now_ns=0,
    )
    assert line.startswith(
        'pipeline,namespace=ns,role=consumer,site=hall,stream=cam processed=5i,pod="p" '
    )
