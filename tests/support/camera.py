"""The simulated camera in a container on loopback ports, and how to watch it."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import cv2
import numpy as np
import pytest

from cluster.docker import docker
from cluster.images import build_images
from images.camera import scene
from tests.support.containers import PREFIX, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH, HEIGHT, FPS = 640, 360, 10
USER = ("viewer", "correct horse/battery@staple")
# FFmpeg studies a new stream for seconds and then shows what is long past; this keeps it short.
_FFMPEG_OPTIONS = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay|analyzeduration;200000"
_SEARCHED_S = 5


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera in a container; its ports are those on loopback."""

    container: str
    rtsp_port: int
    http_port: int

    def rtsp_url(self, user: tuple[str, str] | None = None) -> str:
        """Give the URL of the H.264 stream, with user name and password in it if there are any."""
        login = "" if user is None else ":".join(quote(part, safe="") for part in user) + "@"
        return f"rtsp://{login}127.0.0.1:{self.rtsp_port}/stream"

    @property
    def http_url(self) -> str:
        """The root of the camera's HTTP side."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def mjpeg_url(self) -> str:
        """The URL of the MJPEG stream."""
        return f"{self.http_url}/stream.mjpg"

    def fault(self, kind: str, *, seconds: int = 10) -> None:
        """Switch a fault on, or off with ``none``; ``seconds`` matter for ``drop`` alone."""
        url = f"{self.http_url}/fault/{kind}?seconds={seconds}"
        with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=10) as said:
            assert json.load(said) == {"fault": kind}


@contextlib.contextmanager
def running_camera(name: str, **environment: str) -> Iterator[Camera]:
    """Run a camera under the restrictions of its manifest, ready when it is given."""
    image = build_images(["camera"])["camera"]
    container = f"{PREFIX}{name}-{os.getpid()}"
    docker("rm", "--force", container)
    variables = [word for pair in environment.items() for word in ("--env", "=".join(pair))]
    docker(
        *("run", "--detach", "--name", container),
        *("--read-only", "--cap-drop", "ALL", "--user", "10001:10001"),
        *("--security-opt", "no-new-privileges", "--memory", "256m"),
        *("--publish", "127.0.0.1::8554", "--publish", "127.0.0.1::8080"),
        *variables,
        image,
    )
    try:
        camera = Camera(container, *(_published_port(container, port) for port in (8554, 8080)))
        wait_until(lambda: _is_healthy(camera), name=container, timeout_s=30)
        yield camera
    finally:
        docker("rm", "--force", container)


def _published_port(container: str, port: int) -> int:
    return int(docker("port", container, str(port)).splitlines()[0].rpartition(":")[2])


def _is_healthy(camera: Camera) -> bool:
    try:
        with urllib.request.urlopen(f"{camera.http_url}/healthz", timeout=5) as said:
            return bool(said.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="session")
def camera() -> Iterator[Camera]:
    """A camera that is open to all. Who switches a fault on switches it off again."""
    with running_camera("camera") as started:
        yield started


@pytest.fixture(scope="session")
def locked_camera() -> Iterator[Camera]:
    """A camera that asks for ``USER``."""
    with running_camera(
        "camera-locked", CAMERA_USERNAME=USER[0], CAMERA_PASSWORD=USER[1]
    ) as started:
        yield started


@contextlib.contextmanager
def watching(url: str, *, timeout_ms: int = 5000) -> Iterator[cv2.VideoCapture]:
    """Open a stream as a viewer that wants the newest picture; check ``isOpened`` yourself."""
    # OpenCV reads the variable at each opening, and has no other way to say so.
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = _FFMPEG_OPTIONS
    parameters = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
    capture = cv2.VideoCapture(
        url, cv2.CAP_FFMPEG, [word for name in parameters for word in (name, timeout_ms)]
    )
    try:
        yield capture
    finally:
        capture.release()


@dataclass(frozen=True, slots=True)
class Seen:
    """A gray picture as a viewer got it, and when (Unix time)."""

    at_s: float
    image: scene.Image


def see(capture: cv2.VideoCapture) -> Seen | None:
    """Read one picture; None when the stream gives none."""
    got, picture = capture.read()
    at_s = time.time()
    if not got:
        return None
    return Seen(at_s, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.uint8))


def shown_instant(seen: Seen) -> float:
    """Return the Unix time that a picture shows: that of the likest frame of the last 5 s.

    Unique while the object moves. When it rests, the background alone tells, to its rounding.
    """
    newest = int(seen.at_s * FPS)
    small = seen.image[::4, ::4].astype(np.int16)

    def unlikeness(sequence: int) -> float:
        difference = small - _small_truth(sequence)
        # Decoding shifts all levels by up to one, as a neighbouring frame would: the object's
        # place tells more than the level of the background.
        shift = float(np.median(difference))
        return float(np.abs(difference - shift).mean()) + 0.1 * abs(shift)

    return min(range(newest, newest - _SEARCHED_S * FPS, -1), key=unlikeness) / FPS


@functools.lru_cache(maxsize=1000)
def _small_truth(sequence: int) -> scene.Image:
    return scene.render(sequence / FPS, WIDTH, HEIGHT)[::4, ::4]
