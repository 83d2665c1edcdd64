"""What a consumer does with one core, on a real broker and a real InfluxDB, and its memory.

The consumer is the real process and works off a backlog; CPU time, frames and memory are those of
its own `/metrics`. The baselines run here at the same time: a bare loop of the same decodes, and
what the 2018 consumer did with its message. All are CPU seconds, because other work on the
machine stretches wall time at will.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from tests.bench.pictures import soft
from tests.bench.wire import frame_record, seed_mean, seed_message
from tests.support.consumer_process import PARTITIONS, ConsumerProcess, Stage
from tests.support.influxdb import run_influxdb
from tests.support.kafka import run_broker
from tests.support.records import START_NS, STREAM
from videostream_record import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from videostream_record import FrameRecord

_WIDTH, _HEIGHT = 1280, 720
_PICTURES: Final = 8
_BACKLOG_RECORDS: Final = 20_000
_CHUNK_RECORDS: Final = 500  # so that this process does not hold the backlog
_WARM_RECORDS: Final = 1_000  # past the imports, the group join and the first small batches
_ROUND_RECORDS: Final = 3_000
_BARE_FRAMES: Final = 200
_SEED_FRAMES: Final = 10
_PAUSE_S: Final = 0.5  # leaves the cores to the consumer and the servers for most of the time
_PATIENCE_S: Final = 900.0
_MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the consumer: frames processed, CPU seconds used, resident bytes."""

    frames: int
    cpu_s: float
    rss_bytes: float

    @classmethod
    def at(cls, pod: ConsumerProcess) -> Look:
        """Read all three from one scrape, so that they belong together."""
        samples = dict(line.rpartition(" ")[::2] for line in pod.get("/metrics")[1].splitlines())
        return cls(
            int(float(samples.get('videostream_consumer_records_total{result="processed"}', 0))),
            float(samples.get("process_cpu_seconds_total", 0)),
            float(samples.get("process_resident_memory_bytes", 0)),
        )


@dataclass(slots=True)
class Baselines:
    """CPU seconds of one frame in each baseline, sample by sample."""

    records: list[FrameRecord]
    message: bytes
    bare_s: list[float] = field(default_factory=list)
    seed_s: list[float] = field(default_factory=list)

    def sample(self) -> None:
        """Measure both once more."""
        self.bare_s.append(_bare_loop(self.records))
        started = time.process_time()
        for _ in range(_SEED_FRAMES):
            seed_mean(self.message)
        self.seed_s.append((time.process_time() - started) / _SEED_FRAMES)


def run() -> None:
    """Print CPU per frame against both baselines, and the course of memory over the backlog."""
    cv2.setNumThreads(1)  # as the images do
    base = soft(_WIDTH, _HEIGHT)
    pictures = [np.roll(base, 40 * n, axis=1) for n in range(_PICTURES)]
    records = [frame_record(picture, stream=STREAM) for picture in pictures]
    baselines = Baselines(records, seed_message(base))
    print(
        f"consumer: {_WIDTH}x{_HEIGHT} q80, {len(records[0].jpeg)} bytes, Brightness + Motion, "
        f"backlog of {_BACKLOG_RECORDS}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    with _stage() as stage:
        for start in range(0, _BACKLOG_RECORDS, _CHUNK_RECORDS):
            stage.publish(_numbered(records, start, _CHUNK_RECORDS))
        with stage.consumer("bench") as pod:
            looks = list(_watch(pod, baselines))
    _print_cpu(looks, baselines)
    _print_memory(looks)


@contextmanager
def _stage() -> Iterator[Stage]:
    """Run a broker and InfluxDB with all that a consumer connects."""
    with (
        tempfile.TemporaryDirectory() as directory,
        run_broker("bench-kafka") as kafka,
        run_influxdb() as influx,
    ):
        kafka.create_topic("bench", partitions=PARTITIONS, max_message_bytes="2097152")
        kafka.create_topic("bench-status", partitions=1)
        yield Stage(Path(directory), kafka, influx.new_bucket(), "bench", "bench-status")


def _numbered(records: list[FrameRecord], start: int, count: int) -> Iterator[FrameRecord]:
    for sequence in range(start, start + count):
        yield replace(
            records[sequence % len(records)],
            sequence=sequence,
            capture_time_ns=START_NS + sequence * 1_000_000,
            reference_sequence=sequence - 1 if sequence else None,
        )


def _watch(pod: ConsumerProcess, baselines: Baselines) -> Iterator[Look]:
    """Look at the consumer until the backlog is worked off, and measure baselines in between."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        look = Look.at(pod)
        yield look
        if look.frames >= _BACKLOG_RECORDS:
            return
        assert time.monotonic() < deadline, f"{look.frames} frames in {_PATIENCE_S} s"
        if look.frames >= _WARM_RECORDS:
            baselines.sample()
        time.sleep(_PAUSE_S)


def _bare_loop(records: list[FrameRecord]) -> float:
    """Decode what the two signals look at and nothing else; CPU seconds per frame."""
    started = time.process_time()
    for n in range(_BARE_FRAMES):
        record = records[n % len(records)]
        assert record.thumbnail is not None
        assert record.reference is not None
        for jpeg, flag in (
            (record.jpeg, cv2.IMREAD_REDUCED_GRAYSCALE_4),
            (record.thumbnail, cv2.IMREAD_GRAYSCALE),
            (record.reference, cv2.IMREAD_GRAYSCALE),
        ):
            cv2.imdecode(np.frombuffer(jpeg, np.uint8), flag)
    return (time.process_time() - started) / _BARE_FRAMES


def _print_cpu(looks: list[Look], baselines: Baselines) -> None:
    rounds = []
    # What is left once the backlog is done is idle polling: the last look is no end of a round.
    working = [look for look in looks if _WARM_RECORDS <= look.frames < _BACKLOG_RECORDS]
    first = working[0]
    for look in working:
        if look.frames - first.frames >= _ROUND_RECORDS:
            rounds.append((look.cpu_s - first.cpu_s) / (look.frames - first.frames))
            first = look
    ours_s = statistics.median(rounds)
    bare_s, seed_s = statistics.median(baselines.bare_s), statistics.median(baselines.seed_s)
    spread = f"{1e3 * min(rounds):.2f} to {1e3 * max(rounds):.2f} in {len(rounds)} rounds"
    print(f"{'CPU ms per frame':<44}{1e3 * ours_s:>8.2f}   {spread}")
    print(f"{'frames per core-second':<44}{1 / ours_s:>8.0f}")
    for name, baseline_s in (("bare loop of the same decodes", bare_s), ("2018 path", seed_s)):
        ratio = f"consumer at {baseline_s / ours_s:.2f}x its speed"
        print(f"{name + ', CPU ms per frame':<44}{1e3 * baseline_s:>8.2f}   {ratio}")


def _print_memory(looks: list[Look]) -> None:
    known = [look for look in looks if look.rss_bytes and look.frames]
    quarter = _BACKLOG_RECORDS // 4
    for part in range(4):
        seen = [look.rss_bytes for look in known if look.frames // quarter == part]
        name = f"memory, frames {part * quarter} to {(part + 1) * quarter}, MiB at most"
        print(f"{name:<44}{max(seen, default=float('nan')) / _MIB:>8.0f}")
    wire = len(encode(frame_record(soft(_WIDTH, _HEIGHT)))[1])
    print(f"{'backlog in Kafka, MiB':<44}{_BACKLOG_RECORDS * wire / _MIB:>8.0f}")
