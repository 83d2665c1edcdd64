"""Outages, refusals and their states."""

from collections.abc import Sequence

import pytest

from videostream_consumer.backoff import delay_s
from videostream_consumer.sink import Sink
from videostream_pipeline.influx import (
    Accepted,
    Rejected,
    Unauthorized,
    Unavailable,
    WriteResult,
)


class Scripted:
    """Answers with given results first and judges each line from then on."""

    def __init__(self, *results: WriteResult) -> None:
        self.results = list(results)
        self.stored: list[str] = []
        self.calls = 0

    def write(self, lines: Sequence[str]) -> WriteResult:
        self.calls += 1
        if self.results:
            return self.results.pop(0)
        if any("malformed" in line for line in lines):
            return Rejected("unable to parse", None)
        self.stored += lines
        return Accepted()


def test_lines_wait_for_an_outage_to_end() -> None:
    waits: list[float] = []
    states: list[str] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        states.append(sink.status.state)
        return True

    writer = Scripted(Unavailable("refused"), Unauthorized("401"), Unavailable("busy", 7.0))
    sink = Sink(writer, wait=wait)
    stored = sink.store(["a", "b"])
    assert stored is not None
    assert (stored.written, stored.rejected) == (2, 0)
    assert writer.stored == ["a", "b"]
    assert states == ["Unreachable", "Unauthorized", "Unreachable"]
    assert waits[2] == 7.0
    assert sink.status.state == "Reachable"


def test_the_end_of_the_process_ends_the_waiting_with_nothing_stored() -> None:
    writer = Scripted(*[Unavailable("refused")] * 9)
    assert Sink(writer, wait=lambda _: False).store(["a"]) is None
    assert writer.stored == []


def test_malformed_lines_are_found_and_the_others_stored() -> None:
    lines = [f"line{n}" for n in range(64)]
    lines[5] = lines[40] = "malformed"
    writer = Scripted()
    sink = Sink(writer, wait=lambda _: True)
    stored = sink.store(lines)
    assert stored is not None
    assert (stored.written, stored.rejected) == (62, 2)
    assert writer.stored == [line for line in lines if line != "malformed"]
    assert writer.calls <= 2 * 2 * 7
    assert sink.status.state == "Rejecting"
    assert sink.status.message == "unable to parse"


def test_an_outage_amid_the_search_tries_all_again() -> None:
    writer = Scripted(Rejected("?", None), Unavailable("refused"))
    stored = Sink(writer, wait=lambda _: True).store(["a", "malformed"])
    assert stored is not None
    assert (stored.written, stored.rejected) == (1, 1)
    assert writer.stored == ["a"]


def test_partly_rejected_lines_are_counted_and_passed() -> None:
    stored = Sink(Scripted(Rejected("field type conflict", 2)), wait=lambda _: True).store(
        ["a"] * 5
    )
    assert stored is not None
    assert (stored.written, stored.rejected) == (3, 2)


def test_a_point_that_may_be_lost_does_not_wait() -> None:
    writer = Scripted(Unavailable("refused"))
    sink = Sink(writer, wait=lambda _: pytest.fail("must not wait"))
    found = [(sink.offer("pipeline"), sink.status.state) for _ in range(2)]
    assert found == [(False, "Unreachable"), (True, "Reachable")]


def test_such_a_point_is_not_tried_while_frames_are_held_up() -> None:
    def wait(_: float) -> bool:
        assert not sink.offer("pipeline")
        return True

    writer = Scripted(Unavailable("refused"))
    sink = Sink(writer, wait=wait)
    assert sink.store(["a"]) is not None
    assert writer.stored == ["a"]


def test_delays_double_up_to_their_bound() -> None:
    for attempt in range(100):
        longest = min(0.5 * 2**attempt, 15)
        assert longest / 2 <= delay_s(attempt) <= longest
    assert delay_s(0, asked_s=3) == 3
    assert delay_s(0, asked_s=86_400) == 60
