"""The `Legacy` input on a real broker: old messages become points, the same ones every time."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.support.consumer_environment import consumer_spec
from tests.support.consumer_process import PARTITIONS, ConsumerProcess, Stage
from tests.support.eventually import eventually
from tests.support.influxdb import Influx
from tests.support.legacy import legacy_value
from tests.support.records import START_NS, Image, flat, halves, moving_scene

pytestmark = [pytest.mark.kafka, pytest.mark.influx]

_OLD = 60
_START_MS = START_NS // 1_000_000
_LARGE_BYTES = 8 * 1024 * 1024
_RESULT = 'videostream_consumer_records_total{{result="{}"}}'


@pytest.fixture
def stage(stage: Stage) -> Iterator[Stage]:
    """A stage whose topic takes messages of the old size, and keeps them although they are old."""
    topic = stage.topic + ".old"
    limits = {"max_message_bytes": str(_LARGE_BYTES), "retention_ms": "-1"}
    stage.kafka.create_topic(topic, partitions=PARTITIONS, **limits)
    yield replace(stage, topic=topic)
    stage.kafka.delete_topic(topic)


def publish(stage: Stage, *images: Image) -> None:
    """Send pictures as the old producer did: no key, no headers, any partition, time of sending.

    Three of them share each millisecond.
    """
    anywhere = random.Random(1)
    client = stage.kafka.producer(message_max_bytes=_LARGE_BYTES)
    for number, image in enumerate(images):
        client.produce(
            stage.topic,
            legacy_value(image),
            partition=anywhere.randrange(PARTITIONS),
            timestamp=_START_MS + number // 3,
        )
    assert client.flush(30) == 0


def consumer(stage: Stage, pod: str) -> ConsumerProcess:
    """Start a consumer with `consumer.input: Legacy`."""
    section = consumer_spec(group=stage.group, max_frame_age="0s")["consumer"]
    return stage.consumer(pod, consumer={**section, "input": "Legacy"})


def wait_for_frames(stage: Stage, count: int) -> None:
    """Wait until so many frames are in the ledger, then until their offsets are committed."""
    eventually(
        lambda: len(stage.sequences()) == count, timeout_s=60, what=f"{count} frames", period_s=0.2
    )
    stage.wait_committed(count)


def test_old_messages_become_the_same_points_every_time(stage: Stage, influxdb: Influx) -> None:
    publish(stage, *(flat(3 * n, width=320, height=180) for n in range(_OLD)))
    with consumer(stage, "first") as pod:
        wait_for_frames(stage, _OLD)
        assert pod.metric(_RESULT.format("processed")) == _OLD
    points = stage.points()
    assert len(points["frame"]) == _OLD
    means = [row["mean"] for row in stage.influx.query("SELECT mean FROM brightness")]
    assert sorted(means) == pytest.approx([3 * n for n in range(_OLD)], abs=1)
    assert points["motion"] == []  # there is no picture to compare with

    ledger = stage.influx.query("SELECT session, sequence FROM frame")
    places = {(row["session"], row["sequence"]) for row in ledger}
    ends = stage.committed()
    assert places == {(f"{p:016x}", offset) for p, end in ends.items() for offset in range(end)}

    others = replace(stage, group=stage.group + "-2", influx=influxdb.new_bucket())
    with ExitStack() as running:
        for number in range(3):
            running.enter_context(consumer(others, f"other-{number}"))
        wait_for_frames(others, _OLD)
    assert others.points() == points


def test_a_stream_can_change_its_producer_without_a_gap(stage: Stage) -> None:
    junk = stage.kafka.producer()
    junk.produce(stage.topic, b'{"pix": "AAAA", "channels": 3, "rows": 1, "cols": 1}', partition=0)
    assert junk.flush(10) == 0
    with consumer(stage, "pod") as pod:
        pod.wait_ready()
        publish(stage, *(flat(50, width=320, height=180) for _ in range(12)))
        stage.publish(moving_scene(24))
        eventually(
            lambda: (
                [pod.metric(_RESULT.format(name)) for name in ("processed", "invalid")] == [36, 1]
            ),
            timeout_s=60,
            what="36 records processed, 1 invalid",
        )
        assert "pix is '3 bytes'" in pod.log.read_text()
    points = stage.points()
    assert [len(points[name]) for name in ("frame", "brightness", "motion")] == [36, 36, 23]


def test_a_picture_of_720p_is_larger_than_a_fetch_and_still_measured(stage: Stage) -> None:
    publish(stage, *(halves(40, 200, width=1280, height=720) for _ in range(3)))
    with consumer(stage, "pod"):
        wait_for_frames(stage, 3)
    rows = stage.influx.query("SELECT mean FROM brightness")
    assert [row["mean"] for row in rows] == pytest.approx([120] * 3, abs=1)


def test_old_messages_are_no_frame_records(stage: Stage) -> None:
    publish(stage, flat(50))
    with stage.consumer("pod") as pod:
        eventually(
            lambda: pod.metric(_RESULT.format("invalid")) == 1, timeout_s=60, what="it is refused"
        )
        assert "ce_type is absent" in pod.log.read_text()
    assert stage.points()["frame"] == []
