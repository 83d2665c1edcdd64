"""Status records: round trips, spelling, and hostile bytes."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videostream_pipeline.status import (
    ConsumerStatus,
    ProducerStatus,
    SignalsStatus,
    SinkStatus,
    SourceStatus,
    StatusKey,
    decode_status,
    encode_status,
)

TIME = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)
CONSUMER = ConsumerStatus(
    namespace="plant",
    name="hall",
    uid="u-1",
    pod="hall-consumer-x",
    time=TIME,
    sink=SinkStatus("Unreachable", "connection refused"),
    signals=SignalsStatus("Ready"),
    lag_records=7,
)
PRODUCER = ProducerStatus(
    namespace="plant",
    name="hall",
    uid="u-1",
    pod="hall-producer-x",
    time=TIME,
    source=SourceStatus(
        "Streaming",
        "Streaming",
        codec="h264",
        width=1280,
        height=720,
        fps=4.93,
        last_frame_time=TIME,
        reconnects=2,
    ),
)


@pytest.mark.parametrize(
    "status",
    [
        CONSUMER,
        PRODUCER,
        ProducerStatus(
            "a",
            "b",
            "u",
            "p",
            TIME,
            SourceStatus("Backoff", "OpenFailed", "no route"),
            SinkStatus("Reachable"),
        ),
    ],
)
def test_a_status_reads_as_it_was_written(status: ProducerStatus | ConsumerStatus) -> None:
    assert decode_status(*encode_status(status)) == status


def test_the_record_has_the_documented_spelling() -> None:
    key, value = encode_status(CONSUMER)
    assert key == b"plant/hall/consumer/hall-consumer-x"
    assert json.loads(value) == {
        "version": 1,
        "uid": "u-1",
        "pod": "hall-consumer-x",
        "time": "2026-11-24T12:00:00.250Z",
        "role": "consumer",
        "sink": {"state": "Unreachable", "message": "connection refused"},
        "signals": {"state": "Ready", "message": ""},
        "lagRecords": 7,
    }
    assert encode_status(PRODUCER)[0] == b"plant/hall/producer"
    assert json.loads(encode_status(PRODUCER)[1])["source"]["lastFrameTime"].endswith("Z")


def test_times_are_written_in_utc() -> None:
    east = TIME.astimezone(timezone(timedelta(hours=9)))
    moved = ConsumerStatus(
        "a", "b", "u", "p", east, SinkStatus("Reachable"), SignalsStatus("Ready")
    )
    assert json.loads(encode_status(moved)[1])["time"] == "2026-11-24T12:00:00.250Z"


def test_a_tombstone_has_a_key_only() -> None:
    key, _ = encode_status(CONSUMER)
    assert decode_status(key, None) is None
    assert StatusKey.parse(key) == StatusKey("plant", "hall", "consumer", "hall-consumer-x")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 2),
        ("role", "producer"),
        ("time", "yesterday"),
        ("time", "2026-11-24T12:00:00"),
        ("sink", {"state": "Fine"}),
        ("sink", None),
        ("signals", {}),
        ("lagRecords", "many"),
        ("pod", "another"),
    ],
)
def test_a_record_with_a_fault_is_no_status(field: str, value: object) -> None:
    key, encoded = encode_status(CONSUMER)
    body = json.loads(encoded) | {field: value}
    assert decode_status(key, json.dumps(body).encode()) is None


def test_unknown_fields_are_ignored() -> None:
    key, encoded = encode_status(CONSUMER)
    body = json.loads(encoded) | {"later": {"more": 1}}
    assert decode_status(key, json.dumps(body).encode()) == CONSUMER


@given(st.none() | st.binary(), st.none() | st.binary())
def test_no_bytes_stop_the_reader(key: bytes | None, value: bytes | None) -> None:
    assert decode_status(key, value) is None
    assert decode_status(encode_status(CONSUMER)[0], value) is None
