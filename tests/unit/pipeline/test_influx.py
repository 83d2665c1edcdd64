"""How a write speaks HTTP, on servers that do what InfluxDB itself does seldom."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.containers import free_port
from videostream_pipeline.influx import (
    Accepted,
    InfluxWriter,
    Rejected,
    Unauthorized,
    Unavailable,
)

LINE = "m value=1 1"
Answer = tuple[int, dict[str, str], bytes]
NO_CONTENT: Answer = (204, {}, b"")


class _Server(ThreadingHTTPServer):
    """Answers each POST with the next of its answers and keeps what it was sent."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.got: list[tuple[str, str | None, bytes]] = []
        self.connections = 0
        self.closes_after_answer = False
        self.closed = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def shutdown_request(self, request: object) -> None:
        """Close a connection and tell that it is closed."""
        super().shutdown_request(request)  # type: ignore[arg-type]
        self.closed.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Authorization"], gzip.decompress(body)))
        status, headers, text = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)
        self.close_connection = self.server.closes_after_answer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Say nothing."""


@contextmanager
def serving(*answers: Answer) -> Iterator[_Server]:
    server = _Server(*answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name, text in {"org": "my org", "bucket": "sig&nals", "token": "s3cret"}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@contextmanager
def writer(directory: Path, url: str) -> Iterator[InfluxWriter]:
    (directory / "url").write_text(url)
    made = InfluxWriter(directory)
    try:
        yield made
    finally:
        made.close()


def test_a_write_is_one_gzipped_post_on_a_connection_that_is_kept(directory: Path) -> None:
    with (
        serving(NO_CONTENT, NO_CONTENT) as server,
        writer(directory, f"{server.url}/behind/a/proxy/") as influx,
    ):
        assert influx.write([LINE, LINE]) == Accepted()
        assert influx.write([LINE]) == Accepted()
    target = "/behind/a/proxy/api/v2/write?org=my+org&bucket=sig%26nals&precision=ns"
    said = "Token s3cret"
    assert server.got == [
        (target, said, b"m value=1 1\nm value=1 1"),
        (target, said, b"m value=1 1"),
    ]
    assert server.connections == 1


def test_a_connection_that_the_server_gave_up_is_made_anew(directory: Path) -> None:
    with serving(NO_CONTENT, NO_CONTENT) as server, writer(directory, server.url) as influx:
        server.closes_after_answer = True  # without a word of it in the answer
        assert influx.write([LINE]) == Accepted()
        assert server.closed.wait(10)
        assert influx.write([LINE]) == Accepted()
    assert server.connections == 2


def test_a_server_that_asks_for_time_gets_it(directory: Path) -> None:
    busy = (503, {"Retry-After": "7"}, b"<html>busy</html>")
    later = (429, {"Retry-After": "Tue, 24 Nov 2026 13:37:03 GMT"}, b'{"message": "too much"}')
    with serving(busy, later) as server, writer(directory, server.url) as influx:
        assert influx.write([LINE]) == Unavailable("503: <html>busy</html>", 7.0)
        assert influx.write([LINE]) == Unavailable("429: too much")


def test_a_redirect_says_which_url_would_be_right(directory: Path) -> None:
    moved = (308, {"Location": "https://influx.example.com/api/v2/write"}, b"")
    with serving(moved) as server, writer(directory, server.url) as influx:
        result = influx.write([LINE])
    assert isinstance(result, Unavailable)
    assert result.message.startswith("308: ")
    assert "https://influx.example.com" in result.message
    assert len(server.got) == 1


def test_an_endless_answer_is_cut_and_the_next_write_is_heard(directory: Path) -> None:
    endless: Answer = (400, {}, b"x" * 1_000_000)
    with serving(endless, NO_CONTENT) as server, writer(directory, server.url) as influx:
        refused = influx.write([LINE])
        assert isinstance(refused, Rejected)
        assert len(refused.first_error) < 600
        assert influx.write([LINE]) == Accepted()


def test_the_directory_is_read_anew_after_a_refusal(directory: Path) -> None:
    refused: Answer = (401, {}, b'{"code": "unauthorized", "message": "unauthorized access"}')
    with serving(refused, NO_CONTENT) as server, writer(directory, server.url) as influx:
        assert influx.write([LINE]) == Unauthorized("401: unauthorized access")
        (directory / "token").write_text("n3w")
        assert influx.write([LINE]) == Accepted()
    assert [token for _, token, _ in server.got] == ["Token s3cret", "Token n3w"]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "no-such-host.invalid", "a..b"])
def test_a_server_that_cannot_be_reached_is_named(directory: Path, host: str) -> None:
    url = f"http://{host}:{free_port()}"
    with writer(directory, url) as influx:
        result = influx.write([LINE])
    assert isinstance(result, Unavailable)
    assert result.message.startswith(f"InfluxDB at {url} does not answer: ")
    assert "s3cret" not in result.message


def test_a_server_that_speaks_no_tls_is_said_so(directory: Path) -> None:
    with serving() as server:
        url = server.url.replace("http:", "https:")
        with writer(directory, url) as influx:
            result = influx.write([LINE])
    assert isinstance(result, Unavailable)
    assert "SSL" in result.message
