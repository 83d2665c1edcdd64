"""CPU of a producer for one camera, against a bare OpenCV loop that does the least of the same.

Both play the same recording at its own pace at the same time, so they decode and keep the same
frames however busy the machine is, and are compared by CPU seconds per frame of the source. The
bare loop grabs each frame, retrieves every fifth and makes it a JPEG; the producer also makes
thumbnails, sends records to a real broker and tells how it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av
import cv2
import numpy as np

from tests.bench.pictures import soft
from tests.bench.usage import Usage
from tests.support.eventually import eventually
from tests.support.kafka import run_broker
from tests.support.producer_process import Process, producer

if TYPE_CHECKING:
    from tests.bench.pictures import Picture

_WIDTH, _HEIGHT = 1280, 720
_SOURCE_FPS: Final = 25
_FPS: Final = 5
_CLIP_FRAMES: Final = 500
_WARM_FRAMES: Final = 100
_SECONDS: Final = 60.0
_QUALITY: Final = 80
_BARE: Final = "import sys; from tests.bench.producer import bare_loop; bare_loop(sys.argv[1])"


def run() -> None:
    """Print CPU per frame of the source for both, and their ratio."""
    with tempfile.TemporaryDirectory() as directory, run_broker("bench-kafka") as broker:
        home = Path(directory)
        recording = home / "camera.mp4"
        record_camera(recording, frames=_CLIP_FRAMES)
        print(
            f"producer: {_WIDTH}x{_HEIGHT} H.264, "
            f"{recording.stat().st_size / _CLIP_FRAMES:.0f} bytes per frame, {_SOURCE_FPS} fps in, "
            f"{_FPS} fps out, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        )
        broker.create_topic("bench", partitions=12, max_message_bytes="2097152")
        broker.create_topic("bench-status", partitions=1)
        topics, url = ("bench", "bench-status"), recording.as_uri()
        changes = {"frames__fps": _FPS, "source__loop": True}
        with producer(broker, topics, url, home, **changes) as process:
            bare = subprocess.Popen(
                [sys.executable, "-c", _BARE, recording], stdout=subprocess.PIPE, text=True
            )
            try:
                ours = _measure(process)
                said, _ = bare.communicate(timeout=_SECONDS * 3)
            finally:
                bare.kill()
                bare.wait()
    theirs = json.loads(said)
    print(f"{'':<12}{'CPU ms per source frame':>26}{'frames':>10}{'kept':>10}")
    for name, found in (("producer", ours), ("bare loop", theirs)):
        per_frame_ms = 1e3 * found["cpu_s"] / found["frames"]
        print(f"{name:<12}{per_frame_ms:>26.2f}{found['frames']:>10.0f}{found['kept']:>10.0f}")
    ratio = ours["cpu_s"] / ours["frames"] / (theirs["cpu_s"] / theirs["frames"])
    print(f"producer / bare loop: {ratio:.2f}x")


def bare_loop(path: str) -> None:
    """Play the recording as plainly as OpenCV allows and print what that took, as JSON."""
    cv2.setNumThreads(1)
    capture = _open(path)
    frames = kept = 0
    cpu_s, started, due = 0.0, time.monotonic(), time.monotonic()
    while (now := time.monotonic()) < started + _SECONDS:
        time.sleep(max(0.0, due - now))
        due = max(due, now - 1) + 1 / _SOURCE_FPS
        before = time.process_time()
        if not capture.grab():  # the end: play it again
            capture.release()
            capture = _open(path)
            assert capture.grab()
        if frames % (_SOURCE_FPS // _FPS) == 0:
            _, picture = capture.retrieve()
            cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
            kept += 1
        frames += 1
        cpu_s += time.process_time() - before
    print(json.dumps({"cpu_s": cpu_s, "frames": frames, "kept": kept}))


def _open(path: str) -> cv2.VideoCapture:
    return cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])


def _measure(process: Process) -> dict[str, float]:
    """Give what the producer used and did in the same time."""
    eventually(
        lambda: process.metric("source_frames_total") >= _WARM_FRAMES,
        timeout_s=_SECONDS,
        what="the producer plays the recording",
    )
    before = _look(process)
    time.sleep(_SECONDS)
    after = _look(process)
    assert after["published"] > before["published"], process.log.read_text()[-2000:]
    return {name: after[name] - before[name] for name in after}


def _look(process: Process) -> dict[str, float]:
    return {
        "frames": process.metric("source_frames_total"),
        "kept": process.metric("captured_frames_total"),
        "published": process.metric("published_frames_total"),
        "cpu_s": Usage.of(process.child.pid).cpu_s,
    }


def record_camera(path: Path, *, frames: int) -> None:
    """Write a noisy scene that drifts, as a camera codes it: a key frame each second, 4 Mbit/s."""
    options = {"tune": "zerolatency", "preset": "veryfast", "threads": "1"}
    scene = soft(_WIDTH, _HEIGHT)
    random = np.random.default_rng(5)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", _SOURCE_FPS, options=options)
        video.width, video.height, video.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        video.gop_size, video.bit_rate = _SOURCE_FPS, 4_000_000
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(_noisy(scene, index, random), format="bgr24")
            coded = frame.reformat(format="yuv420p")
            coded.pts = index
            container.mux(video.encode(coded))
        container.mux(video.encode(None))


def _noisy(scene: Picture, index: int, random: np.random.Generator) -> Picture:
    noise = random.normal(0, 3, (_HEIGHT, _WIDTH, 1))
    moved = np.roll(scene, 4 * index, axis=1)
    return np.clip(moved + noise, 0, 255).astype(np.uint8)
