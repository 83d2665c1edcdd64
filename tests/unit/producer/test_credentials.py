"""User name and password: read late, encoded fully, named when they are missing."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from videostream_producer.credentials import Credentials, read_credentials, with_credentials
from videostream_producer.settings import CredentialsRef
from videostream_producer.source import SourceFailed

REF = CredentialsRef("gate-login", "user", "pass")


def test_reads_both_files_without_their_line_ends_only(tmp_path: Path) -> None:
    (tmp_path / "username").write_text("viewer\n")
    (tmp_path / "password").write_text(" p w \r\n")
    assert read_credentials(tmp_path, REF) == Credentials("viewer", " p w ")


@pytest.mark.parametrize(
    ("present", "says"),
    [
        ([], "has no user and no pass"),
        (["username"], "has no pass:"),
        (["password"], "has no user:"),
    ],
)
def test_names_secret_and_keys_that_are_missing(
    tmp_path: Path, present: list[str], says: str
) -> None:
    for name in present:
        (tmp_path / name).write_text("x")
    with pytest.raises(SourceFailed) as caught:
        read_credentials(tmp_path, REF)
    assert caught.value.reason == "CredentialsMissing"
    assert says in caught.value.message
    assert "Secret gate-login" in caught.value.message


def test_an_empty_or_unreadable_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "username").write_text("\n")
    (tmp_path / "password").write_bytes(b"\xff\xfe")
    with pytest.raises(SourceFailed, match="has no user and no pass"):
        read_credentials(tmp_path, REF)


@pytest.mark.parametrize("password", ["p@ss", "a/b#c?d", "x:y", "100%", "ü ñ", "'\"\\"])
def test_any_password_fits_into_a_url(password: str) -> None:
    url = with_credentials("rtsp://cam.example:8554/main?x=1", Credentials("us@er", password))
    parts = urlsplit(url)
    assert (parts.hostname, parts.port, parts.path) == ("cam.example", 8554, "/main")
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == ("us@er", password)


def test_ipv6_hosts_keep_their_brackets() -> None:
    url = with_credentials("rtsp://[fd00::1]:554/x", Credentials("u", "p"))
    assert url == "rtsp://u:p@[fd00::1]:554/x"


def test_the_values_are_not_in_the_representation() -> None:
    assert repr(Credentials("viewer", "hunter22")) == "Credentials()"
