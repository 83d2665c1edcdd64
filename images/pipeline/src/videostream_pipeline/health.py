"""The HTTP side of a process: liveness, readiness and metrics on one port."""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder

Check = Callable[[], str | None]
"""Returns None when all is well, otherwise one sentence that says what is not."""

_REQUEST_TIMEOUT_S: Final = 5.0  # a client that sends nothing must not hold a thread for ever
_log = logging.getLogger(__name__)


class HealthServer:
    """Serves /healthz, /readyz and /metrics from a thread of its own.

    Used as a context manager: the socket is bound by the constructor (OSError when the port is
    taken), served from `with` on and closed at its end.
    """

    def __init__(
        self,
        *,
        port: int,
        healthy: Check,
        ready: Check,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._server = _Server(port, {"/healthz": healthy, "/readyz": ready}, registry)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="health",
            daemon=True,
        )

    @property
    def port(self) -> int:
        """The port that is listened on; of use when 0 was asked for."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop to serve and close the socket."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # an idle client must not delay the end of the process

    def __init__(self, port: int, checks: dict[str, Check], registry: CollectorRegistry) -> None:
        self.checks = checks
        self.registry = registry
        if socket.has_dualstack_ipv6():  # one socket for clusters of either address family
            self.address_family = socket.AF_INET6
        super().__init__(("", port), _Endpoints)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # HTTPServer.server_bind would look up the host's name, which can hang on a broken DNS.
        socketserver.TCPServer.server_bind(self)


class _Endpoints(BaseHTTPRequestHandler):
    server: _Server
    timeout = _REQUEST_TIMEOUT_S

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._answer(HTTPStatus.OK, encode(self.server.registry), content_type)
        elif check := self.server.checks.get(path):
            reason = check()
            status = HTTPStatus.OK if reason is None else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, f"{reason or 'ok'}\n".encode(), "text/plain; charset=utf-8")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"not found\n", "text/plain; charset=utf-8")

    def _answer(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        _log.debug(format, *args)
