"""What is reported, and when: rates, points, status, health, client limits, rotation."""

import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.unit.producer.test_settings import environ
from videostream_pipeline.status import SourceStatus
from videostream_producer.metrics import Metrics
from videostream_producer.points import (
    PointWriter,
    Totals,
    interval_fields,
    read_totals,
)
from videostream_producer.publish import client_properties
from videostream_producer.rates import RateWindow
from videostream_producer.reporting import losses, status_due, streaming_health
from videostream_producer.settings import parse_settings
from videostream_producer.stillness import Stillness
from videostream_producer.workload import Workload

STREAMING = SourceStatus("Streaming", "Streaming", fps=5.0)


def test_rate_is_the_mean_of_the_last_ten_seconds() -> None:
    window = RateWindow()
    for second in range(31):
        count = second * 25 if second <= 20 else 500
        window = window.add(float(second), count)
        if second == 20:
            assert window.per_second == 25
        if second == 25:
            assert window.per_second == 12.5
    assert window.per_second == 0
    assert len(window.samples) <= 11


def test_a_rate_is_told_only_once_it_spans_five_seconds() -> None:
    window = RateWindow()
    assert window.settled_per_second is None
    for second in range(5):
        window = window.add(float(second), second * 25)
        assert window.settled_per_second is None
    assert window.add(5.0, 125).settled_per_second == 25


def test_the_first_rate_of_a_stream_is_a_change_of_state() -> None:
    assert status_due(replace(STREAMING, fps=None), STREAMING, age_s=1)


def test_status_is_due_first_then_on_change_but_not_twice_a_second_then_each_ten() -> None:
    stalled = replace(STREAMING, state="Stalled")
    assert status_due(None, STREAMING, age_s=0)
    assert not status_due(STREAMING, STREAMING, age_s=9.9)
    assert status_due(STREAMING, STREAMING, age_s=10)
    assert not status_due(STREAMING, stalled, age_s=0.9)
    assert status_due(STREAMING, stalled, age_s=1)


def test_rate_and_last_frame_are_no_change_of_state() -> None:
    later = replace(STREAMING, fps=4.0, last_frame_time=datetime.now(UTC))
    assert not status_due(STREAMING, later, age_s=5)


def test_point_counts_are_those_of_the_interval() -> None:
    before = Totals(captured=10, published=9, frame_bytes=1000)
    after = Totals(captured=14, published=12, dropped_queue_full=1, frame_bytes=1800)
    assert interval_fields(before, after) == {
        "captured": 4,
        "published": 3,
        "dropped_overrun": 0,
        "dropped_queue_full": 1,
        "dropped_too_large": 0,
        "delivery_failed": 0,
        "frame_bytes_mean": 200.0,
    }
    assert "frame_bytes_mean" not in interval_fields(after, after)


def test_totals_come_off_the_metrics() -> None:
    metrics = Metrics()
    metrics.captured.inc(3)
    metrics.dropped.labels("too_large").inc()
    metrics.delivery_failed.labels("msg_timed_out").inc(2)
    metrics.delivery_failed.labels("purge_queue").inc()
    metrics.frame_bytes.observe(500)
    assert read_totals(metrics) == Totals(
        captured=3, dropped_too_large=1, delivery_failed=3, frame_bytes=500
    )


def test_points_that_cannot_be_written_are_dropped_and_counted(tmp_path: Path) -> None:
    metrics = Metrics()
    writer = PointWriter(tmp_path / "absent", metrics)
    for _ in range(10):
        writer.put("pipeline a=1i 1")
    assert metrics.total("points_dropped") == 4
    writer.start()
    writer.stop(timeout_s=5)
    writer.put("pipeline a=1i 1")
    assert metrics.total("points_dropped") >= 4


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (Totals(dropped_too_large=1), "maxMessageBytes"),
        (Totals(dropped_queue_full=1), "brokers"),
        (Totals(delivery_failed=1), "not acknowledged"),
        (Totals(dropped_overrun=1), "CPU"),
    ],
)
def test_says_what_to_do_about_lost_frames(after: Totals, says: str) -> None:
    assert says in losses(Totals(), after)
    assert losses(after, after) == ""


def test_live_and_patient_limits() -> None:
    live = client_properties(parse_settings(environ()), {"bootstrap.servers": "k:9092"})
    patient = client_properties(parse_settings(environ(frames__onBackpressure="Block")), {})
    assert live["message.timeout.ms"] == 10_000
    assert live["queue.buffering.max.messages"] == 64
    assert patient["message.timeout.ms"] == 0
    for properties in (live, patient):
        assert properties["acks"] == "all"
        assert properties["enable.idempotence"] is True
        assert properties["partitioner"] == "murmur2_random"


@pytest.mark.parametrize("limit", [16_384, 2_097_152, 64 * 1024 * 1024])
def test_librdkafka_takes_the_properties(limit: int) -> None:
    settings = parse_settings(environ(kafka__topic__maxMessageBytes=limit))
    Producer(client_properties(settings, {"bootstrap.servers": "127.0.0.1:1"}) | {"log_level": 0})


def test_a_connection_cannot_loosen_what_we_rely_on() -> None:
    said = {"bootstrap.servers": "k:9092", "acks": "0", "client.id": "mine"}
    properties = client_properties(parse_settings(environ()), said)
    assert properties["acks"] == "all"
    assert properties["client.id"] == "mine"


def test_spec_is_json_as_the_controller_writes_it() -> None:
    env = environ()
    compact = json.dumps(json.loads(env["VIDEOSTREAM_SPEC"]), sort_keys=True, separators=(",", ":"))
    assert parse_settings(env | {"VIDEOSTREAM_SPEC": compact}) == parse_settings(env)


@pytest.mark.parametrize(
    ("unchanged_s", "busy_share", "reason"),
    [
        (0.0, None, "Streaming"),
        (9.9, 0.94, "Streaming"),
        (10.0, None, "Frozen"),
        (0.0, 0.95, "TooFast"),
        (10.0, 1.0, "Frozen"),
    ],
)
def test_a_stream_that_flows_may_still_be_unwell(
    unchanged_s: float, busy_share: float | None, reason: str
) -> None:
    said, message = streaming_health(
        unchanged_s=unchanged_s, frozen_after_s=10, busy_share=busy_share, losses="frames are lost"
    )
    assert said == reason
    assert message == "frames are lost" if reason == "Streaming" else "frames" in message


def test_the_same_picture_counts_from_its_first_appearance_and_five_frames_on() -> None:
    still = Stillness()
    for second in range(4):
        still = still.see(b"a", second)
        assert still.lasts_s == 0
    assert still.see(b"a", 4).lasts_s == 4
    assert still.see(b"b", 4).see(b"a", 5).lasts_s == 0


def test_a_thread_that_never_waits_is_busy_and_one_that_waits_is_not(tmp_path: Path) -> None:
    busy, resting = Workload(), Workload(tmp_path / "absent")
    shares: dict[str, float | None] = {}

    def work() -> None:
        started_s = time.monotonic()
        while time.monotonic() - started_s < 5.5:
            busy.sample(time.monotonic())
        shares["busy"] = busy.share

    def rest() -> None:
        for _ in range(56):
            resting.sample(time.monotonic())
            assert resting.share is None or resting.share < 0.5
            threading.Event().wait(0.1)
        shares["resting"] = resting.share

    threads = [threading.Thread(target=work), threading.Thread(target=rest)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The two share Python's lock, so the busy one waits for that now and then.
    assert (shares["busy"] or 0) > 0.8
    assert (shares["resting"] or 1) < 0.2
