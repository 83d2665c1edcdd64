"""Cameras on loopback that serve snapshots and HLS over HTTP/1.1."""

import base64
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import av

from tests.support.encoded import write_stream
from tests.support.fault_servers import NONCE, REALM, digest_is_right, jpeg

Answer = tuple[int, str, bytes]


@dataclass
class Site:
    """A site that can be changed while it runs, and what was asked of it.

    `answer` gives status, content type and body of a path.
    """

    answer: Callable[[str], Answer]
    scheme: Literal["Basic", "Digest"] = "Basic"
    password: str | None = None
    url: str = ""
    requests: list[float] = field(default_factory=list)
    connections: list[float] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    site: Site

    def handle_error(self, *_: object) -> None:
        """Keep the test's output free of clients that left without a word."""


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.site.connections.append(time.monotonic())

    def do_GET(self) -> None:
        site = self.server.site
        site.requests.append(time.monotonic())
        if self._may_see(site):
            status, kind, body = site.answer(self.path)
        else:
            status, kind, body = 401, "text/plain", b"who are you?"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            nonce = f', nonce="{NONCE}", qop="auth"' if site.scheme == "Digest" else ""
            self.send_header("WWW-Authenticate", f'{site.scheme} realm="{REALM}"{nonce}')
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the client left

    def _may_see(self, site: Site) -> bool:
        said = self.headers.get("Authorization", "")
        if site.password is None:
            return True
        if site.scheme == "Digest":
            return digest_is_right(said, "GET", "viewer", site.password)
        return said == "Basic " + base64.b64encode(f"viewer:{site.password}".encode()).decode()

    def log_message(self, *_: object) -> None:
        """Keep the test's output free of requests."""


@contextmanager
def serving(site: Site, path: str) -> Iterator[Site]:
    """Serve a site; its URL is that of `path`."""
    server = _Server(("127.0.0.1", 0), _Request)
    server.site = site
    site.url = f"http://127.0.0.1:{server.server_address[1]}{path}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def snapshots(picture: Callable[[int], bytes] = jpeg) -> Site:
    """Give a site whose every answer is the next picture."""
    site = Site(lambda _: (200, "image/jpeg", picture(len(site.requests))))
    return site


@contextmanager
def hls(*, seconds: int, sound: bool = False) -> Iterator[Site]:
    """Serve H.264 as HLS, in segments of one second that appear as time goes by."""
    with tempfile.TemporaryDirectory() as directory:
        play_list = Path(directory) / "live.m3u8"
        options = {"hls_time": "1", "hls_list_size": "0"}
        with av.open(str(play_list), "w", format="hls", options=options) as container:
            write_stream(container, "h264", frames=25 * seconds, sound=sound)
        lines = play_list.read_text().splitlines()
        started_s = time.monotonic()

        def answer(path: str) -> Answer:
            name = path.rpartition("/")[2]
            if name.endswith(".ts"):
                return 200, "video/mp2t", (Path(directory) / name).read_bytes()
            known = 3 + int(time.monotonic() - started_s)
            ends = [at for at, line in enumerate(lines) if line.endswith(".ts")][:known]
            body = "\n".join([*lines[: ends[-1] + 1], ""]).encode()
            return 200, "application/vnd.apple.mpegurl", body

        with serving(Site(answer), "/hls/live.m3u8") as site:
            yield site
