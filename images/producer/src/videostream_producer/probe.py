"""Why a remote source did not open.

OpenCV says only that it failed.  So after a failure, and only then, one request of the source's
own protocol (RTSP DESCRIBE or HTTP GET) is made over a plain socket to tell a wrong password from
a wrong host, a closed port or a silent server.  RTSP and HTTP answer in the same form.
"""

import re
import socket
import ssl
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from videostream_producer.challenge import authorization
from videostream_producer.credentials import Credentials
from videostream_producer.source import SourceFailed
from videostream_producer.tls import Trust, refused_certificate, tls_context

_PORTS: Final = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_REPLY_BYTES_MAX: Final = 65_536
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = frozenset({404, 410})
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and challenges of an answer; status None: the server closed or spoke otherwise."""

    status: int | None
    challenges: tuple[str, ...] = ()


def check_certificate(url: str, trust: Trust, *, timeout_s: float) -> None:
    """Greet a TLS server and leave; raises SourceFailed if that fails or it is not trusted."""
    try:
        _connect(urlsplit(url), trust, time.monotonic() + timeout_s).close()
    except (OSError, ValueError) as error:
        raise network_failure(url, error, timeout_s=timeout_s) from None


def diagnose(
    url: str, credentials: Credentials | None, trust: Trust, *, timeout_s: float
) -> SourceFailed:
    """Say why a URL (without userinfo) does not open; takes about `timeout_s` at most."""
    try:
        reply = _ask(urlsplit(url), credentials, trust, time.monotonic() + timeout_s)
    except (OSError, ValueError) as error:
        return network_failure(url, error, timeout_s=timeout_s)
    return refusal(url, reply, had_credentials=credentials is not None)


def network_failure(url: str, error: Exception, *, timeout_s: float) -> SourceFailed:
    """Say why there was no answer to a request."""
    where, host = _where(url), urlsplit(url).hostname or ""
    match error:
        case socket.gaierror() | UnicodeError():
            message = f"the host {host} is unknown: check spec.source.url and the cluster's DNS"
            return SourceFailed("UnknownHost", message)
        case ConnectionRefusedError():
            message = f"{where} refused the connection: check the port and that the camera serves"
            return SourceFailed("ConnectionRefused", message)
        case TimeoutError():
            message = f"{where} gave no answer within {timeout_s:g} s: check address and network"
            return SourceFailed("Timeout", message)
        case ssl.SSLCertVerificationError():
            message = f"the certificate of {where} is refused: {refused_certificate(error)}"
            return SourceFailed("CertificateRejected", message)
        case ssl.SSLError():
            message = f"{where} does not speak TLS as asked: check the scheme of spec.source.url"
            return SourceFailed("TlsFailed", message)
        case _:
            text = getattr(error, "strerror", None) or type(error).__name__
            return SourceFailed("OpenFailed", f"{where} cannot be reached: {text}")


def refusal(url: str, reply: Reply, *, had_credentials: bool) -> SourceFailed:
    """Say what is wrong with an answer."""
    status, where = reply.status, _where(url)
    if status == _UNAUTHORIZED and not had_credentials:
        message = f"{where} asks for user name and password: set spec.source.credentialsSecretRef"
        return SourceFailed("AuthenticationFailed", message)
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        message = f"{where} refused user name or password ({status}): correct the Secret"
        return SourceFailed("AuthenticationFailed", message)
    if status in _NOT_FOUND:
        message = f"{where} has no such stream ({status}): check the path of spec.source.url"
        return SourceFailed("NotFound", message)
    if status == _OK:
        message = f"{where} answers, but sends no video that FFmpeg can read"
        return SourceFailed("OpenFailed", message)
    said = "gave no answer of this protocol" if status is None else f"answered with status {status}"
    return SourceFailed("OpenFailed", f"{where} {said}: check spec.source.url")


def _ask(
    parts: SplitResult, credentials: Credentials | None, trust: Trust, deadline_s: float
) -> Reply:
    """Ask once, and once more with the answer to a challenge if there is one."""
    is_rtsp = parts.scheme.startswith("rtsp")
    method = "DESCRIBE" if is_rtsp else "GET"
    uri = _uri(parts, is_rtsp=is_rtsp)
    with closing(_connect(parts, trust, deadline_s)) as link:
        reply = _exchange(link, _request(parts, uri, sequence=1), deadline_s)
        if reply.status != _UNAUTHORIZED or credentials is None:
            return reply
        answer = authorization(reply.challenges, credentials, method=method, uri=uri)
        if answer is None:
            return reply
        request = _request(parts, uri, sequence=2, answer=answer)
        if is_rtsp:  # many cameras bind the nonce to the connection
            return _exchange(link, request, deadline_s)
    with closing(_connect(parts, trust, deadline_s)) as link:
        return _exchange(link, request, deadline_s)


def _connect(parts: SplitResult, trust: Trust, deadline_s: float) -> socket.socket:
    address = (parts.hostname or "", _port(parts))
    context = tls_context(trust) if parts.scheme in {"rtsps", "https"} else None
    link = socket.create_connection(address, timeout=_left_s(deadline_s))
    return link if context is None else context.wrap_socket(link, server_hostname=parts.hostname)


def _request(parts: SplitResult, uri: str, *, sequence: int, answer: str | None = None) -> bytes:
    if parts.scheme.startswith("rtsp"):
        lines = [f"DESCRIBE {uri} RTSP/1.0", f"CSeq: {sequence}", "Accept: application/sdp"]
    else:
        lines = [f"GET {uri} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    lines.append("User-Agent: videostream-producer")
    if answer is not None:
        lines.append(f"Authorization: {answer}")
    return "\r\n".join([*lines, "", ""]).encode()


def _exchange(link: socket.socket, request: bytes, deadline_s: float) -> Reply:
    link.settimeout(_left_s(deadline_s))
    link.sendall(request)
    received = b""
    while b"\r\n\r\n" not in received and len(received) < _REPLY_BYTES_MAX:
        link.settimeout(_left_s(deadline_s))
        more = link.recv(4096)
        if not more:
            break
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    reply, length = _parse(head.decode("latin-1"))
    # The body of a refusal stands before the next answer on the same connection.
    while reply.status == _UNAUTHORIZED and len(body) < min(length, _REPLY_BYTES_MAX):
        link.settimeout(_left_s(deadline_s))
        more = link.recv(4096)
        if not more:
            break
        body += more
    return reply


def _parse(head: str) -> tuple[Reply, int]:
    """Give status and challenges, and the length of the body that follows."""
    first, *rest = head.split("\r\n")
    status = re.fullmatch(r"(?:RTSP|HTTP)/\d\.\d (\d{3})(?: .*)?", first)
    headers = [(name.strip().lower(), value.strip()) for name, _, value in map(_split, rest)]
    challenges = tuple(value for name, value in headers if name == "www-authenticate")
    lengths = [int(v) for n, v in headers if n == "content-length" and v.isdecimal()]
    return Reply(int(status[1]) if status else None, challenges), lengths[0] if lengths else 0


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def _uri(parts: SplitResult, *, is_rtsp: bool) -> str:
    if is_rtsp:
        return parts._replace(fragment="").geturl()
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _where(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{_port(parts)}"


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s
