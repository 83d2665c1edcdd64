"""The controller's settings: environment variables, read once, every error reported together.

The chart writes them from its values; docs/controller.md lists them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_MAX_PORT = 65535


class SettingsInvalid(Exception):
    """The environment cannot be used; `errors` has one sentence per variable."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Workload:
    """What a producer or consumer pod is unless its VideoStream says otherwise."""

    image: str
    resources: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PodSettings:
    """All that pods of streams get from the installation.

    `kafka` and `influx` map a connection's name to the sources of its projected volume, which go
    into the pods as they are.
    """

    producer: Workload
    consumer: Workload
    image_pull_policy: str
    image_pull_secrets: tuple[str, ...]
    kafka: Mapping[str, list[Any]]
    influx: Mapping[str, list[Any]]
    status_topic: str
    log_level: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. `watch_namespaces` empty means every namespace."""

    namespace: str
    watch_namespaces: tuple[str, ...]
    pods: PodSettings
    kafka_connections_dir: Path
    status_topic: str
    http_port: int
    log_level: str
    lag_sweep_period_s: float
    resync_period_s: float


@dataclass(slots=True)
class _Reader:
    """Typed look-ups that note what is wrong instead of raising."""

    env: Mapping[str, str]
    errors: list[str] = field(default_factory=list)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.env.get(name, "").strip() or default
        if value is None:
            self.errors.append(f"{name} is not set")
            return ""
        return value

    def names(self, name: str, default: str = "") -> tuple[str, ...]:
        return tuple(part for item in self.text(name, default).split(",") if (part := item.strip()))

    def choice(self, name: str, *, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            self.errors.append(f"{name}: got {value!r}; expected one of {', '.join(choices)}")
        return value

    def number(self, name: str, *, default: float, low: float, high: float) -> float:
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            self.errors.append(f"{name}: got {text!r}; expected a number from {low} to {high}")
            return default
        return value

    def json_object(self, name: str, default: str | None = None) -> dict[str, Any]:
        text = self.text(name, default)
        try:
            value = json.loads(text or "{}")
        except ValueError as error:
            self.errors.append(f"{name} is not JSON: {error}")
            return {}
        if not isinstance(value, dict):
            self.errors.append(f"{name}: got {text!r}; expected a JSON object")
            return {}
        return value


def parse_settings(env: Mapping[str, str]) -> Settings:
    """Return the settings of an environment; raises SettingsInvalid with all that is wrong."""
    reader = _Reader(env)
    namespace = reader.text("POD_NAMESPACE")
    watched = reader.names("WATCH_NAMESPACES", namespace)
    if "*" in watched and len(watched) > 1:
        reader.errors.append("WATCH_NAMESPACES: got '*' beside names; expected either")
    status_topic = reader.text("STATUS_TOPIC", "videostream.status")
    log_level = reader.choice("LOG_LEVEL", choices=LOG_LEVELS, default="INFO")
    settings = Settings(
        namespace=namespace,
        watch_namespaces=() if "*" in watched else watched,
        pods=_pods(reader, status_topic=status_topic, log_level=log_level),
        kafka_connections_dir=Path(reader.text("KAFKA_CONNECTIONS_DIR", "/etc/videostream/kafka")),
        status_topic=status_topic,
        http_port=int(reader.number("HTTP_PORT", default=8080, low=0, high=_MAX_PORT)),
        log_level=log_level,
        lag_sweep_period_s=reader.number("LAG_SWEEP_PERIOD_S", default=5, low=0.1, high=10),
        resync_period_s=reader.number("RESYNC_PERIOD_S", default=600, low=1, high=86400),
    )
    if reader.errors:
        raise SettingsInvalid(reader.errors)
    return settings


def _pods(reader: _Reader, *, status_topic: str, log_level: str) -> PodSettings:
    connections = reader.json_object("CONNECTIONS")
    return PodSettings(
        producer=Workload(
            reader.text("PRODUCER_IMAGE"), reader.json_object("PRODUCER_RESOURCES", "{}")
        ),
        consumer=Workload(
            reader.text("CONSUMER_IMAGE"), reader.json_object("CONSUMER_RESOURCES", "{}")
        ),
        image_pull_policy=reader.choice(
            "IMAGE_PULL_POLICY", choices=PULL_POLICIES, default="IfNotPresent"
        ),
        image_pull_secrets=reader.names("IMAGE_PULL_SECRETS"),
        kafka=_sources(reader, connections, "kafka"),
        influx=_sources(reader, connections, "influx"),
        status_topic=status_topic,
        log_level=log_level,
    )


def _sources(reader: _Reader, connections: dict[str, Any], kind: str) -> dict[str, list[Any]]:
    found = connections.get(kind)
    named = isinstance(found, dict) and all(isinstance(item, list) for item in found.values())
    if not isinstance(found, dict) or not found or not named:
        reader.errors.append(
            f"CONNECTIONS.{kind}: got {found!r}; expected an object of at least one connection "
            "name with the list of its projected volume sources"
        )
        return {}
    return found
