"""What consumers write into their commits is what is read from them; anything can be read."""

from __future__ import annotations

import json

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.json_values import JSON
from videostream_consumer.capacity import Capacity
from videostream_controller.autoscaling import Report, parse_report

UNIX_TIME_S = 1_700_000_000.0


@given(st.text() | JSON.map(json.dumps))
def test_any_metadata_can_be_read(metadata: str) -> None:
    found = parse_report(metadata)
    assert found is None or 0 <= found.busy <= 1


@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.floats(0, 3), st.floats(0, 3), st.floats(0.01, 3)),
        max_size=50,
    ),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=63),
)
def test_what_consumers_write_is_what_is_read(
    work: list[tuple[int, float, float, float]], pod: str
) -> None:
    now = 0.0
    capacity = Capacity(member=pod, now=now)
    for records, busy_s, blocked_s, pause_s in work:
        now += pause_s
        capacity.add(now=now, records=records, busy_s=busy_s, blocked_s=blocked_s)
    metadata = capacity.metadata(now=now, unix_time=UNIX_TIME_S)
    said, found = json.loads(metadata), parse_report(metadata)
    assume(said.get("mu", 0) <= 1e6)
    assert found == Report(pod, said.get("mu") or None, said["busy"], said["blk"], UNIX_TIME_S)
