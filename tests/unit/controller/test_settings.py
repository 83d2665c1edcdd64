"""Settings: what the chart writes is read, and everything wrong is said at once."""

import json

import pytest

from videostream_controller.settings import SettingsInvalid, parse_settings

SOURCES = [{"secret": {"name": "s"}}]
ENV = {
    "POD_NAMESPACE": "video",
    "PRODUCER_IMAGE": "producer:1",
    "CONSUMER_IMAGE": "consumer:1",
    "CONNECTIONS": json.dumps({"kafka": {"default": SOURCES}, "influx": {"default": SOURCES}}),
}


def test_defaults() -> None:
    settings = parse_settings(ENV)
    assert settings.watch_namespaces == ("video",)
    assert settings.http_port == 8080
    assert settings.lag_sweep_period_s == 5
    assert settings.resync_period_s == 600
    assert settings.status_topic == "videostream.status"
    assert str(settings.kafka_connections_dir) == "/etc/videostream/kafka"
    assert settings.pods.kafka == {"default": SOURCES}
    assert settings.pods.image_pull_policy == "IfNotPresent"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a, b,", ("a", "b")), ("*", ()), ("", ("video",))],
)
def test_watched_namespaces(text: str, expected: tuple[str, ...]) -> None:
    assert parse_settings(ENV | {"WATCH_NAMESPACES": text}).watch_namespaces == expected


def test_resources_and_pull_secrets() -> None:
    env = ENV | {"PRODUCER_RESOURCES": '{"limits":{"cpu":"1"}}', "IMAGE_PULL_SECRETS": "a,b"}
    pods = parse_settings(env).pods
    assert pods.producer.resources == {"limits": {"cpu": "1"}}
    assert pods.image_pull_secrets == ("a", "b")


def test_everything_wrong_is_reported_together() -> None:
    env = {
        "WATCH_NAMESPACES": "*,a",
        "CONSUMER_RESOURCES": "[",
        "CONNECTIONS": '{"kafka":{}}',
        "IMAGE_PULL_POLICY": "Sometimes",
        "HTTP_PORT": "http",
        "LOG_LEVEL": "loud",
        "LAG_SWEEP_PERIOD_S": "0",
    }
    with pytest.raises(SettingsInvalid) as caught:
        parse_settings(env)
    text = str(caught.value)
    for name in (*env, "POD_NAMESPACE", "PRODUCER_IMAGE", "CONSUMER_IMAGE"):
        assert name in text
    assert "expected one of Always, IfNotPresent, Never" in text
    assert "CONNECTIONS.influx" in text


def test_no_error_for_a_port_of_zero() -> None:
    assert parse_settings(ENV | {"HTTP_PORT": "0"}).http_port == 0
