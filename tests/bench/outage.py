"""Memory of a producer while its broker is away for five minutes.

A live RTSP camera full of fine texture, every frame kept, so that whatever could pile up in five
minutes would. The broker is a real one that is killed and started again.
"""

from __future__ import annotations

import os
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av
import numpy as np

from tests.bench.pictures import textured
from tests.bench.usage import Usage
from tests.support.encoded import Clip, nal_units
from tests.support.eventually import eventually
from tests.support.kafka import run_broker
from tests.support.producer_process import Process, producer
from tests.support.rtsp_source import Rtsp, rtsp_source

if TYPE_CHECKING:
    from collections.abc import Callable

_WIDTH, _HEIGHT = 1280, 720
_FPS: Final = 25
_BITS_PER_S: Final = 8_000_000
_BEFORE_S: Final = 60.0
_AWAY_S: Final = 300.0
_AFTER_S: Final = 60.0
_LOOK_S: Final = 1.0
_PATIENCE_S: Final = 120.0
_MIB: Final = 2**20


def run() -> None:
    """Print the resident memory before, minute by minute during, and after the outage."""
    camera = Rtsp(clips=(_noisy_clip(),), fps=_FPS)
    with (
        tempfile.TemporaryDirectory() as directory,
        rtsp_source(camera) as source,
        run_broker("bench-kafka") as broker,
    ):
        broker.create_topic("bench", partitions=12, max_message_bytes="2097152")
        broker.create_topic("bench-status", partitions=1)
        topics = ("bench", "bench-status")
        with producer(broker, topics, source.url, Path(directory), frames__fps=_FPS) as process:
            _wait_for_more(process, "published_frames_total")
            print(
                f"outage: RTSP, {_WIDTH}x{_HEIGHT} at {_FPS} fps, all frames kept, "
                f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
            )
            _print_phase("before", process, _BEFORE_S)
            broker.stop()
            minutes = int(_AWAY_S / 60)
            for minute in range(1, minutes + 1):
                _print_phase(f"without broker, minute {minute}", process, _AWAY_S / minutes)
            broker.start()
            started = time.monotonic()
            _wait_for_more(process, "published_frames_total")
            print(f"published again {time.monotonic() - started:.1f} s after the broker was back")
            _print_phase("after", process, _AFTER_S)


def _print_phase(name: str, process: Process, seconds: float) -> None:
    """Sample the memory for a while, and print its course and what became of the frames."""
    counters = ("published_frames_total", "captured_frames_total")
    before = [process.metric(counter) for counter in counters]
    seen, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        seen.append(Usage.of(process.child.pid).rss_bytes / _MIB)
        time.sleep(_LOOK_S)
    published, captured = (
        process.metric(counter) - count for counter, count in zip(counters, before, strict=True)
    )
    print(
        f"{name:<28}{min(seen):>6.0f} to {max(seen):.0f} MiB, "
        f"{captured:.0f} frames captured, {published:.0f} published"
    )


def _wait_for_more(process: Process, counter: str) -> None:
    before = process.metric(counter)
    more: Callable[[], bool] = lambda: process.metric(counter) > before  # noqa: E731
    eventually(more, timeout_s=_PATIENCE_S, what=f"{counter} grows")


def _noisy_clip() -> Clip:
    """Code a second of a textured scene that drifts; its first picture is a key frame."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
    context.framerate, context.gop_size, context.max_b_frames = Fraction(_FPS), _FPS, 0
    context.bit_rate = _BITS_PER_S
    context.options = {"tune": "zerolatency", "preset": "veryfast", "threads": "1"}
    scene = textured(_WIDTH, _HEIGHT)
    packets: list[av.Packet[Any]] = []
    for index in range(_FPS):
        frame = av.VideoFrame.from_ndarray(np.roll(scene, 4 * index, axis=1), format="bgr24")
        coded = frame.reformat(format="yuv420p")
        coded.pts = index
        packets += context.encode(coded)
    packets += context.encode(None)
    return Clip("h264", tuple(nal_units(bytes(packet)) for packet in packets))
