"""The environment of a consumer, read once; everything that is wrong with it is said at once."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast, get_args

from videostream_consumer.zones import Zone
from videostream_pipeline.duration import parse_duration
from videostream_record import RecordInvalid, StreamName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Input = Literal["Frame", "Legacy"]
"""What the topic's messages are: frame records, or also those of the 2018 format."""

_INPUTS: Final[tuple[Input, ...]] = get_args(Input)
_LARGEST_PORT = 65_535


class SettingsInvalid(Exception):
    """The environment is unusable; one line per fault, each naming variable and field."""


@dataclass(frozen=True, slots=True)
class SignalEntry:
    """One entry of spec.signals. `raw` is the entry itself, which its parameters are read from."""

    name: str
    type: str
    zones: tuple[str, ...]
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a consumer has to know. `max_frame_age_s` 0 means that no frame is too old."""

    stream: StreamName
    uid: str
    pod: str
    log_level: str
    http_port: int
    kafka_directory: Path
    influx_directory: Path
    status_topic: str
    topic: str
    group_id: str
    input: Input
    max_frame_age_s: float
    zones: tuple[Zone, ...]
    signals: tuple[SignalEntry, ...]
    tags: Mapping[str, str]


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings in an environment. Raises SettingsInvalid with all faults."""
    faults = _Faults()
    spec: dict[str, Any] = faults.of(
        "VIDEOSTREAM_SPEC", lambda: _json_object(environ["VIDEOSTREAM_SPEC"]), {}
    )
    namespace = faults.of("VIDEOSTREAM_NAMESPACE", lambda: environ["VIDEOSTREAM_NAMESPACE"], "-")
    name = faults.of("VIDEOSTREAM_NAME", lambda: environ["VIDEOSTREAM_NAME"], "-")
    stream = faults.of("VIDEOSTREAM_NAME", lambda: StreamName(namespace, name), None)
    consumer = spec.get("consumer") or {}
    field = "VIDEOSTREAM_SPEC"
    parsed: dict[str, Any] = {
        "uid": faults.of("VIDEOSTREAM_UID", lambda: environ["VIDEOSTREAM_UID"], ""),
        "pod": faults.of("POD_NAME", lambda: environ["POD_NAME"], ""),
        "log_level": faults.of("LOG_LEVEL", lambda: _log_level(environ), ""),
        "http_port": faults.of("HTTP_PORT", lambda: _port(environ.get("HTTP_PORT", "8080")), 0),
        "topic": faults.of(f"{field}.kafka.topic.name", lambda: spec["kafka"]["topic"]["name"], ""),
        "group_id": faults.of(f"{field}.consumer.groupId", lambda: consumer["groupId"], ""),
        "input": faults.of(f"{field}.consumer.input", lambda: _input(consumer), "Frame"),
        "max_frame_age_s": faults.of(
            f"{field}.consumer.maxFrameAge", lambda: parse_duration(consumer["maxFrameAge"]), 0.0
        ),
        "zones": faults.of(f"{field}.zones", lambda: _zones(spec), ()),
        "signals": faults.of(f"{field}.signals", lambda: _signals(spec), ()),
        "tags": faults.of(f"{field}.influx.tags", lambda: _tags(spec), {}),
    }
    if faults.found or stream is None:
        raise SettingsInvalid("\n".join(dict.fromkeys(faults.found)))
    return Settings(
        stream=stream,
        kafka_directory=Path(environ.get("KAFKA_CONNECTION_DIR", "/etc/videostream/kafka")),
        influx_directory=Path(environ.get("INFLUX_CONNECTION_DIR", "/etc/videostream/influx")),
        status_topic=environ.get("STATUS_TOPIC", "videostream.status"),
        **parsed,
    )


class _Faults:
    """Collects what is wrong, so that a person mends everything in one go."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def of(self, field: str, read: Callable[[], Any], otherwise: Any) -> Any:
        """Return what `read` gives; when it fails, note the field and return `otherwise`."""
        try:
            return read()
        except KeyError as error:
            self.found.append(f"{field}: {error.args[0]} is missing")
        except RecordInvalid as error:
            self.found.append(f"{field}: {error.value}: expected {error.expected}")
        except (ValueError, TypeError, AttributeError) as error:
            self.found.append(f"{field}: {error}")
        return otherwise


def _json_object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError(f"is a JSON {type(found).__name__}: expected an object")
    return found


def _log_level(environ: Mapping[str, str]) -> str:
    level = environ.get("LOG_LEVEL", "INFO")
    if level not in logging.getLevelNamesMapping():
        raise ValueError(f"{level!r}: expected DEBUG, INFO, WARNING or ERROR")
    return level


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LARGEST_PORT:
        raise ValueError(f"{text!r}: expected a port, 0 to {_LARGEST_PORT}")
    return int(text)


def _input(consumer: Mapping[str, Any]) -> Input:
    named = consumer.get("input", "Frame")
    if named not in _INPUTS:
        raise ValueError(f"{named!r}: expected {' or '.join(_INPUTS)}")
    return cast("Input", named)


def _zones(spec: Mapping[str, Any]) -> tuple[Zone, ...]:
    return tuple(
        Zone(entry["name"], tuple((int(x), int(y)) for x, y in entry["points"]))
        for entry in spec.get("zones") or []
    )


def _signals(spec: Mapping[str, Any]) -> tuple[SignalEntry, ...]:
    return tuple(
        SignalEntry(entry["name"], entry["type"], tuple(entry.get("zones") or ()), entry)
        for entry in spec["signals"]
    )


def _tags(spec: Mapping[str, Any]) -> dict[str, str]:
    tags = (spec.get("influx") or {}).get("tags") or {}
    return {str(key): str(value) for key, value in tags.items()}
