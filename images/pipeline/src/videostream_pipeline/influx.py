"""One write call to InfluxDB with its outcome as data.

The outcomes are what a caller has to tell apart: stored, refused for good, not allowed, not
reachable. The call is synchronous and does not retry: only the caller knows what has to wait for
the points (Kafka offsets do).

It is one POST, spoken by the standard library: InfluxDB's own client imports a module for every
part of the server's API, which took longer than all else at the start of a process.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from videostream_pipeline.connection import (
    ConnectionInvalid,
    InfluxConnection,
    read_influx_connection,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TIMEOUT_S: Final = 10.0
_GZIP_LEVEL: Final = 1
_STORED: Final = range(200, 300)
_REFUSED: Final = frozenset({400, 413, 422})
_NOT_ALLOWED: Final = frozenset({401, 403, 404})
_DROPPED: Final = re.compile(r"\bdropped=(\d+)")
_LONGEST_ANSWER_BYTES: Final = 65_536
_LONGEST_MESSAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Accepted:
    """Every point is stored and can be queried."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """InfluxDB refused points for good and stored the others.

    `rejected_lines` is None when the whole request was refused: then nothing is stored, also
    when only one of its lines is malformed.
    """

    first_error: str
    rejected_lines: int | None


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """The token is absent or may not write to the bucket, or there is no such bucket."""

    message: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """InfluxDB could not be reached or could not take the points now."""

    message: str
    retry_after_s: float | None = None


WriteResult = Accepted | Rejected | Unauthorized | Unavailable


class InfluxWriter:
    """Writes lines to the bucket of a connection directory, from one thread.

    After any failure to reach or to be let in, the directory is read anew at the next write.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._link: _Link | None = None

    def write(self, lines: Sequence[str]) -> WriteResult:
        """Write lines with nanosecond times in one gzipped request; never raises for an outage."""
        if not lines:
            return Accepted()
        try:
            link = self._link = self._link or self._connect()
        except ConnectionInvalid as error:
            return Unavailable(str(error))
        if link is None:
            return Unauthorized(f"{self._directory / 'token'}: there is no token yet")
        result = link.post("\n".join(lines).encode())
        if isinstance(result, Unauthorized | Unavailable):
            self.close()
        return result

    def close(self) -> None:
        """Close the connection; a later write opens a new one."""
        if self._link is not None:
            self._link.close()
        self._link = None

    def _connect(self) -> _Link | None:
        """Return a way to the server, None while there is no token."""
        connection = read_influx_connection(self._directory)
        return None if connection.token is None else _Link(connection, connection.token)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a server said, and how long it asks to wait."""

    status: int
    text: str
    retry_after_s: float | None
    location: str | None


class _Link:
    """An HTTP connection that is kept open from one write to the next."""

    def __init__(self, connection: InfluxConnection, token: str) -> None:
        self._url = connection.url
        parts = urlsplit(connection.url)
        host = parts.hostname or ""
        # Given without a port, the last group of an IPv6 address would be taken for one.
        if parts.scheme == "https":
            self._http: HTTPConnection = HTTPSConnection(
                host, parts.port or 443, timeout=_TIMEOUT_S
            )
        else:
            self._http = HTTPConnection(host, parts.port or 80, timeout=_TIMEOUT_S)
        where = {"org": connection.org, "bucket": connection.bucket, "precision": "ns"}
        self._target = f"{parts.path.rstrip('/')}/api/v2/write?{urlencode(where)}"
        self._headers = {
            "Authorization": f"Token {token}",
            "Content-Encoding": "gzip",
            "Content-Type": "text/plain; charset=utf-8",
        }

    def post(self, body: bytes) -> WriteResult:
        """Send lines and return what the server made of them."""
        try:
            answer = self._exchange(gzip.compress(body, _GZIP_LEVEL, mtime=0))
        except (HTTPException, OSError, UnicodeError) as error:  # the last: no name of a host
            said = str(error) or type(error).__name__
            return Unavailable(_shorten(f"InfluxDB at {self._url} does not answer: {said}"))
        return _outcome(answer)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _exchange(self, packed: bytes) -> _Answer:
        kept = self._http.sock is not None
        try:
            return self._request(packed)
        except ConnectionError:
            # A server closes a connection on which nothing was said for a while. To write the
            # same points once more changes nothing.
            if not kept:
                raise
            self._http.close()
            return self._request(packed)

    def _request(self, packed: bytes) -> _Answer:
        self._http.request("POST", self._target, packed, self._headers)
        with self._http.getresponse() as response:
            text = response.read(_LONGEST_ANSWER_BYTES).decode(errors="replace")
            if not response.isclosed():  # there is more: nothing else can follow on it
                self._http.close()
        wait = response.headers.get("Retry-After", "")
        return _Answer(
            status=response.status,
            text=text or response.reason,
            retry_after_s=float(wait) if wait.isdigit() else None,
            location=response.headers.get("Location"),
        )


def _outcome(answer: _Answer) -> WriteResult:
    """Tell the outcomes of a status code apart (InfluxDB 2.x)."""
    if answer.status in _STORED:
        return Accepted()
    message = _message(answer.text)
    if answer.status in _REFUSED:
        dropped = _DROPPED.search(message)
        return Rejected(_shorten(message), int(dropped[1]) if dropped else None)
    if answer.location is not None:
        message = f"expected the URL itself, not one that leads to {answer.location}"
    about = _shorten(f"{answer.status}: {message}")
    if answer.status in _NOT_ALLOWED:
        return Unauthorized(about)
    return Unavailable(about, answer.retry_after_s)


def _message(text: str) -> str:
    """Return what the server says, which is JSON from InfluxDB and anything from a proxy."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return text
    return str(parsed.get("message", text)) if isinstance(parsed, dict) else text


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"
