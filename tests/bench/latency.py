"""How long a frame takes from its capture until its points can be queried, stage by stage.

A real producer plays a recording at 5 fps through a real broker to a real consumer and InfluxDB.
The figures are those of the consumer's own `pipeline` points, each of 10 s. They are wall time: a
busy machine shows in them.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.bench.producer import record_camera
from tests.support.consumer_environment import consumer_environment, consumer_spec
from tests.support.consumer_process import ConsumerProcess
from tests.support.containers import free_port
from tests.support.eventually import eventually
from tests.support.influxdb import run_influxdb
from tests.support.kafka import run_broker
from tests.support.producer_process import STREAM, producer

if TYPE_CHECKING:
    from tests.support.influxdb import Influx
    from tests.support.kafka import Broker

_FPS: Final = 5
_SECONDS: Final = 60.0
_CLIP_FRAMES: Final = 100
_POINTS: Final = 5  # of 10 s each, after the first, in which the consumer catches up
_STAGES: Final = ("latency", "taken", "measured", "stored")


def run() -> None:
    """Print median and 95th percentile of the latency and of each stage."""
    with (
        tempfile.TemporaryDirectory() as directory,
        run_broker("bench-kafka") as broker,
        run_influxdb() as influx,
    ):
        home = Path(directory)
        recording = home / "camera.mp4"
        record_camera(recording, frames=_CLIP_FRAMES)
        broker.create_topic("bench", partitions=12, max_message_bytes="2097152")
        broker.create_topic("bench-status", partitions=1)
        changes = {"frames__fps": _FPS, "source__loop": True}
        topics, url = ("bench", "bench-status"), recording.as_uri()
        with (
            _consumer(broker, influx, home) as pod,
            producer(broker, topics, url, home / "producer", **changes),
        ):
            pod.wait_ready()
            rows = eventually(
                lambda: _points(influx), timeout_s=5 * _SECONDS, what="enough pipeline points"
            )
    print(
        f"latency: 1280x720, {_FPS} fps, {len(rows)} points of 10 s, "
        f"{sum(row['processed'] for row in rows)} frames, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'ms':<12}{'p50, median':>14}{'p95, median':>14}{'p95, worst':>14}")
    for stage in _STAGES:
        p50, p95 = ([1e3 * row[f"{stage}_{part}_s"] for row in rows] for part in ("p50", "p95"))
        print(
            f"{stage:<12}{statistics.median(p50):>14.0f}{statistics.median(p95):>14.0f}"
            f"{max(p95):>14.0f}"
        )


def _points(influx: Influx) -> list[dict[str, Any]]:
    time.sleep(1)  # points come each 10 s
    rows = influx.query("SELECT * FROM pipeline WHERE role = 'consumer' AND processed > 0")
    return rows[1:] if len(rows) > _POINTS else []


def _consumer(broker: Broker, influx: Influx, home: Path) -> ConsumerProcess:
    """Start a consumer of the stream that the producer is of."""
    environ = consumer_environment(
        consumer_spec(topic="bench", group="bench"),
        stream=STREAM,
        http_port=free_port(),
        kafka_directory=broker.write_connection(home / "kafka"),
        influx_directory=influx.write_connection(home / "influx"),
    )
    return ConsumerProcess(environ | {"STATUS_TOPIC": "bench-status"}, home / "consumer.log")
