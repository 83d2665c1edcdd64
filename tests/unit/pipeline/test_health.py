"""The HTTP endpoints over a real socket."""

import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter

from videostream_pipeline.health import HealthServer


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_checks_answer_with_their_reason_and_metrics_are_exposed() -> None:
    registry = CollectorRegistry()
    Counter("frames", "Frames.", registry=registry).inc(3)
    reasons: dict[str, str | None] = {"healthy": None, "ready": "has not reached Kafka yet"}
    with HealthServer(
        port=0,
        healthy=lambda: reasons["healthy"],
        ready=lambda: reasons["ready"],
        registry=registry,
    ) as server:
        assert get(server.port, "/healthz") == (200, "ok\n")
        assert get(server.port, "/readyz?verbose") == (503, "has not reached Kafka yet\n")
        reasons |= {"healthy": "no sign of life", "ready": None}
        assert get(server.port, "/healthz") == (503, "no sign of life\n")
        assert get(server.port, "/readyz") == (200, "ok\n")
        assert "frames_total 3.0" in get(server.port, "/metrics")[1]
        assert get(server.port, "/")[0] == 404


def test_a_silent_client_does_not_keep_probes_waiting() -> None:
    with (
        HealthServer(port=0, healthy=lambda: None, ready=lambda: None) as server,
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        assert get(server.port, "/healthz") == (200, "ok\n")


def test_the_port_is_free_again_after_the_end() -> None:
    with HealthServer(port=0, healthy=lambda: None, ready=lambda: None) as server:
        port = server.port
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass
    with HealthServer(port=port, healthy=lambda: None, ready=lambda: None):
        assert get(port, "/healthz") == (200, "ok\n")
