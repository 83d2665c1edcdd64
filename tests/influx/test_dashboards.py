"""Every query of the dashboards finds the points that the pipeline writes, and alerts fire."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.dashboards import (
    DASHBOARDS,
    alerts,
    firing,
    influxql,
    queries_without_rows,
    targets,
)
from tests.support.influxdb import Influx
from videostream_pipeline.influx import Accepted, InfluxWriter
from videostream_pipeline.line_protocol import FieldValue, format_line, series_prefix
from videostream_pipeline.pipeline_point import pipeline_line
from videostream_pipeline.status import Role

pytestmark = pytest.mark.influx

NAMESPACE = "video"
FPS = 5
SECOND_NS = 1_000_000_000
WINDOW_S = 300
HEALTHY_PRODUCER: dict[str, FieldValue] = {
    "source_fps": 25.0,
    "captured": 50,
    "published": 50,
    "dropped_queue_full": 0,
    "dropped_too_large": 0,
    "delivery_failed": 0,
    "reconnects": 1,
    "state": "Streaming",
    "frame_bytes_mean": 41_000.0,
}
HEALTHY_CONSUMER: dict[str, FieldValue] = {
    "processed": 50,
    "skipped_stale": 0,
    "skipped_invalid": 0,
    "points_written": 150,
    "points_rejected": 0,
    "lag_records": 2,
    "latency_p50_s": 0.2,
    "latency_p95_s": 0.6,
    "taken_p95_s": 0.3,
    "measured_p95_s": 0.2,
    "stored_p95_s": 0.1,
}


def frames(stream: str, *, since_s: int, until_s: int = 0) -> Iterator[str]:
    """The points of each frame between two ages, as a consumer writes them."""
    tags = {"namespace": NAMESPACE, "stream": stream}
    frame = series_prefix("frame", tags)
    brightness = series_prefix("brightness", {**tags, "signal": "brightness", "zone": "frame"})
    motion = series_prefix("motion", {**tags, "signal": "motion", "zone": "door"})
    now = time.time_ns()
    for sequence in range((since_s - until_s) * FPS):
        at = now - since_s * SECOND_NS + sequence * SECOND_NS // FPS
        yield format_line(
            frame,
            {"bytes": 40_000, "width": 1280, "height": 720, "sequence": sequence, "session": "a"},
            at,
        )
        yield format_line(brightness, {"mean": 90.0, "min": 3.0, "max": 250.0, "stddev": 9.0}, at)
        yield format_line(motion, {"changed": 0.1}, at)


def reports(
    stream: str,
    *,
    since_s: int,
    producer: dict[str, FieldValue] | None = None,
    consumer: dict[str, FieldValue] | None = None,
) -> Iterator[str]:
    """The 10 s points of one producer and two consumers."""

    def point(fields: dict[str, FieldValue], *, role: Role, pod: str) -> str:
        return pipeline_line(
            fields, namespace=NAMESPACE, stream=stream, role=role, tags={}, pod=pod, now_ns=at
        )

    now = time.time_ns()
    for age in range(since_s, 0, -10):
        at = now - age * SECOND_NS
        yield point(HEALTHY_PRODUCER | (producer or {}), role="producer", pod="p-0")
        for pod in ("c-0", "c-1"):
            yield point(HEALTHY_CONSUMER | (consumer or {}), role="consumer", pod=pod)


@pytest.fixture
def writer(bucket: Influx, tmp_path: Path) -> Iterator[InfluxWriter]:
    """The pipeline's own writer, into the bucket of this test."""
    writer = InfluxWriter(bucket.write_connection(tmp_path / "influx"))
    yield writer
    writer.close()


def write(writer: InfluxWriter, *points: Iterator[str]) -> None:
    lines = [line for part in points for line in part]
    assert isinstance(writer.write(lines), Accepted)


def test_every_query_finds_the_points_of_a_stream(bucket: Influx, writer: InfluxWriter) -> None:
    write(writer, frames("camera", since_s=120), reports("camera", since_s=120))
    assert (
        queries_without_rows(bucket.query, namespace=NAMESPACE, stream="camera", window_s=WINDOW_S)
        == []
    )


def test_queries_find_nothing_of_other_streams(bucket: Influx, writer: InfluxWriter) -> None:
    write(writer, frames("camera", since_s=60), reports("camera", since_s=60))
    empty = queries_without_rows(
        bucket.query, namespace=NAMESPACE, stream="other", window_s=WINDOW_S
    )
    # Only the variables' own queries are not bound to a stream.
    everything = queries_without_rows(
        lambda _: [], namespace=NAMESPACE, stream="other", window_s=WINDOW_S
    )
    assert len(empty) == len(everything) - 2
    assert not [line for line in empty if "variable" in line]


def test_panels_show_what_the_points_say(bucket: Influx, writer: InfluxWriter) -> None:
    write(
        writer,
        frames("camera", since_s=120),
        reports("camera", since_s=120, consumer={"lag_records": 7}),
    )
    found = {
        target.place: bucket.query(
            influxql(
                target.query,
                window_s=WINDOW_S,
                interval_ms=target.interval_ms,
                namespace=NAMESPACE,
                stream="camera",
            )
        )
        for board in DASHBOARDS
        for target in targets(board)
    }

    def values(place: str) -> list[object]:
        return [
            value
            for row in found[place]
            for column, value in row.items()
            if column not in {"time", "signal", "zone"}
        ]

    assert values("State A") == ["Streaming"]
    assert values("Stored rate A") == [pytest.approx(FPS, rel=0.1)]
    # Two consumers with 7 frames each; a point that slips into its neighbour's slot adds one.
    assert set(values("Lag A")) <= {7, 14, 21}
    assert values("Lag A").count(14) >= 8
    assert set(values("Frame rate C")) <= {0, FPS, 2 * FPS}
    assert set(values("Consumers A")) == {2}
    assert {row["zone"] for row in found["Motion A"]} == {"door"}
    assert set(values("Reconnects A")) == {0}


def test_alerts_fire_for_the_streams_in_trouble_only(bucket: Influx, writer: InfluxWriter) -> None:
    write(
        writer,
        *(frames("healthy", since_s=600), reports("healthy", since_s=600)),
        # No frame for three minutes, though producer and consumers report.
        *(frames("silent", since_s=600, until_s=180), reports("silent", since_s=600)),
        # Its pods are gone.
        *(frames("gone", since_s=900, until_s=300), reports("gone-too", since_s=1)),
        *(
            frames("late", since_s=600),
            reports("late", since_s=600, consumer={"latency_p95_s": 9.0}),
        ),
        *(
            frames("stale", since_s=600),
            reports("stale", since_s=600, consumer={"skipped_stale": 5}),
        ),
        *(
            frames("refused", since_s=600),
            reports("refused", since_s=600, consumer={"points_rejected": 3}),
        ),
    )
    fired = {alert.title: firing(alert, bucket.query) for alert in alerts()}
    assert fired == {
        "VideoStream stores no frames": {"silent", "gone"},
        "VideoStream is late": {"late"},
        "VideoStream skips stale frames": {"stale"},
        "InfluxDB rejects points": {"refused"},
    }
