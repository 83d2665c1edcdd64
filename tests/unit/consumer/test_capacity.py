"""The capacity that travels in commit metadata."""

import json
from typing import Any

import pytest

from videostream_consumer.capacity import Capacity


def said(capacity: Capacity, now: float) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capacity.metadata(now=now, unix_time=1_700_000_000.9))
    return found


def test_a_new_member_does_not_know_its_rate() -> None:
    assert said(Capacity(member="p", now=0), 1) == {
        "v": 1,
        "m": "p",
        "busy": 0.0,
        "blk": 0.0,
        "t": 1_700_000_000,
    }


def test_the_rate_is_records_per_busy_second() -> None:
    capacity = Capacity(member="p", now=0)
    for second in range(1, 11):
        capacity.add(now=second, records=20, busy_s=0.1, blocked_s=0.5)
    found = said(capacity, 10)
    assert found["mu"] == 200.0
    assert found["busy"] == pytest.approx(0.1)
    assert found["blk"] == pytest.approx(0.5)


def test_the_past_is_forgotten_after_half_a_minute() -> None:
    capacity = Capacity(member="p", now=0)
    for second in range(100):
        capacity.add(now=second, records=1, busy_s=0.5)
    for second in range(100, 140):
        capacity.add(now=second, records=10, busy_s=0.1)
    assert said(capacity, 140)["mu"] == 100.0
    assert len(capacity._slices) <= 31


def test_the_metadata_fits_into_a_commit() -> None:
    capacity = Capacity(member="p" * 253, now=0)
    capacity.add(now=1, records=10**9, busy_s=1e-9, blocked_s=1e9)
    text = capacity.metadata(now=1, unix_time=1e10)
    assert len(text) < 4096
    assert json.loads(text)["blk"] == 1.0
