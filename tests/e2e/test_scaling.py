"""Consumers follow the load on a real cluster: out, in, to zero and back, and never by mistake.

The consumers are the real image with a signal that sleeps, so that the rate of each is known and a
small machine can run many of them.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer

from cluster.kind import kubectl
from demo.deploy import RELEASE, ROOT
from tests.support.derived_image import consumer_with
from tests.support.eventually import eventually
from tests.support.group_lag import GroupLag
from tests.support.ledger import accepted_by_kafka, is_complete
from tests.support.outage import KAFKA_FROM_OUTSIDE, a_minute_without
from tests.support.pods import wait_without_producer
from tests.support.watch import watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.deploy import Images
    from demo.influxql import InfluxPortForward
    from tests.support.streams import Streams

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

CONSUMER_FPS = 2.5
QUIET_FPS = 1
BUSY_FPS = 10
MAX_REPLICAS = 8
TARGET_S = 3


@pytest.fixture(scope="module")
def slow_consumer(images: Images) -> str:
    """The consumer image with the signal type Slow, on the cluster's node."""
    plugin = ROOT / "tests" / "e2e" / "slow_signal"
    return consumer_with(plugin, tag="videostream-consumer-slow:test", images=images)


class Story:
    """One stream whose load the test changes, and what is told of its consumers."""

    def __init__(self, streams: Streams, image: str) -> None:
        self.streams = streams
        self._image = image
        self.name = streams.apply("scaled", self._spec(fps=QUIET_FPS))

    def _spec(self, *, fps: int, captures: bool = True) -> dict[str, Any]:
        return {
            "source": {"url": "rtsp://camera:8554/stream"},
            "frames": {"fps": fps},
            "kafka": {"topic": {"retention": "2h"}},
            "producer": {"suspend": not captures},
            "signals": [
                {"name": "brightness", "type": "Brightness"},
                {
                    "name": "slow",
                    "type": "Slow",
                    "parameters": {"milliseconds": round(1000 / CONSUMER_FPS)},
                },
            ],
            "consumer": {
                "maxFrameAge": "2h",  # a backlog is to be processed, not skipped
                "pod": {"image": self._image},
                "scaling": {
                    "minReplicas": 0,
                    "maxReplicas": MAX_REPLICAS,
                    "targetLag": f"{TARGET_S}s",
                    "scaleDownWindow": "30s",
                    "idleAfter": "30s",
                },
            },
        }

    def load(self, fps: int) -> None:
        """Let so many frames per second come; 0 stops the capture."""
        self.streams.apply(self.name, self._spec(fps=fps or QUIET_FPS, captures=fps > 0))

    def status(self) -> dict[str, Any]:
        return self.streams.status(self.name)

    def scaling(self) -> dict[str, Any]:
        found: dict[str, Any] = self.status().get("scaling", {})
        return found

    def replicas(self) -> tuple[int, int]:
        """Consumers that should be there, and those that are ready."""
        consumer = self.status().get("consumer", {})
        return consumer.get("desiredReplicas", -1), consumer.get("readyReplicas", -1)

    def changes(self) -> list[tuple[str, str]]:
        """Cause and text of every change so far, oldest first."""
        listed = kubectl(
            *("get", "events", "--namespace", self.streams.namespace, "--output", "json"),
            *("--field-selector", f"involvedObject.name={self.name}"),
            *("--sort-by", ".metadata.creationTimestamp"),
        )
        return [
            (event["reason"], event["message"])
            for event in json.loads(listed)["items"]
            if event["message"].startswith("consumers ")
        ]

    def wait_for(self, what: str, probe: Any, *, timeout_s: float) -> float:
        """Wait and give the seconds that it took."""
        started_s = time.monotonic()
        eventually(probe, timeout_s=timeout_s, what=f"{what}; {self.changes()}", period_s=0.5)
        took_s = time.monotonic() - started_s
        print(
            f"\n{what}: after {took_s:.1f} s; replicas (desired, ready) {self.replicas()}", end=""
        )
        return took_s

    def kafka(self) -> GroupLag:
        """What Kafka itself knows of the group."""
        topic = self.status()["topic"]
        return GroupLag(KAFKA_FROM_OUTSIDE, topic["name"], partitions=topic["partitions"])

    def has(self, kind: str, *, status: str = "True") -> bool:
        """Whether a condition is there and has this status."""
        return self.streams.condition(self.name, kind).get("status") == status


@pytest.fixture
def story(streams: Streams, slow_consumer: str, tmp_path: Path) -> Iterator[Story]:
    told = Story(streams, slow_consumer)
    lines = tmp_path / "watch"
    with watching("vst", told.name, namespace=streams.namespace, into=lines):
        yield told
    print(f"\n\n$ kubectl get vst {told.name} --watch\n{lines.read_text()}")
    for cause, message in told.changes():
        print(f"{cause:10} {message}")


def test_consumers_follow_the_load(story: Story, influx: InfluxPortForward) -> None:
    starts_quietly(story)
    scales_out_and_drains(story)
    a_restart_of_the_controller_changes_nothing(story)
    an_outage_of_kafka_changes_nothing(story)
    partitions_that_nobody_reads_drive_nothing(story)
    scales_in(story)
    goes_to_zero_and_wakes(story)
    nothing_was_lost_or_doubled(story, influx)


def starts_quietly(story: Story) -> None:
    story.streams.wait(story.name, "Ready", status="True", timeout_s=180)
    story.wait_for(
        "capacity reported",
        lambda: story.scaling().get("capacitySource") == "Reported",
        timeout_s=60,
    )
    assert float(story.scaling()["perReplicaFps"]) == pytest.approx(CONSUMER_FPS, rel=0.3)
    assert story.replicas() == (1, 1)


