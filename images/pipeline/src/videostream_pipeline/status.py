"""Status records: how pods tell the controller how they are (docs/status-record.md).

A compacted Kafka topic carries the last word of each pod, so pods need no Kubernetes rights, and
a restarted controller knows at once what it missed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self, cast, get_args

SourceState = Literal["Connecting", "Streaming", "Stalled", "Backoff", "Completed"]
SinkState = Literal["Reachable", "Unreachable", "Unauthorized", "Rejecting"]
SignalsState = Literal["Ready", "Invalid"]
Role = Literal["producer", "consumer"]

STATUS_PERIOD_S: Final = 10.0
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class StatusKey:
    """Whom a status record is about; a consumer is known by its pod, a stream's producer is one."""

    namespace: str
    name: str
    role: Role
    pod: str | None = None

    def encode(self) -> bytes:
        """Return the record key: `<ns>/<name>/producer` or `<ns>/<name>/consumer/<pod>`."""
        parts = [self.namespace, self.name, self.role]
        return "/".join([*parts, self.pod] if self.pod is not None else parts).encode()

    @classmethod
    def parse(cls, key: bytes) -> Self | None:
        """Return the key's parts, None when it is no status key. Tombstones have only this."""
        match key.decode(errors="replace").split("/"):
            case [namespace, name, "producer"] if namespace and name:
                return cls(namespace, name, "producer")
            case [namespace, name, "consumer", pod] if namespace and name and pod:
                return cls(namespace, name, "consumer", pod)
            case _:
                return None


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a video source is. `reason` refines `state`, `message` is a sentence for people."""

    state: SourceState
    reason: str
    message: str = ""
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    last_frame_time: datetime | None = None
    reconnects: int = 0


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """Whether InfluxDB takes the points."""

    state: SinkState
    message: str = ""


@dataclass(frozen=True, slots=True)
class SignalsStatus:
    """Whether the signals and zones of the stream can be measured."""

    state: SignalsState
    message: str = ""


@dataclass(frozen=True, slots=True)
class ProducerStatus:
    """What a producer says. `time` is aware; `uid` is the VideoStream's."""

    namespace: str
    name: str
    uid: str
    pod: str
    time: datetime
    source: SourceStatus
    sink: SinkStatus | None = None

    @property
    def key(self) -> StatusKey:
        """The key of its record."""
        return StatusKey(self.namespace, self.name, "producer")


@dataclass(frozen=True, slots=True)
class ConsumerStatus:
    """What a consumer says. `lag_records` covers its assigned partitions, None while unknown."""

    namespace: str
    name: str
    uid: str
    pod: str
    time: datetime
    sink: SinkStatus
    signals: SignalsStatus
    lag_records: int | None = None

    @property
    def key(self) -> StatusKey:
        """The key of its record."""
        return StatusKey(self.namespace, self.name, "consumer", self.pod)


def encode_status(status: ProducerStatus | ConsumerStatus) -> tuple[bytes, bytes]:
    """Return key and value of the record of a status. A tombstone is its key with no value."""
    body: dict[str, Any] = {
        "version": _VERSION,
        "uid": status.uid,
        "pod": status.pod,
        "time": _spell_time(status.time),
        "role": status.key.role,
    }
    match status:
        case ProducerStatus(source=source, sink=sink):
            body["source"] = _source_body(source)
            if sink is not None:
                body["sink"] = {"state": sink.state, "message": sink.message}
        case ConsumerStatus(sink=sink, signals=signals, lag_records=lag_records):
            body["sink"] = {"state": sink.state, "message": sink.message}
            body["signals"] = {"state": signals.state, "message": signals.message}
            if lag_records is not None:
                body["lagRecords"] = lag_records
    return status.key.encode(), json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def decode_status(key: bytes | None, value: bytes | None) -> ProducerStatus | ConsumerStatus | None:
    """Return the status in a record.

    None for a tombstone, another version and anything that is no status record: the topic is
    open to other producers, and none of them may stop the reader. Unknown fields are ignored.
    """
    parsed = StatusKey.parse(key or b"")
    if parsed is None or value is None:
        return None
    try:
        return _decode(parsed, json.loads(value))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _decode(key: StatusKey, body: dict[str, Any]) -> ProducerStatus | ConsumerStatus | None:
    if body["version"] != _VERSION or body["role"] != key.role:
        return None
    about = {"namespace": key.namespace, "name": key.name}
    said = {"uid": str(body["uid"]), "pod": str(body["pod"])}
    time = _parse_time(body["time"])
    if key.role == "producer":
        source = _parse_source(body["source"])
        sink = _parse_sink(body["sink"]) if "sink" in body else None
        return ProducerStatus(**about, **said, time=time, source=source, sink=sink)
    if body["pod"] != key.pod:
        return None
    signals = body["signals"]
    return ConsumerStatus(
        **about,
        **said,
        time=time,
        sink=_parse_sink(body["sink"]),
        signals=SignalsStatus(
            cast("SignalsState", _one_of(signals["state"], get_args(SignalsState))),
            str(signals.get("message", "")),
        ),
        lag_records=_optional_int(body.get("lagRecords")),
    )


def _source_body(source: SourceStatus) -> dict[str, Any]:
    last = source.last_frame_time
    body = {
        "state": source.state,
        "reason": source.reason,
        "message": source.message,
        "codec": source.codec,
        "width": source.width,
        "height": source.height,
        "fps": None if source.fps is None else round(source.fps, 3),
        "lastFrameTime": None if last is None else _spell_time(last),
        "reconnects": source.reconnects,
    }
    return {name: value for name, value in body.items() if value is not None}


def _parse_source(body: dict[str, Any]) -> SourceStatus:
    last, fps, codec = body.get("lastFrameTime"), body.get("fps"), body.get("codec")
    return SourceStatus(
        state=cast("SourceState", _one_of(body["state"], get_args(SourceState))),
        reason=str(body["reason"]),
        message=str(body.get("message", "")),
        codec=None if codec is None else str(codec),
        width=_optional_int(body.get("width")),
        height=_optional_int(body.get("height")),
        fps=None if fps is None else float(fps),
        last_frame_time=None if last is None else _parse_time(last),
        reconnects=int(body.get("reconnects", 0)),
    )


def _parse_sink(body: dict[str, Any]) -> SinkStatus:
    state = cast("SinkState", _one_of(body["state"], get_args(SinkState)))
    return SinkStatus(state, str(body.get("message", "")))


def _one_of(value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{value!r}: expected one of {', '.join(allowed)}")
    return str(value)


def _optional_int(value: object) -> int | None:
    return None if value is None else int(cast("int", value))


def _spell_time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parse_time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r}: expected a time with its zone")
    return time
