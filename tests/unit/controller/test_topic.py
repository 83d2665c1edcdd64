"""Topics: what the spec asks for, whose a topic is, what to correct and what to tell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.bodies import stream
from videostream_controller.topic import (
    Corrections,
    FoundTopic,
    corrections,
    judge,
    ownership,
    wanted,
)

NAME = "videostream.video.cam"
OURS = {"topic": {"name": NAME, "id": "id-1", "ownership": "Created"}}


def found(*, partitions: int = 12, factor: int = 1, **config: str) -> FoundTopic:
    settings = {name.replace("_", "."): value for name, value in config.items()}
    return FoundTopic("id-1", partitions, factor, {**wanted(stream()).config, **settings})


def topic(**fields: Any) -> dict[str, Any]:
    return {"kafka": {"topic": fields}}


@pytest.mark.parametrize(
    ("retention", "segment_ms"), [("10m", "300000"), ("1m", "60000"), ("24h", "43200000")]
)
def test_segments_close_twice_within_the_retention(retention: str, segment_ms: str) -> None:
    assert wanted(stream(topic(retention=retention))).config["segment.ms"] == segment_ms


def test_wanted_names_and_numbers() -> None:
    want = wanted(stream(topic(name="mine", partitions=24, replicationFactor=3)))
    assert (want.name, want.partitions, want.replication_factor) == ("mine", 24, 3)
    assert wanted(stream()).name == NAME


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (None, "Adopted"),
        ({"name": NAME, "id": "id-1", "ownership": "Created"}, "Created"),
        ({"name": NAME, "ownership": "Created"}, "Created"),
        ({"name": NAME, "id": "id-0", "ownership": "Created"}, "Adopted"),
        ({"name": "other", "id": "id-1", "ownership": "Created"}, "Adopted"),
        ({"name": NAME, "id": "id-1", "ownership": "Adopted"}, "Adopted"),
    ],
)
def test_ownership(recorded: dict[str, str] | None, expected: str) -> None:
    assert ownership(stream(status={"topic": recorded}), found()) == expected


def test_a_topic_as_wanted_needs_no_correction() -> None:
    assert corrections(wanted(stream()), found()) == Corrections({}, None)


def test_corrections_grow_and_set() -> None:
    fix = corrections(wanted(stream()), found(partitions=6, retention_ms="1"))
    assert fix == Corrections({"retention.ms": "600000"}, 12)


def test_partitions_are_never_shrunk() -> None:
    assert corrections(wanted(stream()), found(partitions=24)).partitions is None


def test_a_topic_of_ours_is_ready() -> None:
    state = judge(stream(status=OURS), found())
    assert (state.reason, state.is_ready, state.ownership) == ("Created", True, "Created")
    assert (state.id, state.partitions) == ("id-1", 12)


def test_an_adopted_topic_is_ready_when_it_fits() -> None:
    assert judge(stream(), found(segment_ms="1")).reason == "Adopted"


@pytest.mark.parametrize(
    ("spec", "have", "words"),
    [
        ({}, found(partitions=6), ("partitions: found 6, wanted 12", "to 6", "managed to false")),
        ({}, found(retention_ms="5"), ("retention.ms: found 5", "spec.kafka.topic.retention")),
        ({}, found(max_message_bytes="9"), ("max.message.bytes: found 9", "maxMessageBytes")),
        ({}, found(cleanup_policy="compact"), ("cleanup.policy: found compact", "another topic")),
        (topic(replicationFactor=3), found(), ("replication factor: found 1, wanted 3",)),
    ],
)
def test_a_conflict_says_what_and_what_to_do(
    spec: dict[str, Any], have: FoundTopic, words: tuple[str, ...]
) -> None:
    state = judge(stream(spec), have)
    assert (state.reason, state.is_ready) == ("ConfigConflict", False)
    for word in words:
        assert word in state.message


def test_several_conflicts_are_all_told() -> None:
    message = judge(stream(), found(partitions=1, retention_ms="5")).message
    assert "partitions" in message
    assert "retention.ms" in message


def test_a_grown_topic_of_ours_cannot_shrink() -> None:
    message = judge(stream(status=OURS), found(partitions=24)).message
    assert "Kafka cannot shrink a topic" in message
    assert "set spec.kafka.topic.partitions to 24" in message


def test_an_unmanaged_topic_is_taken_as_it_is() -> None:
    spec = {"kafka": {"topic": {"managed": False}, "deletionPolicy": "Retain"}}
    assert judge(stream(spec), found(partitions=1, retention_ms="5")).reason == "Adopted"
