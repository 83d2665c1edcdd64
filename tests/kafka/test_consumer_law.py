"""The law of self-contained records: who measures a frame, when and how often changes no point.

One consumer reads a topic in order; that gives the points to compare with. Then twelve share
records that lie in any partition in any order, while some of them are killed, ended and started
again. Then the whole topic is measured once more into the same bucket. Points are compared as a
whole, with their tags, fields and times.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.consumer_process import PARTITIONS, ConsumerProcess, Stage
from tests.support.eventually import eventually
from tests.support.influxdb import Influx
from tests.support.records import moving_scene
from videostream_record import FrameRecord, encode

pytestmark = [pytest.mark.kafka, pytest.mark.influx, pytest.mark.timeout(300)]

FRAMES = 720
_CHUNK = 12
_CHUNK_PERIOD_S = 0.25
_PROCESSED = 'videostream_consumer_records_total{result="processed"}'


@pytest.fixture
def pictures() -> list[FrameRecord]:
    return moving_scene(FRAMES)


@pytest.fixture
def alone(stage: Stage, pictures: list[FrameRecord]) -> dict[str, list[str]]:
    """The points that one consumer writes."""
    stage.publish(pictures)
    with stage.consumer("alone"):
        stage.wait_for(FRAMES)
    points = stage.points()
    assert len(points["brightness"]) == FRAMES
    assert len(points["motion"]) == FRAMES - 1  # the first frame has none to compare with
    return points


@pytest.fixture
def crowd(
    stage: Stage, influxdb: Influx, tmp_path: Path, alone: dict[str, list[str]]
) -> Iterator[Stage]:
    """Another topic and bucket; `alone` is there first, so that only one crowd needs the CPU."""
    assert alone
    topic = stage.topic + ".crowd"
    stage.kafka.create_topic(topic, partitions=PARTITIONS)
    (tmp_path / "crowd").mkdir()
    bucket = influxdb.new_bucket()
    yield Stage(tmp_path / "crowd", stage.kafka, bucket, topic, stage.status_topic)
    stage.kafka.delete_topic(topic)


def publish_shuffled(stage: Stage, records: list[FrameRecord], *, seed: int) -> None:
    """Publish records bit by bit, in any order and each to any partition."""
    source = random.Random(seed)
    shuffled = source.sample(records, len(records))
    producer = stage.kafka.producer()
    for start in range(0, len(shuffled), _CHUNK):
        for item in shuffled[start : start + _CHUNK]:
            key, value, headers = encode(item)
            partition = source.randrange(PARTITIONS)
            producer.produce(stage.topic, value, key, partition=partition, headers=[*headers])
        assert producer.flush(30) == 0
        time.sleep(_CHUNK_PERIOD_S)  # a camera's pace: there is work left when consumers fail


def start_twelve(stage: Stage, running: ExitStack) -> list[ConsumerProcess]:
    """Start a consumer for each partition and wait until each has one."""
    pods = [running.enter_context(stage.consumer(f"pod-{n}")) for n in range(PARTITIONS)]
    eventually(
        lambda: (
            [pod.metric("videostream_consumer_assigned_partitions") for pod in pods]
            == [1] * PARTITIONS
        ),
        timeout_s=90,
        what="a partition for each",
    )
    return pods


def wait_at_work(pods: list[ConsumerProcess], *, records: int) -> None:
    eventually(
        lambda: all(pod.metric(_PROCESSED) >= records for pod in pods),
        timeout_s=60,
        what=f"{len(pods)} consumers at work",
        period_s=0.1,
    )


def test_twelve_consumers_write_what_one_writes(
    crowd: Stage, pictures: list[FrameRecord], alone: dict[str, list[str]]
) -> None:
    with ExitStack() as running:
        pods = start_twelve(crowd, running)
        crowd.publish(pictures)
        crowd.wait_for(FRAMES)
        shares = [pod.metric(_PROCESSED) for pod in pods]
    assert min(shares) > 0
    assert crowd.points() == alone


def test_kills_restarts_and_any_order_change_no_point(
    crowd: Stage, pictures: list[FrameRecord], alone: dict[str, list[str]]
) -> None:
    with ExitStack() as running:
        pods = start_twelve(crowd, running)
        publishing = threading.Thread(
            target=publish_shuffled, args=(crowd, pictures), kwargs={"seed": 7}
        )
        publishing.start()
        running.callback(publishing.join)
        wait_at_work(pods, records=3)
        for pod in pods[:3]:
            pod.kill()
        # A container that starts again keeps its pod's name, a new pod has another.
        again = [running.enter_context(crowd.consumer(name)) for name in ("pod-0", "pod-12")]
        assert pods[3].terminate() == 0
        wait_at_work(again, records=3)
        again[1].kill()
        pods[4].kill()
        publishing.join()
        crowd.wait_for(FRAMES)
        crowd.wait_committed(FRAMES)
    assert crowd.points() == alone

    replay = replace(crowd, group=crowd.group + "-replay")
    with replay.consumer("replay") as pod:
        eventually(
            lambda: pod.metric(_PROCESSED) == FRAMES, timeout_s=60, what="each record once more"
        )
    assert crowd.points() == alone
