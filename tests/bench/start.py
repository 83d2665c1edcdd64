"""How long a consumer takes from the start of its process to its first points, stage by stage.

Real processes, a real broker, a real InfluxDB. Alone: the first consumer of a group, with records
waiting. Joins: one that comes to a consumer at work, as when a stream scales out; the broker tells
that one to hand over at its next heartbeat, so the interval of those is part of the measurement.
The baseline is a bare interpreter that imports what any such program needs: OpenCV and a Kafka
client. Rounds of all alternate, so that they see the same machine.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import numpy as np

from tests.bench.pictures import soft
from tests.bench.usage import Usage
from tests.bench.wire import frame_record
from tests.support.consumer_process import PARTITIONS, Stage
from tests.support.eventually import eventually
from tests.support.influxdb import run_influxdb
from tests.support.kafka import run_broker
from tests.support.records import START_NS, STREAM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.consumer_process import ConsumerProcess
    from tests.support.influxdb import Influx
    from videostream_record import FrameRecord

_ROUNDS: Final = 7
_WAITING_RECORDS: Final = 240
_FPS: Final = 24
_LOOK_S: Final = 0.02
_PATIENCE_S: Final = 120.0
_HEARTBEATS_S: Final = (5, 1)  # Kafka's own, and a short one
_BARE: Final = "import cv2, confluent_kafka"
_PROCESSED: Final = 'videostream_consumer_records_total{result="processed"}'


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds of each stage of one start, and the CPU seconds of all."""

    imports_s: float
    join_s: float
    first_points_s: float
    cpu_s: float

    @property
    def all_s(self) -> float:
        """Seconds from the start of the process to its first points."""
        return self.imports_s + self.join_s + self.first_points_s


def run() -> None:
    """Print the stages of both kinds of start, and the baseline."""
    print(
        f"start: 1280x720, Brightness + Motion, medians of {_ROUNDS} rounds, {os.cpu_count()} "
        f"cores, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'s':<34}{'imports':>9}{'join':>9}{'points':>9}{'all':>9}{'CPU':>9}")
    with run_influxdb() as influx:
        for heartbeat_s in _HEARTBEATS_S:
            with _stage(influx, heartbeat_s=heartbeat_s) as stage:
                _print_rounds(stage, heartbeat_s=heartbeat_s)


def _print_rounds(stage: Stage, *, heartbeat_s: int) -> None:
    _alone(stage)  # the first compiles modules, which an image holds compiled
    bare, alone, joins = [], [], []
    for _ in range(_ROUNDS):
        bare.append(_bare())
        alone.append(_alone(stage))
        joins.append(_joins(stage))
    wall_s, cpu_s = (statistics.median(part) for part in zip(*bare, strict=True))
    print(f"{f'bare: {_BARE}':<34}{wall_s:>9.2f}{'':>27}{cpu_s:>9.2f}")
    for name, starts in (("alone", alone), ("joins", joins)):
        columns = (
            [start.imports_s for start in starts],
            [start.join_s for start in starts],
            [start.first_points_s for start in starts],
            [start.all_s for start in starts],
            [start.cpu_s for start in starts],
        )
        cells = "".join(f"{statistics.median(column):>9.2f}" for column in columns)
        slowest = max(start.all_s for start in starts)
        print(f"{f'{name}, heartbeat {heartbeat_s} s':<34}{cells}   slowest {slowest:.2f}")


@contextmanager
def _stage(influx: Influx, *, heartbeat_s: int) -> Iterator[Stage]:
    milliseconds = str(1000 * heartbeat_s)
    beats = {
        "KAFKA_GROUP_CONSUMER_HEARTBEAT_INTERVAL_MS": milliseconds,
        "KAFKA_GROUP_CONSUMER_MIN_HEARTBEAT_INTERVAL_MS": milliseconds,
        "KAFKA_GROUP_CONSUMER_SESSION_TIMEOUT_MS": "45000",
    }
    with (
        tempfile.TemporaryDirectory() as directory,
        run_broker(f"bench-kafka-{heartbeat_s}", beats) as kafka,
    ):
        kafka.create_topic("bench", partitions=PARTITIONS, max_message_bytes="2097152")
        kafka.create_topic("bench-status", partitions=1)
        stage = Stage(Path(directory), kafka, influx.new_bucket(), "bench", "bench-status")
        stage.publish(_records(_WAITING_RECORDS))
        yield stage


def _records(count: int, *, first: int = 0) -> list[FrameRecord]:
    record = frame_record(np.asarray(soft(1280, 720), np.uint8), stream=STREAM)
    return [
        replace(
            record,
            sequence=sequence,
            capture_time_ns=START_NS + sequence * 1_000_000,
            reference_sequence=sequence - 1 if sequence else None,
        )
        for sequence in range(first, first + count)
    ]


def _bare() -> tuple[float, float]:
    """Return wall and CPU seconds of the baseline."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, "-c", _BARE], env={"PATH": os.environ["PATH"]}, check=True)
    wall_s, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _alone(stage: Stage) -> Start:
    return _start(replace(stage, group=f"alone-{uuid4().hex[:8]}"))


def _joins(stage: Stage) -> Start:
    stage = replace(stage, group=f"joins-{uuid4().hex[:8]}")
    with stage.consumer("there-first") as first, _frames_flow(stage):
        eventually(
            lambda: first.metric(_PROCESSED) > _WAITING_RECORDS,
            timeout_s=_PATIENCE_S,
            what="the first consumer is at work",
        )
        return _start(stage)


def _start(stage: Stage) -> Start:
    """Start a consumer, wait for its first points and end it."""
    started_s = time.time()
    with stage.consumer("starts") as pod:
        eventually(
            lambda: pod.metric(_PROCESSED) > 0,
            timeout_s=_PATIENCE_S,
            what="the first points",
            period_s=_LOOK_S,
        )
        stored_s, cpu_s = time.time(), Usage.of(pod.pid).cpu_s
        ready_s, joined_s = _logged_s(pod, "starting"), _logged_s(pod, "assigned")
        pod.terminate()
    return Start(ready_s - started_s, joined_s - ready_s, stored_s - joined_s, cpu_s)


def _logged_s(pod: ConsumerProcess, message: str) -> float:
    return datetime.fromisoformat(pod.events(message)[0]["ts"]).timestamp()


@contextmanager
def _frames_flow(stage: Stage) -> Iterator[None]:
    """Publish frames at a camera's pace."""
    end = threading.Event()

    def publish() -> None:
        first = _WAITING_RECORDS
        while not end.wait(PARTITIONS / _FPS):
            stage.publish(_records(PARTITIONS, first=first))
            first += PARTITIONS

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
