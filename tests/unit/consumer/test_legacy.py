"""The 2018 format: what is read, what is made up from the message's place, what is refused."""

import base64
import json
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_NOT_AVAILABLE

from tests.support.consumer_environment import consumer_environment, consumer_spec
from tests.support.legacy import legacy_value
from tests.support.records import STREAM, flat, halves, record
from videostream_consumer.batch import measure_batch
from videostream_consumer.legacy import capture_time_ns, read_legacy
from videostream_consumer.measure import plan_measurement
from videostream_consumer.settings import read_settings
from videostream_consumer.signals.registry import installed_types
from videostream_record import FrameRecord, RecordInvalid, encode

NOW_MS = 1_790_000_000_000


@dataclass(frozen=True)
class Message:
    """A message with its place in Kafka."""

    body: bytes | None
    at: tuple[int, int] = (3, 4711)
    time: tuple[int, int] = (TIMESTAMP_CREATE_TIME, NOW_MS)
    name: bytes | None = None
    extra: list[tuple[str, bytes]] | None = None

    def key(self) -> bytes | None:
        return self.name

    def value(self) -> bytes | None:
        return self.body

    def headers(self) -> list[tuple[str, bytes]] | None:
        return self.extra

    def partition(self) -> int:
        return self.at[0]

    def offset(self) -> int:
        return self.at[1]

    def timestamp(self) -> tuple[int, int]:
        return self.time


def read(message: Message) -> FrameRecord:
    found = read_legacy(message, 0, stream=STREAM)
    assert found is not None
    return found


def test_what_the_format_lacks_comes_from_the_place_in_kafka() -> None:
    found = read(Message(legacy_value(flat(90))))
    assert (found.stream, found.session, found.sequence) == (STREAM, "0000000000000003", 4711)
    assert found.capture_time_ns == NOW_MS * 1_000_000 + 711_003
    assert (found.width, found.height) == (64, 48)
    assert (found.thumbnail, found.reference, found.reference_sequence) == (None, None, None)


def test_the_same_message_gives_the_same_record() -> None:
    value = legacy_value(halves(20, 220))
    assert read(Message(value)) == read(Message(value))


def test_messages_of_one_millisecond_have_times_of_their_own() -> None:
    times = {
        capture_time_ns((TIMESTAMP_CREATE_TIME, NOW_MS), partition=partition, offset=offset)
        for partition in range(12)
        for offset in range(5000, 6000)
    }
    assert len(times) == 12 * 1000
    assert {time_ns // 1_000_000 for time_ns in times} == {NOW_MS}


def test_colours_are_where_they_were() -> None:
    rgba = np.full((48, 64, 4), (200, 100, 50, 255), np.uint8)
    pix = base64.b64encode(rgba.tobytes()).decode()
    found = read(Message(json.dumps({"pix": pix, "rows": 48, "cols": 64}).encode()))
    image = cv2.imdecode(np.frombuffer(found.jpeg, np.uint8), cv2.IMREAD_COLOR_BGR)
    assert image is not None
    assert cv2.mean(image)[:3] == pytest.approx((50, 100, 200), abs=2)


def test_a_frame_record_in_the_same_topic_is_read_as_one() -> None:
    ours = record(flat(7))
    key, value, headers = encode(ours)
    assert read(Message(value, name=key, extra=headers)) == ours


def test_old_messages_are_passed_before_their_pixels_are_looked_at() -> None:
    message = Message(b"never parsed")
    assert read_legacy(message, (NOW_MS + 1) * 1_000_000, stream=STREAM) is None


def whole(**changes: Any) -> bytes:
    said = json.loads(legacy_value(flat(1))) | changes
    return json.dumps({name: value for name, value in said.items() if value is not ...}).encode()


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, "value"),
        (b"", "value"),
        (b"\xff\xd8\xff picture \xff\xd9", "value"),
        (b"[]", "value"),
        (b"[" * 100_000, "value"),
        (whole(rows=...), "rows"),
        (whole(rows="48"), "rows"),
        (whole(cols=0), "cols"),
        (whole(cols=True), "cols"),
        (whole(cols=65_536), "cols"),
        (whole(pix=...), "pix"),
        (whole(pix=[1, 2]), "pix"),
        (whole(pix="no base64!"), "pix"),
        (whole(rows=47), "pix"),
        (whole(pix=base64.b64encode(bytes(64 * 48 * 3)).decode()), "pix"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(value: bytes | None, field: str) -> None:
    with pytest.raises(RecordInvalid) as caught:
        read(Message(value))
    assert caught.value.field == field
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("time", [(TIMESTAMP_NOT_AVAILABLE, NOW_MS), (TIMESTAMP_CREATE_TIME, -1)])
def test_a_message_without_a_time_is_refused(time: tuple[int, int]) -> None:
    with pytest.raises(RecordInvalid, match="timestamp"):
        read(Message(legacy_value(flat(1)), time=time))


def test_its_points_are_those_of_its_pixels_and_motion_has_none() -> None:
    settings = read_settings(consumer_environment(consumer_spec()))
    plan = plan_measurement(settings, installed_types())
    messages = [Message(legacy_value(flat(90)), at=(0, n)) for n in range(3)]
    outcome = measure_batch(
        [*messages, Message(b"{}")],
        plan,
        now_ns=0,
        max_frame_age_s=0,
        read=partial(read_legacy, stream=STREAM),
    )
    assert (len(outcome.capture_times_ns), outcome.invalid) == (3, 1)
    assert [line.split(",")[0] for line in outcome.lines] == ["frame", "brightness"] * 3
    means = [line for line in outcome.lines if line.startswith("brightness")]
    assert all("mean=90" in line for line in means)
