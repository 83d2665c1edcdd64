"""Connections as directories: one file per property, as a projected Secret volume shows them.

They are read anew at every (re)connect, so a rotated Secret needs no restart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

_PEM_PROPERTIES: Final = {
    "ca.crt": "ssl.ca.location",
    "user.crt": "ssl.certificate.location",
    "user.key": "ssl.key.location",
}

Fingerprint = tuple[tuple[str, bytes], ...]


class ConnectionInvalid(Exception):
    """A connection directory cannot be used; the text names directory, file and remedy."""


@dataclass(frozen=True, slots=True)
class InfluxConnection:
    """Where points go. Without a token the connection is known but cannot be used yet."""

    url: str
    org: str
    bucket: str
    token: str | None = field(repr=False)


def read_kafka_connection(directory: Path) -> dict[str, str]:
    """Return the librdkafka properties of a directory.

    A file name is a property, its stripped content the value; `ca.crt`, `user.crt` and
    `user.key` become the ssl.*.location properties with their paths. Raises ConnectionInvalid.
    """
    files = _files(directory)
    properties = {name: _read(path) for name, path in files.items() if name not in _PEM_PROPERTIES}
    properties |= {
        option: str(files[name]) for name, option in _PEM_PROPERTIES.items() if name in files
    }
    if not properties.get("bootstrap.servers"):
        raise ConnectionInvalid(_missing(directory, "bootstrap.servers", "host:port[,host:port]"))
    return properties


def read_influx_connection(directory: Path) -> InfluxConnection:
    """Return the InfluxDB connection of a directory: files url, org, bucket and maybe token.

    Raises ConnectionInvalid.
    """
    values = {name: _read(path) for name, path in _files(directory).items()}
    url, token = values.get("url", ""), values.get("token") or None
    if not _is_http_url(url):
        raise ConnectionInvalid(
            _missing(directory, "url", "http(s)://host[:port] without userinfo")
        )
    if token is not None and not (token.isascii() and token.isprintable()):
        raise ConnectionInvalid(_missing(directory, "token", "one line of ASCII text"))
    for name in ("org", "bucket"):
        if not values.get(name):
            raise ConnectionInvalid(_missing(directory, name, f"the name of the {name}"))
    return InfluxConnection(url=url, org=values["org"], bucket=values["bucket"], token=token)


def fingerprint(directory: Path) -> Fingerprint:
    """Return the content of a connection directory, to see that a Secret was rotated.

    Contents, not times: the kubelet swaps whole directories, and certificates are given to Kafka
    by path. An unreadable directory gives nothing: reading it in earnest will say why.
    """
    try:
        return tuple((name, path.read_bytes()) for name, path in _files(directory).items())
    except (ConnectionInvalid, OSError):
        return ()


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        usable = parts.port is None or parts.port > 0
    except ValueError:  # brackets without an IPv6 address, a port that is no number
        return False
    named = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    return named and usable and url.isprintable() and " " not in url


def _files(directory: Path) -> dict[str, Path]:
    """Return the files of a directory; names with a leading dot are the kubelet's own."""
    try:
        entries = sorted(directory.iterdir())
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConnectionInvalid(f"{directory}: {reason}: expected a connection's files") from error
    return {path.name: path for path in entries if path.name[0] != "." and path.is_file()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConnectionInvalid(f"{path}: cannot be read as UTF-8 text") from error


def _missing(directory: Path, name: str, expected: str) -> str:
    return f"{directory / name}: missing or malformed: expected {expected}"
