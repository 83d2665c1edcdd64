"""What a stream's topic should be, and what to do about one that is otherwise. Pure.

A topic that the controller created is kept as the spec says. One that was there before is adopted:
used and never altered or deleted; where it differs, the user is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from videostream_controller.observed import TopicState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_controller.api import VideoStream
    from videostream_controller.observed import Ownership

_SEGMENT_BYTES: Final = 64 * 1024 * 1024  # small segments, so that retention deletes in time
_SHORTEST_SEGMENT_MS: Final = 60_000
_CONFIG_FIELDS: Final = {
    "retention.ms": "spec.kafka.topic.retention",
    "max.message.bytes": "spec.kafka.topic.maxMessageBytes",
}


@dataclass(frozen=True, slots=True)
class WantedTopic:
    """The topic of a spec. `replication_factor` None leaves it to the broker."""

    name: str
    partitions: int
    replication_factor: int | None
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic as Kafka describes it, with its whole configuration."""

    id: str
    partitions: int
    replication_factor: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Corrections:
    """What Kafka can be told to make a topic of ours right; empty when it is."""

    config: Mapping[str, str] = field(default_factory=dict)
    partitions: int | None = None


def wanted(stream: VideoStream) -> WantedTopic:
    """Return the topic that the spec asks for."""
    topic = stream.kafka.topic
    retention_ms = round(topic.retention_s * 1000)
    return WantedTopic(
        name=stream.topic_name,
        partitions=topic.partitions,
        replication_factor=topic.replication_factor,
        config={
            "cleanup.policy": "delete",
            "max.message.bytes": str(topic.max_message_bytes),
            "retention.ms": str(retention_ms),
            "segment.bytes": str(_SEGMENT_BYTES),
            # Only closed segments are deleted: two of them make up the retention.
            "segment.ms": str(max(_SHORTEST_SEGMENT_MS, retention_ms // 2)),
        },
    )


def ownership(stream: VideoStream, found: FoundTopic) -> Ownership:
    """Tell whether the topic is the one that this stream created.

    The id tells a topic that was deleted and made again by others from ours.
    """
    recorded = stream.raw_status.get("topic") or {}
    ours = recorded.get("ownership") == "Created" and recorded.get("name") == stream.topic_name
    return "Created" if ours and recorded.get("id") in {None, found.id} else "Adopted"


def corrections(want: WantedTopic, found: FoundTopic) -> Corrections:
    """Return what to change on a topic of ours; partitions can only grow."""
    config = {name: value for name, value in want.config.items() if found.config.get(name) != value}
    grow = want.partitions if found.partitions < want.partitions else None
    return Corrections(config, grow)


def judge(stream: VideoStream, found: FoundTopic) -> TopicState:
    """Return the state of a topic that exists, after corrections if it is ours."""
    owner = ownership(stream, found)
    managed = stream.kafka.topic.managed
    conflicts = _conflicts(wanted(stream), found, owner) if managed else []
    return TopicState(
        reason="ConfigConflict" if conflicts else owner,
        message="; ".join(conflicts) or _said(stream, owner),
        id=found.id,
        partitions=found.partitions,
        ownership=owner,
    )


def _said(stream: VideoStream, owner: Ownership) -> str:
    if owner == "Created":
        return f"topic {stream.topic_name} is managed by the controller"
    return f"topic {stream.topic_name} was there before; it is used, never altered or deleted"


def _conflicts(want: WantedTopic, found: FoundTopic, owner: Ownership) -> list[str]:
    conflicts = []
    if found.partitions != want.partitions:
        remedy = "Kafka cannot shrink a topic" if found.partitions > want.partitions else ""
        conflicts.append(
            _conflict("partitions", found.partitions, want.partitions, remedy)
            + f"set spec.kafka.topic.partitions to {found.partitions}, or {_alter(owner)}"
        )
    factor = want.replication_factor
    if factor is not None and found.replication_factor != factor:
        conflicts.append(
            _conflict("replication factor", found.replication_factor, factor)
            + "remove spec.kafka.topic.replicationFactor, or reassign the partitions in Kafka"
        )
    if owner == "Adopted":
        conflicts += [
            _conflict(name, found.config.get(name), want.config[name])
            + f"change {field_name}, or {_alter(owner)}"
            for name, field_name in _CONFIG_FIELDS.items()
            if found.config.get(name) != want.config[name]
        ]
        if found.config.get("cleanup.policy") != "delete":
            conflicts.append(
                _conflict("cleanup.policy", found.config.get("cleanup.policy"), "delete")
                + "use another topic: compaction would drop frames"
            )
    return conflicts


def _conflict(setting: str, found: object, want: object, note: str = "") -> str:
    return f"{setting}: found {found}, wanted {want}; {note + '; ' if note else ''}"


def _alter(owner: Ownership) -> str:
    if owner == "Created":
        return "use another topic"
    return "alter the topic in Kafka, or set spec.kafka.topic.managed to false to take it as it is"
