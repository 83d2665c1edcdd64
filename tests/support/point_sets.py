"""All points of a stream as text, to compare as a whole: as stored, and as they must be.

What must be stored is measured here, in one process and in order, from the records that Kafka
holds, with the very signals and zones that the stream's consumers were given.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cluster.kind import kubectl
from videostream_consumer.measure import measure, plan_measurement
from videostream_consumer.settings import read_settings
from videostream_consumer.signals.registry import installed_types

if TYPE_CHECKING:
    from collections.abc import Iterable

    from demo.influxql import InfluxPortForward
    from videostream_consumer.measure import Plan
    from videostream_record import FrameRecord

Points = dict[str, list[str]]
"""By measurement: each point with tags, fields and time as JSON, sorted."""


def plan_of(stream: str, *, namespace: str) -> Plan:
    """Return what the consumers of a stream measure, read as they read it."""
    path = "jsonpath={.spec.template.spec.containers[0].env}"
    printed = kubectl(
        *("get", "deployment", f"{stream}-consumer", "--namespace", namespace, "--output", path)
    )
    # What a pod learns of itself, such as its name, has no value here, and no point depends on it.
    environ = {entry["name"]: entry.get("value", "-") for entry in json.loads(printed)}
    return plan_measurement(read_settings(environ), installed_types())


def measured(records: Iterable[FrameRecord], plan: Plan) -> Points:
    """Return the points that records give."""
    found: Points = {}
    for record in records:
        result = measure(record, plan)
        assert result.failures == ()
        for line in result.lines:
            measurement, point = _point_of(line)
            found.setdefault(measurement, []).append(point)
    return {measurement: sorted(points) for measurement, points in found.items()}


def stored(
    influx: InfluxPortForward, measurements: Iterable[str], *, namespace: str, stream: str
) -> Points:
    """Return the points that InfluxDB holds of a stream."""
    where = f"namespace = '{namespace}' AND stream = '{stream}'"
    found = {}
    for measurement in measurements:
        rows = influx.query(f"SELECT * FROM {measurement} WHERE {where}")
        # A column without a value belongs to other streams.
        found[measurement] = sorted(
            _spell({name: value for name, value in row.items() if value is not None})
            for row in rows
        )
    return found


def _point_of(line: str) -> tuple[str, str]:
    """Return measurement and point of a line of line protocol in which nothing is escaped."""
    assert "\\" not in line, line
    series, fields, time_ns = line.split(" ")
    measurement, *tags = series.split(",")
    labels = dict(pair.split("=") for pair in tags)
    values = dict(pair.split("=") for pair in fields.split(","))
    point = {name: _value(text) for name, text in values.items()}
    return measurement, _spell({**labels, **point, "time": int(time_ns)})


def _value(text: str) -> object:
    return text.strip('"') if text[0] == '"' else float(text.removesuffix("i"))


def _spell(point: dict[str, object]) -> str:
    """JSON has one kind of number: InfluxDB sends a float without decimals as an integer."""
    numbers = {name: float(v) for name, v in point.items() if isinstance(v, int) and name != "time"}
    return json.dumps({**point, **numbers}, sort_keys=True)
