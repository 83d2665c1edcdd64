"""What consumers say in their commits: what counts as a report, and whose."""

from __future__ import annotations

import pytest

from videostream_controller.autoscaling import Report, parse_report
from videostream_controller.autoscaling.report import fresh, median_fps


def test_the_reports_of_members_that_left_are_no_votes() -> None:
    now_s = 1000.0
    reports = [
        Report("a", 10, 1, 0, now_s - 1),
        Report("a", 4, 1, 0, now_s - 50),  # the same member, earlier
        Report("b", 12, 1, 0, now_s - 61),
        Report("c", 14, 1, 0, now_s + 3600),  # a clock that is wrong
        Report("d", None, 0, 0, now_s),
    ]
    assert median_fps(fresh(reports, now_s)) == 10


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        "",
        "anything",
        "[1]",
        '{"v":2,"m":"a","busy":0,"blk":0,"t":1}',
        '{"v":1,"m":"a","busy":1.5,"blk":0,"t":1}',
        '{"v":1,"m":"a","mu":-1,"busy":"high","blk":0,"t":1}',
        '{"v":1,"m":"a","mu":1e9,"busy":0,"blk":0,"t":1}',
        '{"v":1,"m":"a","busy":0,"blk":0,"t":NaN}',
        '{"v":1,"m":7,"busy":0,"blk":0,"t":1}',
        "[" * 400,
    ],
)
def test_what_is_no_report_is_none(metadata: str | None) -> None:
    assert parse_report(metadata) is None


def test_a_report_without_a_rate_still_tells_of_the_sink() -> None:
    assert parse_report('{"v":1,"m":"a","busy":0,"blk":1,"t":5}') == Report("a", None, 0, 1, 5)
