"""Consumers scaled by the lag of a real group, through a real API server.

Nobody runs pods here: the test plays the Deployment controller, which says that pods are ready, and
the consumers, which commit offsets with what they can do.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from tests.support.eventually import until

if TYPE_CHECKING:
    from tests.support.controller import Cluster, Controller
    from tests.support.kafka import Broker

pytestmark = [pytest.mark.api, pytest.mark.kafka, pytest.mark.usefixtures("controller")]

CONSUMER_FPS = 5.0
PARTITIONS = 12


class Pipeline:
    """Stream `cam` with frames that come and consumers that process them."""

    def __init__(self, cluster: Cluster, kafka: Broker, **consumer: Any) -> None:
        self.cluster = cluster
        spec = {"source": {"url": "rtsp://camera.test/live"}, "consumer": consumer}
        cluster.create("cam", spec)
        self._topic = cluster.topic("cam")
        self._admin = kafka.admin()
        self._producer = kafka.producer()
        self.came = self.done = 0
        until(self.follow, "the consumers' Deployment")
        until(lambda: self.condition("LagKnown").get("status") == "True", "the lag is known")

    def follow(self) -> int | None:
        """Do what the Deployment controller does: make as many pods as are asked for."""
        live = self.cluster.deployment("cam-consumer")
        if live is None:
            return None
        replicas = int(live["spec"]["replicas"])
        if live.get("status", {}).get("readyReplicas", 0) != replicas:
            self.cluster.patch_deployment_status(
                "cam-consumer", replicas=replicas, readyReplicas=replicas
            )
        return replicas

    def come(self, records: int) -> None:
        """Let records come."""
        for number in range(self.came, self.came + records):
            self._producer.produce(self._topic, b"frame", partition=number % PARTITIONS)
        assert self._producer.flush(10) == 0
        self.came += records

    def process(self, records: int) -> None:
        """Commit as consumers do that can process CONSUMER_FPS each."""
        self.done = min(self.came, self.done + records)
        metadata = json.dumps(
            {"v": 1, "m": "pod", "mu": CONSUMER_FPS, "busy": 0.9, "blk": 0, "t": int(time.time())}
        )
        parts = [
            TopicPartition(
                self._topic,
                number,
                self.done // PARTITIONS + (number < self.done % PARTITIONS),
                metadata,
            )
            for number in range(PARTITIONS)
        ]
        asked = ConsumerGroupTopicPartitions(self._topic, parts)
        self._admin.alter_consumer_group_offsets([asked])[self._topic].result(10)

    def play(self, seconds: int, *, fps: int) -> list[int]:
        """Let time pass; gives the number of consumers at each second."""
        seen = []
        for _ in range(seconds):
            started = time.monotonic()
            replicas = self.follow() or 0
            seen.append(replicas)
            self.come(fps)
            self.process(round(replicas * CONSUMER_FPS))
            time.sleep(max(0.0, 1 - (time.monotonic() - started)))
        return seen

    def condition(self, kind: str) -> dict[str, Any]:
        return self.cluster.condition("cam", kind)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = (self.cluster.stream("cam") or {})["status"]
        return found

    def changes(self) -> list[tuple[str, str]]:
        """Return cause and text of every change of the number of consumers."""
        return [
            (event["reason"], event["message"])
            for event in self.cluster.events("cam")
            if event["message"].startswith("consumers ")
        ]


def test_a_step_scales_out_and_says_why(
    cluster: Cluster, kafka: Broker, controller: Controller
) -> None:
    pipeline = Pipeline(cluster, kafka, scaling={"maxReplicas": 6})
    assert set(pipeline.play(8, fps=3)) == {1}
    seen = pipeline.play(15, fps=20)
    assert max(seen) == 6  # 20 / 5 / 0.8 = 5, and six share twelve partitions as well as five
    until(pipeline.changes, "an Event")
    [(cause, message)] = pipeline.changes()
    assert cause == "ScaleUp"
    assert message.startswith("consumers 1 -> 6: ")
    assert "a consumer can do 5.0/s (reported)" in message
    status = pipeline.status()
    assert status["scaling"]["lastScaleReason"] == "ScaleUp"
    assert status["scaling"]["perReplicaFps"] == "5"
    assert pipeline.condition("Scaling")["reason"] == "Active"

    controller.stop()
    controller.start()
    assert set(pipeline.play(10, fps=20)) == {6}
    assert len(pipeline.changes()) == 1, "a restart changes nothing"
    metrics = controller.get("/metrics")[1]
    labels = f'{{namespace="{cluster.namespace}",stream="cam"}}'
    for line in (
        f"videostream_scaling_capacity_fps{labels} 5.0",
        f"videostream_desired_replicas{labels} 6.0",
        f"videostream_scaling_arrival_fps{labels}",
        f"videostream_lag_seconds{labels}",
    ):
        assert line in metrics


def test_it_goes_to_zero_when_nothing_comes_and_wakes_with_the_first_record(
    cluster: Cluster, kafka: Broker
) -> None:
    pipeline = Pipeline(cluster, kafka, scaling={"minReplicas": 0, "idleAfter": "5s"})
    pipeline.play(4, fps=3)
    assert pipeline.play(12, fps=0)[-1] == 0
    until(lambda: pipeline.condition("Scaling").get("reason") == "Idle", "Idle")
    assert pipeline.condition("ConsumerReady")["reason"] == "ScaledToZero"
    pipeline.come(1)
    until(pipeline.follow, "a consumer for the first record")
    until(lambda: len(pipeline.changes()) > 1, "an Event")
    assert {cause for cause, _ in pipeline.changes()} == {"Idle", "WakeUp"}


def test_fixed_tells_what_the_load_asks_for_and_leaves_the_number(
    cluster: Cluster, kafka: Broker
) -> None:
    pipeline = Pipeline(cluster, kafka, replicas=1, scaling={"mode": "Fixed", "maxReplicas": 6})
    pipeline.play(8, fps=3)
    assert set(pipeline.play(12, fps=20)) == {1}
    until(lambda: pipeline.status()["consumer"]["desiredReplicas"] == 6, "desired")
    assert pipeline.condition("Scaling")["reason"] == "Fixed"
    assert pipeline.changes() == []


def test_a_group_that_does_not_move_is_no_reason_for_more(cluster: Cluster, kafka: Broker) -> None:
    pipeline = Pipeline(cluster, kafka, scaling={"maxReplicas": 6})
    pipeline.play(6, fps=3)
    deadline = time.monotonic() + 70
    while pipeline.condition("Scaling").get("reason") != "AllPartitionsStalled":
        assert time.monotonic() < deadline
        pipeline.come(3)
        assert pipeline.follow() == 1
        time.sleep(1)
    assert pipeline.changes() == []
