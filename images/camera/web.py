"""The camera's HTTP side: the MJPEG stream, the switch for faults, and health.

- ``GET /stream.mjpg``: multipart JPEG stream
- ``POST /fault/{none|freeze|stall|drop}``: switch a fault on or off; ``?seconds=N`` for drop
- ``GET /healthz``: 200 while frames are made
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import select
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from .feed import Fault, Feed, Frame

if TYPE_CHECKING:
    from .jpeg import JpegEncoder
    from .settings import Credentials

MJPEG_PATH = "/stream.mjpg"
_FAULT_PATHS = {f"/fault/{fault.value}": fault for fault in Fault}
_BOUNDARY = "frame"
_MAX_VIEWERS = 16
_SEND_TIMEOUT_S = 10.0
_DROP_DEFAULT_S = 10
_DROP_MAX_S = 3600

_log = logging.getLogger("camera.http")

FaultSwitch = Callable[[Fault, int], None]


class WebServer(ThreadingHTTPServer):
    """Listens on all addresses of the HTTP port; each connection has its own thread."""

    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        port: int,
        *,
        feed: Feed,
        encoder: JpegEncoder,
        credentials: Credentials | None,
        switch_fault: FaultSwitch,
    ) -> None:
        super().__init__(("0.0.0.0", port), _Request)  # noqa: S104  # reached through a Service
        self.feed = feed
        self.encoder = encoder
        self.switch_fault = switch_fault
        self.viewers = threading.BoundedSemaphore(_MAX_VIEWERS)
        self.expected_authorization = None if credentials is None else _basic(credentials)


class _Request(BaseHTTPRequestHandler):
    server: WebServer
    timeout = _SEND_TIMEOUT_S
    server_version = "camera"
    sys_version = ""

    def do_GET(self) -> None:
        match urlsplit(self.path).path:
            case "/healthz":
                healthy = self.server.feed.is_alive
                status = HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE
                self._answer(status, {"fault": self.server.feed.fault.value})
            case path if path != MJPEG_PATH:
                self._answer(HTTPStatus.NOT_FOUND, {"error": f"try {MJPEG_PATH} or /healthz"})
            case _ if self._is_authorized():
                self._serve_viewer()

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        fault = _FAULT_PATHS.get(url.path)
        seconds = parse_qs(url.query).get("seconds", [str(_DROP_DEFAULT_S)])[-1]
        if not self._is_authorized():
            return
        if fault is None:
            self._answer(HTTPStatus.NOT_FOUND, {"error": f"try {', '.join(_FAULT_PATHS)}"})
        elif not seconds.isdecimal() or not 1 <= int(seconds) <= _DROP_MAX_S:
            error = f"seconds={seconds!r} must be a whole number from 1 to {_DROP_MAX_S}"
            self._answer(HTTPStatus.BAD_REQUEST, {"error": error})
        else:
            self.server.switch_fault(fault, int(seconds))
            self._answer(HTTPStatus.OK, {"fault": fault.value})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        # Health checks every few seconds would drown the rest.
        if not self.path.startswith("/healthz"):
            _log.info("%s " + format, self.client_address[0], *args)

    def _is_authorized(self) -> bool:
        expected = self.server.expected_authorization
        shown = self.headers.get("Authorization", "")
        if expected is None or hmac.compare_digest(shown.encode(), expected.encode()):
            return True
        challenge = ("WWW-Authenticate", 'Basic realm="camera"')
        self._answer(HTTPStatus.UNAUTHORIZED, {"error": "wrong or no credentials"}, challenge)
        return False

    def _serve_viewer(self) -> None:
        viewers = self.server.viewers
        dropping = self.server.feed.fault is Fault.DROP
        if dropping or not viewers.acquire(blocking=False):
            reason = (
                "the camera is down" if dropping else f"{_MAX_VIEWERS} viewers are here already"
            )
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": reason})
            return
        try:
            self._stream()
        except OSError as gone:
            _log.info("MJPEG viewer %s left: %s", self.client_address[0], gone)
        finally:
            viewers.release()

    def _stream(self) -> None:
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        feed, sequence = self.server.feed, -1
        while feed.fault is not Fault.DROP:
            frame = feed.wait_newer(sequence, timeout_s=1.0)
            if frame is not None:
                sequence = frame.sequence
                self.wfile.write(_part(frame, self.server.encoder.encode(frame)))
            elif select.select([self.connection], [], [], 0)[0]:
                return  # no frames, and the viewer has closed its side

    def _answer(self, status: HTTPStatus, body: dict[str, str], *headers: tuple[str, str]) -> None:
        data = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _part(frame: Frame, jpeg: bytes) -> bytes:
    head = (
        f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n"
        f"X-Timestamp: {frame.time_s:.6f}\r\n\r\n"
    )
    return head.encode() + jpeg + b"\r\n"


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{credentials.password}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
