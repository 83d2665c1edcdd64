"""GET requests to one camera: log in as it asks, keep the connection, bound every wait.

Cameras answer slowly and close connections without a word.
"""

import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from videostream_producer.challenge import authorization
from videostream_producer.credentials import Credentials
from videostream_producer.tls import Trust, tls_context

if TYPE_CHECKING:
    import socket

_UNAUTHORIZED: Final = 401
_SMALL_BYTES: Final = 65_536


class HttpLink:
    """A connection that is kept between requests; used by one thread.

    Methods raise `OSError` or `HTTPException`; the `get` after that connects anew.
    """

    def __init__(self, url: str, credentials: Credentials | None, trust: Trust) -> None:
        parts = urlsplit(url)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._credentials = credentials
        host, port = parts.hostname or "", parts.port
        self._connection = (
            HTTPSConnection(host, port, context=tls_context(trust))
            if parts.scheme == "https"
            else HTTPConnection(host, port)
        )
        # The connection lets go of its socket when the server will close it after the answer.
        self._socket: socket.socket | None = None
        self._response: HTTPResponse | None = None
        self._basic: str | None = None

    def get(self, deadline_s: float) -> HTTPResponse:
        """Ask, and again with the answer to a challenge; give the response, its body unread."""
        response = self._ask(self._basic, deadline_s)
        if response.status != _UNAUTHORIZED or self._credentials is None:
            return response
        challenges = response.headers.get_all("WWW-Authenticate") or []
        answer = authorization(challenges, self._credentials, method="GET", uri=self._target)
        if answer is None:
            return response
        # The body of a refusal stands before the next answer; one without end is not waited for.
        if response.length is None or len(response.read(_SMALL_BYTES)) == _SMALL_BYTES:
            self.close()
        response = self._ask(answer, deadline_s)
        # An answer to Digest is good for one request, that to Basic for all.
        self._basic = answer if answer.startswith("Basic ") else None
        return response

    def wait_until(self, deadline_s: float) -> None:
        """Let the next wait for bytes end at a time; raises TimeoutError when that is past."""
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._connection.timeout = left_s
        if self._socket is not None:
            self._socket.settimeout(left_s)

    def close(self) -> None:
        """Hang up."""
        if self._response is not None:
            self._response.close()
        self._connection.close()
        self._socket = None

    def _ask(self, answer: str | None, deadline_s: float) -> HTTPResponse:
        headers = {"User-Agent": "videostream-producer"}
        if answer is not None:
            headers["Authorization"] = answer
        is_kept = self._connection.sock is not None
        try:
            return self._request(headers, deadline_s)
        except (OSError, HTTPException) as error:
            self.close()
            # A camera may hang up between two requests; silence is its answer, though.
            if not is_kept or isinstance(error, TimeoutError):
                raise
        return self._request(headers, deadline_s)

    def _request(self, headers: Mapping[str, str], deadline_s: float) -> HTTPResponse:
        connection = self._connection
        if connection.sock is None:
            self._socket = None
            self.wait_until(deadline_s)
            connection.connect()
            self._socket = connection.sock
        self.wait_until(deadline_s)
        connection.request("GET", self._target, headers=dict(headers))
        self._response = connection.getresponse()
        return self._response
