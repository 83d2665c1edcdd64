"""One write call to InfluxDB with its outcome as data.

The outcomes are what a caller has to tell apart: stored, refused for good, not allowed, not
reachable. The call is synchronous and does not retry: only the caller knows what has to wait for
the points (Kafka offsets do).

InfluxDB's client imports a module for every part of the server's API: half a second of CPU, as
much as OpenCV and the Kafka client together. So it is imported by the first write, which a
consumer does while its group decides which partitions it gets.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from videostream_pipeline.connection import ConnectionInvalid, read_influx_connection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from influxdb_client.client.influxdb_client import InfluxDBClient
    from influxdb_client.client.write_api import WriteApi
    from influxdb_client.domain.write_precision import WritePrecision
    from influxdb_client.rest import ApiException

_TIMEOUT_MS: Final = 10_000
_REFUSED: Final = frozenset({400, 413, 422})
_NOT_ALLOWED: Final = frozenset({401, 403, 404})
_DROPPED: Final = re.compile(r"\bdropped=(\d+)")
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
        self._client: InfluxDBClient | None = None
        self._api: WriteApi | None = None
        self._url = self._bucket = ""

    def write(self, lines: Sequence[str]) -> WriteResult:
        """Write lines with nanosecond times in one gzipped request; never raises for an outage."""
        if not lines:
            return Accepted()
        try:
            missing = self._connect()
        except ConnectionInvalid as error:
            return Unavailable(str(error))
        if missing:
            return Unauthorized(missing)
        result = self._post("\n".join(lines).encode())
        if isinstance(result, Unauthorized | Unavailable):
            self.close()
        return result

    def close(self) -> None:
        """Close the connection; a later write opens a new one."""
        if self._client is not None:
            self._client.close()  # type: ignore[no-untyped-call]
        self._client = self._api = None

    def _connect(self) -> str | None:
        """Make sure there is a client; return why there cannot be one yet."""
        if self._api is not None:
            return None
        from influxdb_client.client.influxdb_client import InfluxDBClient  # noqa: PLC0415 (above)
        from influxdb_client.client.write_api import SYNCHRONOUS  # noqa: PLC0415 (above)

        connection = read_influx_connection(self._directory)
        if connection.token is None:
            return f"{self._directory / 'token'}: there is no token yet"
        self._client = InfluxDBClient(
            url=connection.url,
            token=connection.token,
            org=connection.org,
            timeout=_TIMEOUT_MS,
            enable_gzip=True,
        )
        self._api = self._client.write_api(write_options=SYNCHRONOUS)
        self._url, self._bucket = connection.url, connection.bucket
        return None

    def _post(self, body: bytes) -> WriteResult:
        from influxdb_client.rest import ApiException  # noqa: PLC0415 (above)
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 (above)

        assert self._api is not None  # noqa: S101 (_connect made it)
        precision = cast("WritePrecision", "ns")  # a plain str in the client
        try:
            self._api.write(self._bucket, record=body, write_precision=precision)
        except ApiException as error:
            return _outcome(error)
        except (HTTPError, OSError) as error:
            return Unavailable(_shorten(f"InfluxDB at {self._url} does not answer: {error}"))
        return Accepted()


def _outcome(error: ApiException) -> WriteResult:
    """Tell the outcomes of a status code apart (InfluxDB 2.x; 0 is a failed TLS handshake)."""
    message = _message(error)
    if error.status in _REFUSED:
        dropped = _DROPPED.search(message)
        return Rejected(_shorten(message), int(dropped[1]) if dropped else None)
    headers: Mapping[str, str] = error.headers or {}
    if location := headers.get("Location"):
        message = f"expected the URL itself, not one that leads to {location}"
    about = _shorten(f"{error.status}: {message}")
    if error.status in _NOT_ALLOWED:
        return Unauthorized(about)
    wait = headers.get("Retry-After", "")
    return Unavailable(about, float(wait) if wait.isdigit() else None)


def _message(error: ApiException) -> str:
    """Return what the server says, which is JSON from InfluxDB and anything from a proxy."""
    body = error.body or error.reason or ""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    try:
        parsed = json.loads(text)
    except ValueError:
        return text
    return str(parsed.get("message", text)) if isinstance(parsed, dict) else text


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"
