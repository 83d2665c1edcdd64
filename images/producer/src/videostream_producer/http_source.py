"""Sources that send JPEGs over HTTP: motion JPEG streams and snapshots that are asked for.

Read without FFmpeg, because a JPEG need not be decoded to be counted, sampled and passed on.
"""

import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from typing import Final

from videostream_producer.http_link import HttpLink
from videostream_producer.jpeg import Jpeg, read_jpeg
from videostream_producer.multipart import take_part
from videostream_producer.source import SourceFailed, SourceInfo

PICTURE_BYTES_MAX: Final = 64 * 1024 * 1024
_OK: Final = 200
_CHUNK_BYTES: Final = 65_536


class JpegSource:
    """A source whose pictures come as whole JPEGs from `fetch`, which waits for the next one.

    `fetch` takes a deadline (s, monotonic) and gives None when the source failed.
    """

    def __init__(
        self,
        codec: str,
        fetch: Callable[[float], Jpeg | None],
        *,
        link: HttpLink,
        open_by_s: float,
        read_timeout_s: float,
    ) -> None:
        self._codec = codec
        self._fetch = fetch
        self._link = link
        self._read_timeout_s = read_timeout_s
        first = fetch(open_by_s)
        if first is None:
            link.close()
            message = "no picture within openTimeout: the source answers, but sends no JPEG"
            raise SourceFailed("OpenFailed", message)
        self._current = first
        self._is_new = True

    comes_in_bursts = False

    @property
    def info(self) -> SourceInfo:
        """Codec and size of the current picture; no rate is promised."""
        return SourceInfo(self._codec, self._current.width, self._current.height, 0.0)

    def grab(self) -> bool:
        """Wait for the next JPEG; False at the end, at a time-out and after an error."""
        if self._is_new:
            self._is_new = False
            return True
        found = self._fetch(time.monotonic() + self._read_timeout_s)
        if found is None:
            return False
        self._current = found
        return True

    def is_key_frame(self) -> bool:
        """Give True: each JPEG is whole."""
        return True

    def retrieve(self) -> Jpeg:
        """Give the current picture as it came."""
        return self._current

    def position_ms(self) -> float:
        """Give 0: there are no time stamps."""
        return 0.0

    def close(self) -> None:
        """Hang up."""
        self._link.close()


def stream_reader(
    link: HttpLink, response: HTTPResponse, boundary: bytes
) -> Callable[[float], Jpeg | None]:
    """Give the function that reads a motion JPEG stream's next picture by a deadline."""
    buffer = bytearray()

    def fetch(deadline_s: float) -> Jpeg | None:
        while len(buffer) < PICTURE_BYTES_MAX:
            part = take_part(buffer, boundary)
            picture = None if part is None else read_jpeg(part)
            if picture is not None:
                return picture
            if part is None:
                more = _read_some(link, response, deadline_s)
                if not more:
                    return None
                buffer.extend(more)
        return None

    return fetch


def snapshot_reader(
    link: HttpLink, first: HTTPResponse, *, period_s: float
) -> Callable[[float], Jpeg | None]:
    """Give the function that asks for a snapshot once a period."""
    waiting = [first]
    due_s = time.monotonic()

    def ask(deadline_s: float) -> HTTPResponse | None:
        nonlocal due_s
        if not waiting:
            time.sleep(max(0.0, due_s - time.monotonic()))
        # A slow camera is asked again at once, never for what was missed.
        due_s = max(due_s + period_s, time.monotonic())
        try:
            return waiting.pop() if waiting else link.get(deadline_s)
        except (OSError, HTTPException):
            return None

    def fetch(deadline_s: float) -> Jpeg | None:
        while time.monotonic() < deadline_s:
            response = ask(deadline_s)
            if response is None or response.status != _OK:
                return None
            picture = read_jpeg(_read_body(link, response, deadline_s))
            if picture is not None:
                return picture
        return None

    return fetch


def _read_body(link: HttpLink, response: HTTPResponse, deadline_s: float) -> bytes:
    """Give an answer's body, as far as it came by the deadline."""
    data = bytearray()
    while len(data) < PICTURE_BYTES_MAX and (more := _read_some(link, response, deadline_s)):
        data += more
    if response.length == 0:
        response.close()  # read to its end: the connection takes another request
    else:
        link.close()
    return bytes(data)


def _read_some(link: HttpLink, response: HTTPResponse, deadline_s: float) -> bytes:
    """Give the bytes that come next; none at the end, at a time-out and after an error."""
    try:
        link.wait_until(deadline_s)
        return response.read1(_CHUNK_BYTES)
    except (OSError, HTTPException):
        return b""
