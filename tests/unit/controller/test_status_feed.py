"""Status records become reports, and only news of a state wakes a stream."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from tests.support.bodies import NOW
from videostream_controller.kafka import Batch, Record
from videostream_controller.status_feed import StatusFeed
from videostream_pipeline.status import (
    ConsumerStatus,
    ProducerStatus,
    SignalsStatus,
    SinkStatus,
    SourceStatus,
    encode_status,
)


class Feed:
    """A feed whose clock and wakings a test can see."""

    def __init__(self) -> None:
        self.now = NOW
        self.woken: list[str] = []
        self.feed = StatusFeed(self.woken.append, clock=lambda: self.now)

    def hear(self, *records: Record, is_live: bool = True) -> list[str]:
        self.woken.clear()
        self.feed.accept(Batch(records, is_live))
        return sorted(self.woken)


def record(status: ProducerStatus | ConsumerStatus, *, time: datetime = NOW) -> Record:
    key, value = encode_status(status)
    return Record(key, value, time)


def producer(*, state: SourceStatus | None = None, uid: str = "uid-1") -> ProducerStatus:
    source = state or SourceStatus("Streaming", "Streaming", fps=5.0)
    return ProducerStatus(
        namespace="video", name="cam", uid=uid, pod="p-1", time=NOW, source=source
    )


def consumer(pod: str, sink: SinkStatus | None = None) -> ConsumerStatus:
    return ConsumerStatus(
        namespace="video",
        name="cam",
        uid="uid-1",
        pod=pod,
        time=NOW,
        sink=sink or SinkStatus("Reachable"),
        signals=SignalsStatus("Ready"),
    )


def test_the_first_report_wakes_and_is_kept() -> None:
    feed = Feed()
    assert feed.hear(record(producer())) == ["video/cam"]
    report = feed.feed.reports("video/cam", "uid-1").producer
    assert report is not None
    assert report.status == producer()
    assert report.heard_at == NOW


def streaming(fps: float) -> SourceStatus:
    return SourceStatus("Streaming", "Streaming", fps=fps)


def test_small_changes_of_numbers_do_not_wake_and_states_do() -> None:
    feed = Feed()
    feed.hear(record(producer()))
    assert feed.hear(record(producer(state=streaming(4.6)))) == []
    assert feed.hear(record(producer(state=streaming(2.5)))) == ["video/cam"]
    assert feed.hear(record(producer(state=SourceStatus("Stalled", "Stalled")))) == ["video/cam"]


def test_a_pod_that_speaks_again_after_a_silence_wakes() -> None:
    feed = Feed()
    feed.hear(record(producer()))
    feed.now += timedelta(seconds=60)
    assert feed.hear(record(producer())) == ["video/cam"]


def test_a_pod_that_falls_silent_wakes_its_stream_once() -> None:
    feed = Feed()
    feed.hear(record(producer()), record(consumer("c-1")))
    seconds = [NOW + timedelta(seconds=5 * step) for step in range(20)]
    silent = [feed.feed.fallen_silent(*two) for two in itertools.pairwise(seconds)]
    assert silent.index({"video/cam"}) == seconds.index(NOW + timedelta(seconds=45))
    assert sum(map(len, silent)) == 1


def test_a_pod_that_speaks_is_not_silent() -> None:
    feed = Feed()
    feed.hear(record(producer()))
    feed.now += timedelta(seconds=40)
    feed.hear(record(producer()))
    assert not feed.feed.fallen_silent(NOW, NOW + timedelta(seconds=60))


def test_each_consumer_is_kept_and_a_tombstone_removes_it() -> None:
    feed = Feed()
    feed.hear(record(consumer("c-1")), record(consumer("c-2")))
    assert len(feed.feed.reports("video/cam", "uid-1").consumers) == 2
    assert feed.hear(Record(b"video/cam/consumer/c-1", None, NOW)) == ["video/cam"]
    (left,) = feed.feed.reports("video/cam", "uid-1").consumers
    assert left.status.pod == "c-2"


def test_reports_of_another_object_of_the_name_are_not_given() -> None:
    feed = Feed()
    feed.hear(record(producer(uid="uid-0")))
    assert feed.feed.reports("video/cam", "uid-1").producer is None


def test_old_records_are_as_old_as_their_time_stamp() -> None:
    feed = Feed()
    past = NOW - timedelta(minutes=10)
    feed.hear(record(producer(), time=past), is_live=False)
    report = feed.feed.reports("video/cam", "uid-1").producer
    assert report is not None
    assert report.heard_at == past


def test_a_pod_with_a_wrong_clock_is_heard_now() -> None:
    feed = Feed()
    feed.hear(record(producer(), time=NOW - timedelta(minutes=10)))
    report = feed.feed.reports("video/cam", "uid-1").producer
    assert report is not None
    assert report.heard_at == NOW
    feed.hear(record(consumer("c-1"), time=NOW + timedelta(minutes=10)), is_live=False)
    assert feed.feed.reports("video/cam", "uid-1").consumers[0].heard_at == NOW


def test_what_is_no_status_record_is_ignored() -> None:
    feed = Feed()
    junk = [Record(None, b"x", NOW), Record(b"a/b", b"{}", NOW), Record(b"a/b/producer", b"{", NOW)]
    assert feed.hear(*junk) == []


def test_streams_that_are_gone_are_forgotten() -> None:
    feed = Feed()
    feed.hear(record(producer()))
    feed.feed.keep(["video/other"])
    assert feed.feed.reports("video/cam", "uid-1").producer is None


def test_memory_is_bounded() -> None:
    feed = Feed()
    for number in range(300):
        feed.now += timedelta(milliseconds=1)
        feed.hear(record(consumer(f"c-{number}")))
    kept = feed.feed.reports("video/cam", "uid-1").consumers
    assert len(kept) == 256
    assert "c-299" in {report.status.pod for report in kept}
