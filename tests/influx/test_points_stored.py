"""Points as a real InfluxDB stores them: what is written is what is read."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.influxdb import Influx
from videostream_pipeline.influx import (
    Accepted,
    InfluxWriter,
    Rejected,
    Unauthorized,
    Unavailable,
    WriteResult,
)
from videostream_pipeline.line_protocol import format_line, series_prefix
from videostream_pipeline.pipeline_point import pipeline_line

pytestmark = pytest.mark.influx

TIME_NS = 1_790_000_000_123_456_789

# Line protocol has no spelling for line breaks outside string fields and for a backslash at the
# end of a tag; InfluxDB refuses control characters and reserves names with a leading underscore.
_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\u0085"),
    min_size=1,
    max_size=24,
).filter(lambda text: not text.endswith("\\"))
_TAG_KEYS = _TEXT.map(lambda text: f"k{text}")
_FIELDS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40),
)


@pytest.fixture
def writer(bucket: Influx, tmp_path: Path) -> InfluxWriter:
    return InfluxWriter(bucket.write_connection(tmp_path / "influx"))


_SERIAL = itertools.count()  # examples share a bucket: each has a measurement of its own


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    measurement=_TEXT.map(lambda text: f"m{text}"),
    tags=st.dictionaries(_TAG_KEYS, _TEXT, max_size=4),
    field=_TEXT.map(lambda text: f"f{text}"),
    value=_FIELDS,
)
def test_any_text_and_value_is_read_as_it_was_written(
    bucket: Influx,
    writer: InfluxWriter,
    measurement: str,
    tags: dict[str, str],
    field: str,
    value: float | bool | str,  # noqa: FBT001 (one of the types of a field)
) -> None:
    measurement = f"{measurement}{next(_SERIAL)}"
    line = format_line(series_prefix(measurement, tags), {field: value}, TIME_NS)
    assert writer.write([line]) == Accepted(), line
    quoted = measurement.replace("\\", "\\\\").replace('"', '\\"')
    rows = bucket.query(f'SELECT * FROM "{quoted}" GROUP BY *')
    assert [_typed(row, value) for row in rows] == [{"time": TIME_NS, **tags, field: value}]


def _typed(row: dict[str, Any], like: object) -> dict[str, Any]:
    """JSON has one kind of number: read an integral float as what was written."""
    return {
        name: float(found)
        if isinstance(like, float) and isinstance(found, int) and name != "time"
        else found
        for name, found in row.items()
    }


def test_the_same_point_written_twice_is_one_point(bucket: Influx, writer: InfluxWriter) -> None:
    line = format_line(series_prefix("brightness", {"zone": "frame"}), {"mean": 1.5}, TIME_NS)
    for lines in ([line], [line], [line, line]):
        assert writer.write(lines) == Accepted()
    assert bucket.query("SELECT * FROM brightness") == [
        {"time": TIME_NS, "mean": 1.5, "zone": "frame"}
    ]


def test_thousands_of_lines_go_in_one_gzipped_request(bucket: Influx, writer: InfluxWriter) -> None:
    lines = [f"load,stream=cam value={n}i {TIME_NS + n}" for n in range(5000)]
    assert writer.write(lines) == Accepted()
    assert bucket.query("SELECT COUNT(value) FROM load")[0]["count"] == 5000


def test_a_conflicting_field_type_rejects_its_line_and_stores_the_others(
    bucket: Influx,
    writer: InfluxWriter,
) -> None:
    assert writer.write([f"m value=1.5 {TIME_NS}"]) == Accepted()
    result = writer.write([f"m value=2i {TIME_NS + 1}", f"m value=2.5 {TIME_NS + 2}"])
    assert isinstance(result, Rejected)
    assert result.rejected_lines == 1
    assert "field type conflict" in result.first_error
    assert [row["value"] for row in bucket.query("SELECT value FROM m")] == [1.5, 2.5]


def test_points_older_than_the_retention_are_rejected_one_by_one(
    influxdb: Influx,
    tmp_path: Path,
) -> None:
    short = influxdb.new_bucket(retention_s=3600)
    writer = InfluxWriter(short.write_connection(tmp_path / "influx"))
    result = writer.write(["m value=1 1000", "m value=1 2000"])
    assert isinstance(result, Rejected)
    assert result.rejected_lines == 2


def test_a_malformed_line_rejects_the_whole_request(bucket: Influx, writer: InfluxWriter) -> None:
    result = writer.write([f"m value=1 {TIME_NS}", "this is no point"])
    assert isinstance(result, Rejected)
    assert result.rejected_lines is None
    assert "this is no point" in result.first_error or "unable to parse" in result.first_error
    assert bucket.query("SELECT * FROM m") == []


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_token_that_comes_later_needs_no_new_writer(
    bucket: Influx,
    tmp_path: Path,
    token: str,
) -> None:
    directory = bucket.write_connection(tmp_path / "influx", token=token)
    writer = InfluxWriter(directory)
    line = f"m value=1 {TIME_NS}"
    refused = writer.write([line])
    assert isinstance(refused, Unauthorized)
    assert token not in refused.message or not token
    (directory / "token").write_text(bucket.new_token("write"))
    assert writer.write([line]) == Accepted()


def test_a_token_for_reading_may_not_write(bucket: Influx, tmp_path: Path) -> None:
    directory = bucket.write_connection(tmp_path / "influx", token=bucket.new_token("read"))
    assert isinstance(InfluxWriter(directory).write([f"m value=1 {TIME_NS}"]), Unauthorized)


def test_a_bucket_that_is_not_there_is_no_reason_to_drop_points(
    bucket: Influx,
    tmp_path: Path,
) -> None:
    directory = bucket.write_connection(tmp_path / "influx")
    (directory / "bucket").write_text("gone")
    result = InfluxWriter(directory).write([f"m value=1 {TIME_NS}"])
    assert isinstance(result, Unauthorized)
    assert "gone" in result.message


def test_a_server_that_was_away_is_found_again(bucket: Influx, writer: InfluxWriter) -> None:
    results: list[WriteResult] = [writer.write([f"m value=1 {TIME_NS}"])]
    bucket.stop()
    try:
        results.append(writer.write([f"m value=2 {TIME_NS + 1}"]))
    finally:
        bucket.start()
    results.append(writer.write([f"m value=3 {TIME_NS + 2}"]))
    assert [type(result) for result in results] == [Accepted, Unavailable, Accepted]
    assert [row["value"] for row in bucket.query("SELECT value FROM m")] == [1, 3]


def test_an_unusable_connection_is_a_message_not_a_crash(tmp_path: Path) -> None:
    result = InfluxWriter(tmp_path / "gone").write(["m value=1 1"])
    assert isinstance(result, Unavailable)
    assert str(tmp_path / "gone") in result.message


def test_pipeline_points_of_many_pods_do_not_overwrite_each_other(
    bucket: Influx,
    writer: InfluxWriter,
) -> None:
    lines = [
        pipeline_line(
            {"processed": 5},
            namespace="ns",
            stream="cam",
            role="consumer",
            tags={},
            pod=f"cam-consumer-{n}",
            now_ns=TIME_NS,
        )
        for n in range(12)
    ]
    assert writer.write(lines) == Accepted()
    assert bucket.query("SELECT SUM(processed) FROM pipeline")[0]["sum"] == 60
