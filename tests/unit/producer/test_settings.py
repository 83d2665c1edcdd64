"""The environment as settings: what is right is taken, what is wrong is named, all at once."""

import json
from typing import Any

import pytest

from videostream_producer.settings import (
    CaRef,
    CredentialsRef,
    Settings,
    SettingsInvalid,
    TlsSettings,
    parse_settings,
)

SPEC: dict[str, Any] = {
    "source": {
        "url": "rtsp://camera.example:8554/main",
        "openTimeout": "10s",
        "readTimeout": "5s",
        "stallTimeout": "1m30s",
        "reconnect": {"initialBackoff": "500ms", "maxBackoff": "30s"},
        "loop": False,
    },
    "frames": {
        "fps": 5,
        "jpegQuality": 80,
        "onBackpressure": "Drop",
        "reference": {"mode": "Previous", "width": 128},
    },
    "kafka": {
        "partitioning": "Interleaved",
        "topic": {"name": "videostream.plant-7.gate", "maxMessageBytes": 2097152},
    },
    "influx": {"tags": {"site": "north"}},
}


def environ(**changes: Any) -> dict[str, str]:
    spec = json.loads(json.dumps(SPEC))
    for path, value in changes.items():
        node = spec
        *parents, last = path.split("__")
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = value
    return {
        "VIDEOSTREAM_NAMESPACE": "plant-7",
        "VIDEOSTREAM_NAME": "gate",
        "VIDEOSTREAM_UID": "11d0",
        "POD_NAME": "gate-producer-abc",
        "VIDEOSTREAM_SPEC": json.dumps(spec),
    }


def faults(env: dict[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as caught:
        parse_settings(env)
    return {error.field: str(error) for error in caught.value.errors}


def test_reads_a_whole_spec() -> None:
    settings = parse_settings(environ())
    assert isinstance(settings, Settings)
    assert str(settings.stream) == "plant-7/gate"
    assert settings.source.stall_timeout_s == 90
    assert settings.source.initial_backoff_s == 0.5
    assert settings.frames.reference_width == 128
    assert settings.kafka.topic == "videostream.plant-7.gate"
    assert settings.influx_tags == {"site": "north"}
    assert settings.http_port == 8080
    assert str(settings.kafka_dir) == "/etc/videostream/kafka"
    assert not settings.blocks


def test_reads_fractional_rates_and_names_of_secrets() -> None:
    ref = {"name": "cam", "usernameKey": "user"}
    settings = parse_settings(environ(frames__fps=0.2, source__credentialsSecretRef=ref))
    assert settings.frames.fps == 0.2
    assert settings.source.credentials == CredentialsRef("cam", "user", "password")


def test_tls_trusts_public_authorities_unless_told_otherwise() -> None:
    assert parse_settings(environ()).source.tls == TlsSettings()
    named = parse_settings(environ(source__tls={"caSecretRef": {"name": "plant-ca"}}))
    assert named.source.tls == TlsSettings(CaRef("plant-ca", "ca.crt"))
    assert str(named.tls_dir) == "/etc/videostream/tls"
    blind = parse_settings(environ(source__tls={"insecureSkipVerify": True}))
    assert blind.source.tls == TlsSettings(insecure_skip_verify=True)


def test_no_reference_needs_no_width() -> None:
    settings = parse_settings(environ(frames__reference={"mode": "None"}))
    assert settings.frames.reference_width is None


@pytest.mark.parametrize(
    ("url", "policy", "blocks"),
    [
        ("file:///media/a.mp4", "Drop", True),
        ("rtsp://c/x", "Drop", False),
        ("rtsp://c/x", "Block", True),
    ],
)
def test_recordings_always_wait_for_kafka(url: str, policy: str, blocks: bool) -> None:  # noqa: FBT001 (a table)
    settings = parse_settings(environ(source__url=url, frames__onBackpressure=policy))
    assert settings.blocks is blocks


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("source__url", "ftp://camera/x", "rtsp://"),
        ("source__url", None, "absent"),
        ("source__url", "rtsp:///x", "with a host"),
        ("source__url", "rtsp://camera:99999/x", "port"),
        ("source__url", "file://media/a.mp4", "absolute path"),
        ("source__openTimeout", "10 s", "a duration"),
        ("source__readTimeout", "0s", "a duration above 0"),
        ("source__stallTimeout", 5, "a duration"),
        ("source__reconnect__maxBackoff", "100ms", "not below source.reconnect.initialBackoff"),
        ("source__loop", "yes", "true or false"),
        ("source__credentialsSecretRef__name", "", "a text"),
        ("source__tls__caSecretRef__name", 5, "a text"),
        ("source__tls__insecureSkipVerify", "yes", "true or false"),
        ("frames__fps", 0, "a number above 0, at most 120"),
        ("frames__fps", True, "a number above 0"),
        ("frames__width", 0, "1 to 16384"),
        ("frames__jpegQuality", 101, "1 to 100"),
        ("frames__onBackpressure", "drop", "one of Drop, Block"),
        ("frames__reference__mode", "Next", "one of None, Previous"),
        ("frames__reference__width", 4, "8 to 1024"),
        ("kafka__partitioning", "Random", "one of Interleaved, Keyed"),
        ("kafka__topic__name", None, "a text"),
        ("kafka__topic__maxMessageBytes", 100, "16384"),
        ("influx__tags", {"a": 1}, "an object of texts"),
    ],
)
def test_names_field_value_and_what_would_be_right(path: str, value: Any, says: str) -> None:
    found = faults(environ(**{path: value}))
    field = "spec." + path.replace("__", ".")
    assert says in found[field]
    assert len(found) == 1


def test_reports_all_faults_together() -> None:
    env = environ(source__url="x", frames__fps=-1) | {"POD_NAME": "", "HTTP_PORT": "70000"}
    assert set(faults(env)) == {"spec.source.url", "spec.frames.fps", "POD_NAME", "HTTP_PORT"}


@pytest.mark.parametrize("spec", ["", "{", "[]", "5"])
def test_a_spec_that_is_no_json_object_is_one_fault(spec: str) -> None:
    assert set(faults(environ() | {"VIDEOSTREAM_SPEC": spec})) == {"VIDEOSTREAM_SPEC"}


def test_names_a_stream_that_kubernetes_would_refuse() -> None:
    assert "DNS label" in faults(environ() | {"VIDEOSTREAM_NAME": "Gate!"})["VIDEOSTREAM_NAME"]


def test_never_repeats_a_password_from_a_url() -> None:
    for url in ("rtsp://admin:hunter22@camera/x", "gopher://admin:hunter22@camera/x"):
        message = faults(environ(source__url=url))["spec.source.url"]
        assert "hunter22" not in message
        assert "admin" not in message
        assert "credentialsSecretRef" in message


def test_transport_and_decode_have_their_words() -> None:
    source = parse_settings(environ()).source
    assert (source.transport, source.decode) == ("TCP", "Auto")
    chosen = parse_settings(environ(source__transport="UDP", source__decode="KeyFrames")).source
    assert (chosen.transport, chosen.decode) == ("UDP", "KeyFrames")
    found = faults(environ(source__transport="SCTP", source__decode="Some"))
    assert set(found) == {"spec.source.transport", "spec.source.decode"}
