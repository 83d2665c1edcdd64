"""Faults do to viewers what failing cameras do, and end when they are switched off."""

import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest

from tests.support.camera import Camera, see, shown_instant, watching
from tests.support.eventually import eventually

pytestmark = pytest.mark.camera


@pytest.fixture(autouse=True)
def faultless(camera: Camera) -> Iterator[None]:
    """Leave the camera as it was."""
    yield
    camera.fault("none")


def urls(camera: Camera) -> dict[str, str]:
    return {"rtsp": camera.rtsp_url(), "mjpeg": camera.mjpeg_url}


def is_watchable(url: str) -> bool:
    with watching(url, timeout_ms=2000) as capture:
        return bool(capture.isOpened()) and see(capture) is not None


@pytest.mark.parametrize("stream", ["rtsp", "mjpeg"])
def test_freeze_goes_on_with_the_same_picture(camera: Camera, stream: str) -> None:
    with watching(urls(camera)[stream]) as capture:
        assert see(capture) is not None
        camera.fault("freeze")
        frozen_s = time.time()
        # A picture 3 s later still shows what was before the fault, to what can be told from it:
        # levels are rounded, so pictures close in time can be equal.
        while (seen := see(capture)) and seen.at_s < frozen_s + 3:
            pass
        later = see(capture)
        assert seen is not None
        assert later is not None
        assert np.abs(later.image.astype(int) - seen.image).max() <= 3
        assert shown_instant(later) < frozen_s + 1
        camera.fault("none")
        eventually(
            lambda: (now := see(capture)) and abs(now.image.mean() - later.image.mean()) > 1,
            timeout_s=30,
            what="the picture changes again",
            period_s=0,
        )


@pytest.mark.parametrize("stream", ["rtsp", "mjpeg"])
def test_stall_keeps_the_connection_and_sends_nothing(camera: Camera, stream: str) -> None:
    with watching(urls(camera)[stream], timeout_ms=3000) as capture:
        assert see(capture) is not None
        camera.fault("stall")
        last_s = time.time()
        while seen := see(capture):
            last_s = seen.at_s
        # It was the viewer who lost patience: a closed connection would end at once.
        assert time.time() - last_s > 2.5
    camera.fault("none")
    eventually(lambda: is_watchable(urls(camera)[stream]), timeout_s=30, what="frames again")


def test_mjpeg_connection_survives_a_stall(camera: Camera) -> None:
    with socket.create_connection(("127.0.0.1", camera.http_port), timeout=2) as viewer:
        viewer.sendall(b"GET /stream.mjpg HTTP/1.0\r\n\r\n")
        assert viewer.recv(65536).startswith(b"HTTP/1.0 200 OK")
        camera.fault("stall")
        with pytest.raises(TimeoutError):
            _receive_all(viewer)
        camera.fault("none")
        assert viewer.recv(65536)


def _receive_all(viewer: socket.socket) -> None:
    while viewer.recv(65536):
        pass


@pytest.mark.parametrize("stream", ["rtsp", "mjpeg"])
def test_drop_closes_and_refuses_until_its_time_is_over(camera: Camera, stream: str) -> None:
    url = urls(camera)[stream]
    with watching(url, timeout_ms=20_000) as capture:
        assert see(capture) is not None
        camera.fault("drop", seconds=6)
        dropped_s = time.monotonic()
        while see(capture):
            pass
        assert time.monotonic() - dropped_s < 6
    assert not is_watchable(url)
    eventually(lambda: is_watchable(url), timeout_s=30, what="the camera is back")
    assert time.monotonic() - dropped_s > 5


def test_none_ends_a_drop_early(camera: Camera) -> None:
    camera.fault("drop", seconds=600)
    assert not is_watchable(camera.rtsp_url())
    camera.fault("none")
    eventually(lambda: is_watchable(camera.rtsp_url()), timeout_s=30, what="the camera is back")
