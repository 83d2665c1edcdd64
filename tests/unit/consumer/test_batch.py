"""What becomes of a batch: measured, stale, invalid."""

from dataclasses import dataclass

import pytest

from tests.support.consumer_environment import consumer_environment, consumer_spec
from tests.support.records import flat, record
from videostream_consumer.batch import Outcome, measure_batch
from videostream_consumer.measure import Plan, plan_measurement
from videostream_consumer.settings import read_settings
from videostream_consumer.signals.registry import installed_types
from videostream_record import FrameRecord, encode

NOW_NS = 1_790_000_100_000_000_000


@dataclass(frozen=True)
class Message:
    """A Kafka message as far as measuring is concerned."""

    parts: tuple[bytes | None, bytes | None, list[tuple[str, bytes]] | None]

    def key(self) -> bytes | None:
        return self.parts[0]

    def value(self) -> bytes | None:
        return self.parts[1]

    def headers(self) -> list[tuple[str, bytes]] | None:
        return self.parts[2]


@pytest.fixture
def plan() -> Plan:
    settings = read_settings(consumer_environment(consumer_spec()))
    return plan_measurement(settings, installed_types())


def run(plan: Plan, *messages: Message, max_frame_age_s: float = 10.0) -> Outcome:
    return measure_batch(messages, plan, now_ns=NOW_NS, max_frame_age_s=max_frame_age_s)


def aged(age_s: float, *, sequence: int = 0) -> FrameRecord:
    time_ns = NOW_NS - int(age_s * 1e9)
    return record(flat(50), sequence=sequence, capture_time_ns=time_ns)


def test_stale_frames_are_counted_and_not_decoded(plan: Plan) -> None:
    undecodable = b"\xff\xd8\xff\xff\xd9"
    key, _, headers = encode(aged(10.1))
    outcome = run(plan, Message((key, undecodable, headers)), Message(encode(aged(9.9))))
    assert (outcome.stale, outcome.invalid, len(outcome.capture_times_ns)) == (1, 0, 1)


def test_without_a_limit_no_frame_is_stale(plan: Plan) -> None:
    assert run(plan, Message(encode(aged(1e6))), max_frame_age_s=0).stale == 0


def test_invalid_records_are_passed_over(plan: Plan) -> None:
    key, value, headers = encode(aged(1))
    outcome = run(
        plan,
        Message((None, None, None)),
        Message((key, b"not a picture", headers)),
        Message((b"another/key", value, headers)),
        Message((key, value, headers)),
    )
    assert outcome.invalid == 3
    assert outcome.first_invalid is not None
    assert outcome.first_invalid.field == "ce_type"
    assert len(outcome.lines) == 2


def test_lines_keep_the_order_of_the_records(plan: Plan) -> None:
    outcome = run(plan, *(Message(encode(aged(5 - n, sequence=n))) for n in range(3)))
    ledger = [line for line in outcome.lines if line.startswith("frame,")]
    assert [f"sequence={n}i" in line for n, line in enumerate(ledger)] == [True] * 3