def scales_out_and_drains(story: Story) -> None:
    kafka = story.kafka()
    before = story.changes()
    story.load(BUSY_FPS)
    late = (BUSY_FPS - CONSUMER_FPS) * TARGET_S
    story.wait_for("lag beyond its target", lambda: kafka.records() > late, timeout_s=60)
    # One period is 5 s; the rest is for looking, and for a busy machine.
    story.wait_for("first scale-out", lambda: story.replicas()[0] > 1, timeout_s=15)
    enough = BUSY_FPS / CONSUMER_FPS
    story.wait_for("enough consumers", lambda: story.replicas()[1] >= enough, timeout_s=90)
    story.wait_for("backlog drained", lambda: kafka.records() <= BUSY_FPS * TARGET_S, timeout_s=120)
    story.wait_for("lag within target", lambda: story.has("LagWithinTarget"), timeout_s=30)
    assert {cause for cause, _ in story.changes()[len(before) :]} == {"ScaleUp"}


@contextmanager
def no_change(story: Story) -> Iterator[None]:
    before = story.changes()
    yield
    assert story.changes() == before


def a_restart_of_the_controller_changes_nothing(story: Story) -> None:
    deployment = f"deployment/{RELEASE}-controller"
    namespace = ("--namespace", story.streams.namespace)
    with no_change(story):
        kubectl("rollout", "restart", deployment, *namespace)
        kubectl("rollout", "status", deployment, *namespace, "--timeout=120s")
        time.sleep(20)  # four decisions


def an_outage_of_kafka_changes_nothing(story: Story) -> None:
    with no_change(story):
        with a_minute_without(f"statefulset/{RELEASE}-kafka", namespace=story.streams.namespace):
            story.streams.wait(story.name, "LagKnown", status="False", timeout_s=30)
            assert story.streams.condition(story.name, "Scaling")["reason"] == "Holding"
        story.streams.wait(story.name, "LagKnown", status="True", timeout_s=180)
        story.streams.wait(story.name, "Ready", status="True", timeout_s=180)
        time.sleep(20)


def partitions_that_nobody_reads_drive_nothing(story: Story) -> None:
    most = story.replicas()[0]
    with a_member_that_does_nothing(story):
        waited_s = 0.0
        while not story.has("PartitionsStalled"):
            assert waited_s < 120, "stalled partitions are not noticed"
            time.sleep(2)
            waited_s += 2
            most = max(most, story.replicas()[0])
        print(f"\nstalled partitions told; replicas {story.replicas()}", end="")
        time.sleep(30)
        most = max(most, story.replicas()[0])
        assert most < MAX_REPLICAS
    story.wait_for(
        "partitions move again", lambda: not story.has("PartitionsStalled"), timeout_s=120
    )
    kafka = story.kafka()
    story.wait_for("backlog drained", lambda: kafka.records() <= BUSY_FPS * TARGET_S, timeout_s=180)


@contextmanager
def a_member_that_does_nothing(story: Story) -> Iterator[None]:
    """Join the group, hold partitions and never commit: what a hanging consumer does."""
    member = Consumer(
        {
            "bootstrap.servers": KAFKA_FROM_OUTSIDE,
            "group.id": story.status()["consumer"]["groupId"],
            "group.protocol": "consumer",
            "enable.auto.commit": False,
        }
    )
    member.subscribe([story.status()["topic"]["name"]])

    def holds_partitions() -> bool:
        member.poll(0.1)
        return bool(member.assignment())

    try:
        what = "partitions given to a member that does nothing"
        story.wait_for(what, holds_partitions, timeout_s=60)
        member.pause(member.assignment())
        yield
    finally:
        member.close()


def scales_in(story: Story) -> None:
    busy = story.replicas()[0]
    story.load(QUIET_FPS)
    story.wait_for("first scale-in", lambda: story.replicas()[0] < busy, timeout_s=240)
    story.wait_for("one consumer", lambda: story.replicas() == (1, 1), timeout_s=300)


def goes_to_zero_and_wakes(story: Story) -> None:
    kafka = story.kafka()
    story.load(0)
    story.wait_for("no consumer", lambda: story.replicas() == (0, 0), timeout_s=120)
    assert kafka.records() == 0
    assert story.streams.condition(story.name, "Scaling")["reason"] == "Idle"
    ends = kafka.ends()
    story.load(QUIET_FPS)
    story.wait_for("a first record", lambda: kafka.ends() > ends, timeout_s=60)
    story.wait_for("woken", lambda: story.replicas()[0] > 0, timeout_s=15)
    story.wait_for("a consumer is ready", lambda: story.replicas()[1] > 0, timeout_s=60)
    assert story.changes()[-1][0] == "WakeUp"


def nothing_was_lost_or_doubled(story: Story, influx: InfluxPortForward) -> None:
    story.load(0)
    topic = story.status()["topic"]["name"]
    wait_without_producer(story.name, namespace=story.streams.namespace)
    accepted = accepted_by_kafka(bootstrap_servers=KAFKA_FROM_OUTSIDE, topic=topic)
    eventually(
        lambda: is_complete(influx, accepted, namespace=story.streams.namespace, stream=story.name),
        timeout_s=120,
        what="InfluxDB holds what Kafka accepted",
        period_s=3,
    )
    print(f"\n{len(accepted)} records accepted by Kafka, each stored once")
