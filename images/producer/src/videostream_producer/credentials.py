"""The source's user name and password: read from files at each attempt, never kept in the URL.

The files come from a Secret that may be absent, appear later or be rotated; the kubelet refreshes
them in place, so a producer that waits finds them without a restart.
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from videostream_producer.settings import CredentialsRef
from videostream_producer.source import SourceFailed


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password."""

    username: str = field(repr=False)
    password: str = field(repr=False)


def read_credentials(directory: Path, ref: CredentialsRef) -> Credentials:
    """Read the files `username` and `password`; raises SourceFailed(CredentialsMissing)."""
    username, password = (_read(directory / name) for name in ("username", "password"))
    keys = ((ref.username_key, username), (ref.password_key, password))
    missing = [key for key, value in keys if not value]
    if missing:
        raise SourceFailed(
            "CredentialsMissing",
            f"Secret {ref.name} has no {' and no '.join(missing)}: "
            f"create it with the keys {ref.username_key} and {ref.password_key}",
        )
    return Credentials(username, password)


def with_credentials(url: str, credentials: Credentials) -> str:
    """Give the URL with user name and password in it. Only for the library that opens it."""
    parts = urlsplit(url)
    # Nothing is safe: '@', '/', '#', ':' in a password would end it early.
    userinfo = f"{quote(credentials.username, safe='')}:{quote(credentials.password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{userinfo}@{parts.netloc}"))


def _read(path: Path) -> str:
    """Give a file's text; what cannot be read counts as absent. Only line ends are cut off."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return ""
