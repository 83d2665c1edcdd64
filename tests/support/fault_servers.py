"""Video sources on loopback that misbehave in the ways real ones do.

Each server counts its connections, so that a test can tell a patient client from one that spins.
"""

import base64
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.request import parse_http_list, parse_keqv_list

import cv2
import numpy as np

BOUNDARY = "frame"
REALM = "camera"
NONCE = "0a4f113b"


def jpeg(index: int, *, width: int = 160, height: int = 96) -> bytes:
    """A picture whose brightness tells its index: a white bar walks over gray."""
    image = np.full((height, width, 3), 90, np.uint8)
    left = index * 8 % (width - 8)
    image[:, left : left + 8] = 250
    return cv2.imencode(".jpg", image)[1].tobytes()


def damaged(picture: bytes) -> bytes:
    """A JPEG with the head of another and nothing behind it: it has a size and does not decode."""
    tables, frame = picture.index(b"\xff\xdb"), picture.index(b"\xff\xc0")
    return picture[: tables + 69] + picture[frame : frame + 19] + b"\xff\xda\xff\xd9"


def write_video(path: Path, *, frames: int, fps: float = 10.0, width: int = 320) -> Path:
    """Write an AVI of motion JPEG, 16:9, in which frame i has the brightness 4 * i."""
    size = (width, width * 9 // 16)
    fourcc = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, fps, size)
    for index in range(frames):
        writer.write(np.full((size[1], size[0], 3), index * 4 % 256, np.uint8))
    writer.release()
    return path


@dataclass
class Server:
    """A running server: where it is and how often it was connected to."""

    url: str
    connections: list[float] = field(default_factory=list)


@contextmanager
def black_hole(scheme: str = "rtsp") -> Iterator[Server]:
    """Accept TCP connections and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/stream")
        with answering(listener, server, _swallow):
            yield server


def _swallow(link: socket.socket) -> None:
    while link.recv(4096):
        pass


@contextmanager
def rtsp_server(status: int, *, password: str | None = None) -> Iterator[Server]:
    """Answer RTSP requests with a status; with a password ask for Digest (user `viewer`) first."""

    def serve(link: socket.socket) -> None:
        received = b""
        while more := link.recv(4096):
            received += more
            while b"\r\n\r\n" in received:
                head, _, received = received.partition(b"\r\n\r\n")
                link.sendall(_rtsp_answer(head.decode(), status, password))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/stream")
        with answering(listener, server, serve):
            yield server


def _rtsp_answer(head: str, status: int, password: str | None) -> bytes:
    request, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    sequence = f"CSeq: {headers.get('cseq', '1')}\r\n"
    method = request.split(" ")[0]
    if method == "OPTIONS":
        return f"RTSP/1.0 200 OK\r\n{sequence}Public: DESCRIBE\r\n\r\n".encode()
    said = headers.get("authorization", "")
    if password is not None and not digest_is_right(said, method, "viewer", password):
        challenge = f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}"\r\n'
        body = "Content-Length: 4\r\n\r\nstop"
        return f"RTSP/1.0 401 Unauthorized\r\n{sequence}{challenge}{body}".encode()
    return f"RTSP/1.0 {status} Answer\r\n{sequence}\r\n".encode()


def digest_is_right(header: str, method: str, username: str, password: str) -> bool:
    """Check a Digest answer (MD5, with or without qop) against the password."""
    if not header.lower().startswith("digest "):
        return False
    said = parse_keqv_list(parse_http_list(header[7:]))

    def md5(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()

    account = md5(username, REALM, password)
    request = md5(method, said.get("uri", ""))
    extra = [said["nc"], said["cnonce"], said["qop"]] if "qop" in said else []
    return said.get("response") == md5(account, NONCE, *extra, request)


@contextmanager
def answering(
    listener: socket.socket, server: Server, serve: Callable[[socket.socket], object]
) -> Iterator[None]:
    """Serve each connection in a thread until the block ends."""
    links: list[socket.socket] = []

    def handle(link: socket.socket) -> None:
        with link:
            try:
                serve(link)
            except OSError:
                return  # the client left, or the test ended

    def accept() -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            server.connections.append(time.monotonic())
            links.append(link)
            threading.Thread(target=handle, args=(link,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for link in links:
            _hang_up(link)


def _hang_up(link: socket.socket) -> None:
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # already closed by its own thread


@dataclass(frozen=True)
class Mjpeg:
    """How an MJPEG server behaves: `frames` good ones at `fps`, then `afterwards`.

    `afterwards` is "stall" (keep the connection, send nothing), "close" or "garbage"; `picture`
    gives the frame of an index. With a password it asks user `viewer` for it, as `scheme` says.
    """

    frames: int = 10_000
    fps: float = 25.0
    afterwards: str = "close"
    status: int = 200
    scheme: Literal["Basic", "Digest"] = "Basic"
    password: str | None = None
    picture: Callable[[int], bytes] = jpeg


class _MjpegServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, behaviour: Mjpeg) -> None:
        super().__init__(("127.0.0.1", 0), _MjpegStream)
        self.behaviour = behaviour
        self.ended = threading.Event()
        self.state = Server(f"http://127.0.0.1:{self.server_address[1]}/video")


class _MjpegStream(BaseHTTPRequestHandler):
    server: _MjpegServer

    def do_GET(self) -> None:
        self.server.state.connections.append(time.monotonic())
        status = self.server.behaviour.status if self._may_see() else 401
        self.send_response(status)
        if status == 401:
            nonce = f', nonce="{NONCE}", qop="auth"' if self._scheme == "Digest" else ""
            self.send_header("WWW-Authenticate", f'{self._scheme} realm="{REALM}"{nonce}')
        self.send_header("Content-Type", f"multipart/x-mixed-replace;boundary={BOUNDARY}")
        self.end_headers()
        if status == 200:
            try:
                self._send_stream(self.server.behaviour)
            except OSError:
                return  # the client left

    @property
    def _scheme(self) -> str:
        return self.server.behaviour.scheme

    def _may_see(self) -> bool:
        password = self.server.behaviour.password
        if self._scheme == "Digest" and password is not None:
            return digest_is_right(self.headers.get("Authorization", ""), "GET", "viewer", password)
        right = "Basic " + base64.b64encode(f"viewer:{password}".encode()).decode()
        return password is None or self.headers.get("Authorization") == right

    def _send_stream(self, behaviour: Mjpeg) -> None:
        for index in range(behaviour.frames):
            self._send_part(behaviour.picture(index))
            if self.server.ended.wait(1 / behaviour.fps):
                return
        if behaviour.afterwards == "garbage":
            self._send_part(b"this is no picture" * 50)
            self._send_part(b"\xff\xd8\xff" + b"nor is this" * 50)
        if behaviour.afterwards != "close":
            self.server.ended.wait()

    def _send_part(self, body: bytes) -> None:
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n"
        self.wfile.write(head.encode() + b"\r\n" + body + b"\r\n")

    def log_message(self, *_: object) -> None:
        """Keep the test's output free of requests."""


@contextmanager
def mjpeg_server(behaviour: Mjpeg) -> Iterator[Server]:
    """Serve motion JPEG over HTTP, asking user `viewer` for a password if told to."""
    http = _MjpegServer(behaviour)
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield http.state
    finally:
        http.ended.set()
        http.shutdown()
        thread.join()
        http.server_close()
