"""Why a source does not open: told apart on real sockets."""

import pytest

from tests.support.fault_servers import (
    Mjpeg,
    black_hole,
    digest_is_right,
    mjpeg_server,
    rtsp_server,
)
from videostream_producer.challenge import authorization
from videostream_producer.credentials import Credentials
from videostream_producer.probe import diagnose
from videostream_producer.tls import Trust

VIEWER = Credentials("viewer", 'top "secret"')
WRONG = Credentials("viewer", "guess")
TIMEOUT_S = 3.0


@pytest.mark.parametrize(
    ("url", "reason", "says"),
    [
        ("rtsp://no-such-host.invalid/x", "UnknownHost", "no-such-host.invalid is unknown"),
        ("http://no-such-host.invalid/x", "UnknownHost", "no-such-host.invalid is unknown"),
        ("rtsp://127.0.0.1:1/x", "ConnectionRefused", "127.0.0.1:1 refused"),
    ],
)
def test_names_hosts_and_ports_that_do_not_answer(url: str, reason: str, says: str) -> None:
    failure = diagnose(url, None, Trust(), timeout_s=TIMEOUT_S)
    assert failure.reason == reason
    assert says in failure.message


@pytest.mark.parametrize("scheme", ["rtsp", "http", "https"])
def test_names_a_server_that_says_nothing(scheme: str) -> None:
    with black_hole(scheme) as server:
        failure = diagnose(server.url, None, Trust(), timeout_s=0.3)
    assert failure.reason == "Timeout"
    assert "within 0.3 s" in failure.message


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, "NotFound"),
        (403, "AuthenticationFailed"),
        (503, "OpenFailed"),
        (200, "OpenFailed"),
    ],
)
def test_names_what_an_rtsp_server_answers(status: int, reason: str) -> None:
    with rtsp_server(status) as server:
        assert diagnose(server.url, None, Trust(), timeout_s=TIMEOUT_S).reason == reason


@pytest.mark.parametrize(
    ("credentials", "reason", "says"),
    [
        (None, "AuthenticationFailed", "set spec.source.credentialsSecretRef"),
        (WRONG, "AuthenticationFailed", "correct the Secret"),
        # With the right password it is the path that is wrong, and that is what is said.
        (VIEWER, "NotFound", "check the path"),
    ],
)
def test_tells_a_wrong_password_from_a_wrong_path_rtsp(
    credentials: Credentials | None, reason: str, says: str
) -> None:
    with rtsp_server(404, password=VIEWER.password) as server:
        failure = diagnose(server.url, credentials, Trust(), timeout_s=TIMEOUT_S)
        # The nonce is bound to the connection: both requests go over one.
        assert len(server.connections) == 1
    assert failure.reason == reason
    assert says in failure.message


@pytest.mark.parametrize(
    ("credentials", "reason"),
    [(None, "AuthenticationFailed"), (WRONG, "AuthenticationFailed"), (VIEWER, "NotFound")],
)
def test_tells_a_wrong_password_from_a_wrong_path_http(
    credentials: Credentials | None, reason: str
) -> None:
    with mjpeg_server(Mjpeg(status=404, password=VIEWER.password)) as server:
        assert diagnose(server.url, credentials, Trust(), timeout_s=TIMEOUT_S).reason == reason


def test_names_a_server_of_another_protocol() -> None:
    with mjpeg_server(Mjpeg()) as server:
        failure = diagnose(server.url.replace("http", "https"), None, Trust(), timeout_s=TIMEOUT_S)
    assert failure.reason in {"TlsFailed", "OpenFailed"}


def test_no_message_holds_a_secret() -> None:
    with rtsp_server(404, password="other") as server:
        failure = diagnose(server.url, VIEWER, Trust(), timeout_s=TIMEOUT_S)
    assert VIEWER.password not in str(failure)
    assert VIEWER.username not in str(failure)


def test_answers_the_example_of_rfc_7616() -> None:
    challenge = (
        'Digest realm="camera", qop="auth, auth-int", algorithm=MD5, nonce="0a4f113b", opaque="o"'
    )
    answer = authorization([challenge], VIEWER, method="DESCRIBE", uri="rtsp://c/x")
    assert answer is not None
    assert 'opaque="o"' in answer
    assert digest_is_right(answer, "DESCRIBE", "viewer", VIEWER.password)
    assert not digest_is_right(answer, "GET", "viewer", VIEWER.password)


def test_prefers_digest_and_falls_back_to_basic() -> None:
    basic = 'Basic realm="camera"'
    digest = 'Digest realm="camera", nonce="n"'
    unknown = 'Digest realm="camera", nonce="n", algorithm=SHA-512-256'
    ask = {"method": "GET", "uri": "/"}
    assert (authorization([basic, digest], VIEWER, **ask) or "").startswith("Digest ")
    assert (authorization([unknown, basic], VIEWER, **ask) or "").startswith("Basic ")
    assert authorization([unknown], VIEWER, **ask) is None
    assert authorization(["Negotiate"], VIEWER, **ask) is None
