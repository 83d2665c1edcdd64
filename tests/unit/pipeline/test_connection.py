"""Connection directories as a projected Secret volume shows them."""

from pathlib import Path

import pytest

from videostream_pipeline.connection import (
    ConnectionInvalid,
    fingerprint,
    read_influx_connection,
    read_kafka_connection,
)


def fill(directory: Path, **files: str) -> Path:
    for name, content in files.items():
        (directory / name.replace("_", ".")).write_text(content)
    return directory


def test_files_of_a_projected_volume_become_properties(tmp_path: Path) -> None:
    data = tmp_path / "..2026_11_24"
    data.mkdir()
    fill(data, bootstrap_servers="kafka:9092\n", sasl_password=" s3cret \n", ca_crt="PEM")
    (tmp_path / "..data").symlink_to(data)
    for name in ("bootstrap.servers", "sasl.password", "ca.crt"):
        (tmp_path / name).symlink_to(Path("..data") / name)
    assert read_kafka_connection(tmp_path) == {
        "bootstrap.servers": "kafka:9092",
        "sasl.password": "s3cret",
        "ssl.ca.location": str(tmp_path / "ca.crt"),
    }


def test_bootstrap_servers_are_asked_for_by_file(tmp_path: Path) -> None:
    with pytest.raises(ConnectionInvalid, match=rf"{tmp_path}/bootstrap.servers: .*host:port"):
        read_kafka_connection(tmp_path)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectionInvalid, match=rf"{tmp_path}/gone: No such file"):
        read_kafka_connection(tmp_path / "gone")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "bootstrap.servers").write_bytes(b"\xff\xfe")
    with pytest.raises(ConnectionInvalid, match=r"bootstrap.servers: cannot be read as UTF-8"):
        read_kafka_connection(tmp_path)


def test_an_influx_connection_may_lack_its_token_and_never_shows_it(tmp_path: Path) -> None:
    fill(tmp_path, url="http://influxdb:8086", org="videostream", bucket="signals")
    connection = read_influx_connection(tmp_path)
    assert connection.token is None
    fill(tmp_path, token="t0psecret\n")
    connection = read_influx_connection(tmp_path)
    assert connection.token == "t0psecret"
    assert "t0psecret" not in repr(connection)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "influxdb:8086",
        "ftp://x",
        "http://u:p@influxdb:8086",
        "http://influxdb:port",
        "http://influxdb:86086",
        "http://[influxdb]:8086",
        "http://influx db:8086",
    ],
)
def test_a_url_that_cannot_be_used_is_refused(tmp_path: Path, url: str) -> None:
    fill(tmp_path, url=url, org="o", bucket="b")
    with pytest.raises(ConnectionInvalid, match=r"url: missing or malformed: expected http"):
        read_influx_connection(tmp_path)


@pytest.mark.parametrize("token", ["two\nlines", "gru\u00df"])
def test_a_token_that_no_header_can_carry_is_refused_unshown(tmp_path: Path, token: str) -> None:
    fill(tmp_path, url="http://influxdb", org="o", bucket="b", token=token)
    with pytest.raises(ConnectionInvalid, match=r"token: .*expected one line of ASCII") as refused:
        read_influx_connection(tmp_path)
    assert token not in str(refused.value)


@pytest.mark.parametrize("missing", ["org", "bucket"])
def test_org_and_bucket_are_asked_for(tmp_path: Path, missing: str) -> None:
    fill(tmp_path, url="http://influxdb", **{"org": "o", "bucket": "b", missing: " "})
    with pytest.raises(ConnectionInvalid, match=f"the name of the {missing}"):
        read_influx_connection(tmp_path)


def test_a_rotated_secret_changes_the_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("old")
    (tmp_path / "..data").mkdir()
    before = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == before
    (tmp_path / "ca.crt").write_text("new")
    assert fingerprint(tmp_path) != before
    assert fingerprint(tmp_path / "absent") == ()
