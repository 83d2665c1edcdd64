"""The example package of docs/signals.md in an image of its own, from its build to its points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from demo.deploy import ROOT
from tests.support.derived_image import consumer_with
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from demo.deploy import Images
    from demo.influxql import InfluxPortForward, Row
    from tests.support.streams import Streams

pytestmark = pytest.mark.e2e

FRAMES = 25
GRAY = 1 / 3  # the camera's scene has no colour: red is a third of all


@pytest.fixture(scope="module")
def red_consumer(images: Images) -> str:
    """The consumer image with the signal type Redness, on the cluster's node."""
    plugin = ROOT / "docs" / "examples" / "redness"
    return consumer_with(plugin, tag="videostream-redness:test", images=images)


def spec(image: str, *, alarm_from: str) -> dict[str, Any]:
    lamp = {"name": "lamp", "type": "Redness", "parameters": {"alarmFrom": alarm_from}}
    return {
        "source": {"url": "rtsp://camera:8554/stream"},
        "frames": {"fps": 5},
        "signals": [{"name": "light", "type": "Brightness"}, lamp],
        "consumer": {"pod": {"image": image}},
    }


def test_a_signal_of_ones_own_stores_its_points_and_has_its_parameters_checked(
    streams: Streams, influx: InfluxPortForward, red_consumer: str
) -> None:
    name = streams.apply("red", spec(red_consumer, alarm_from="1.5"))
    said = streams.wait(name, "ConsumerReady", status="False", reason="SignalsInvalid")
    assert said["message"].startswith(
        "signal 'lamp' of type Redness: parameters.alarmFrom is '1.5':"
        ' expected a number in quotes from "0" to "1"'
    )
    assert streams.condition(name, "Ready")["status"] == "False"

    streams.apply(name, spec(red_consumer, alarm_from="0.3"))
    streams.wait(name, "Ready", status="True", timeout_s=180)
    of_stream = f"stream = '{name}' AND namespace = '{streams.namespace}'"

    def points() -> list[Row]:
        rows = influx.query(f"SELECT * FROM redness WHERE {of_stream}")
        return rows if len(rows) >= FRAMES else []

    rows = eventually(points, timeout_s=120, what=f"{FRAMES} points of Redness", period_s=2)
    assert {(row["signal"], row["zone"]) for row in rows} == {("lamp", "frame")}
    assert [row["red"] for row in rows] == pytest.approx([GRAY] * len(rows), abs=0.01)
    assert {row["alarm"] for row in rows} == {1}
