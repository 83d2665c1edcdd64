"""Viewers are let in or refused, and the container behaves as Kubernetes wants it."""

import base64
import hashlib
import socket
import urllib.error
import urllib.request

import pytest

from cluster.docker import docker
from tests.support.camera import USER, Camera, running_camera, see, watching

pytestmark = pytest.mark.camera

WRONG = (USER[0], "wrong")


def ask(
    connection: socket.socket, camera: Camera, path: str, *, authorization: str | None = None
) -> str:
    """Ask the RTSP server for a stream's description and return its whole answer."""
    lines = [f"DESCRIBE rtsp://127.0.0.1:{camera.rtsp_port}{path} RTSP/1.0", "CSeq: 1"]
    if authorization:
        lines.append(f"Authorization: {authorization}")
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return connection.recv(65536).decode()


def describe(camera: Camera, path: str, *, authorization: str | None = None) -> str:
    """Ask as ``ask`` does, on a connection of its own."""
    with socket.create_connection(("127.0.0.1", camera.rtsp_port), timeout=10) as connection:
        return ask(connection, camera, path, authorization=authorization)


def basic(user: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(user).encode()).decode()


def mjpeg_status(camera: Camera, user: tuple[str, str] | None) -> int:
    headers = {} if user is None else {"Authorization": basic(user)}
    try:
        request = urllib.request.Request(camera.mjpeg_url, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as said:
            return int(said.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_locked_rtsp_lets_in_whom_it_knows(locked_camera: Camera) -> None:
    with watching(locked_camera.rtsp_url(USER)) as capture:
        assert capture.isOpened()
        assert see(capture) is not None


@pytest.mark.parametrize("user", [None, WRONG])
def test_locked_rtsp_refuses_others(locked_camera: Camera, user: tuple[str, str] | None) -> None:
    with watching(locked_camera.rtsp_url(user)) as capture:
        assert not capture.isOpened()


def test_locked_rtsp_offers_basic_and_digest(locked_camera: Camera) -> None:
    answer = describe(locked_camera, "/stream")
    assert answer.startswith("RTSP/1.0 401")
    assert "WWW-Authenticate: Basic" in answer
    assert "WWW-Authenticate: Digest" in answer
    assert describe(locked_camera, "/stream", authorization=basic(WRONG)).startswith("RTSP/1.0 401")
    assert describe(locked_camera, "/stream", authorization=basic(USER)).startswith("RTSP/1.0 200")


def digest(camera: Camera, user: tuple[str, str], nonce: str) -> str:
    """Answer a digest challenge (RFC 2617, without qop)."""
    url = f"rtsp://127.0.0.1:{camera.rtsp_port}/stream"
    response = _md5(_md5(f"{user[0]}:camera:{user[1]}"), nonce, _md5(f"DESCRIBE:{url}"))
    return (
        f'Digest username="{user[0]}", realm="camera", nonce="{nonce}", uri="{url}", '
        f'response="{response}"'
    )


def _md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode()).hexdigest()  # noqa: S324  # RFC 2617 asks for it


@pytest.mark.parametrize(("user", "status"), [(USER, "200"), (WRONG, "401")])
def test_locked_rtsp_takes_digest(
    locked_camera: Camera, user: tuple[str, str], status: str
) -> None:
    with socket.create_connection(("127.0.0.1", locked_camera.rtsp_port), timeout=10) as connection:
        challenge = ask(connection, locked_camera, "/stream")
        nonce = challenge.partition('nonce="')[2].partition('"')[0]
        # A nonce belongs to its connection.
        authorization = digest(locked_camera, user, nonce)
        answer = ask(connection, locked_camera, "/stream", authorization=authorization)
    assert answer.startswith(f"RTSP/1.0 {status}")


def test_locked_http_asks_for_credentials_except_for_health(locked_camera: Camera) -> None:
    assert mjpeg_status(locked_camera, None) == 401
    assert mjpeg_status(locked_camera, WRONG) == 401
    assert mjpeg_status(locked_camera, USER) == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        locked_camera.fault("stall")
    with refused.value as answer:
        assert answer.code == 401


def test_log_holds_no_password(locked_camera: Camera) -> None:
    assert mjpeg_status(locked_camera, USER) == 200
    log = docker("logs", locked_camera.container)
    assert "with credentials" in log
    assert USER[1] not in log
    assert basic(USER) not in log


def test_other_paths_are_not_found(camera: Camera) -> None:
    assert describe(camera, "/other").startswith("RTSP/1.0 404")
    with pytest.raises(urllib.error.HTTPError) as refused:
        camera.fault("explode")
    with refused.value as answer:
        assert answer.code == 404
        assert b"/fault/freeze" in answer.read()


def test_sigterm_ends_the_camera_within_2_s_though_it_is_watched() -> None:
    with running_camera("camera-ending") as camera, watching(camera.rtsp_url()) as capture:
        assert see(capture) is not None
        # After 2 s the engine would kill it, and the exit code would be 137.
        docker("stop", "--time", "2", camera.container)
        assert docker("inspect", "--format", "{{.State.ExitCode}}", camera.container) == "0"


def test_bad_setting_ends_the_camera_with_a_message(camera: Camera) -> None:
    image = docker("inspect", "--format", "{{.Config.Image}}", camera.container)
    with pytest.raises(RuntimeError, match="FPS='fast' must be a whole number from 1 to 60"):
        docker("run", "--rm", "--env", "FPS=fast", image)
