"""The scaler: what it remembers of streams between samples, and what it calls news."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.bodies import NOW, deployment, stream
from videostream_controller.autoscaling import Partition, Report, Sample
from videostream_controller.scaler import Scaler
from videostream_controller.status_feed import StatusFeed
from videostream_controller.store import Store

if TYPE_CHECKING:
    from videostream_controller.api import VideoStream
    from videostream_controller.autoscaling import Decision

START_S = NOW.timestamp()
LAG: dict[str, Any] = {"consumer": {"scaling": {"maxReplicas": 8}}}


@dataclass
class World:
    """A stream whose consumers can do 10 records/s each, sampled each 5 s."""

    spec: dict[str, Any] = field(default_factory=lambda: LAG)
    status: dict[str, Any] = field(default_factory=dict)
    now_s: float = START_S
    came: int = 1000
    done: int = 1000

    def __post_init__(self) -> None:
        self.deployments = Store()
        self.scaler = Scaler(self.deployments, StatusFeed(print), clock=lambda: self.now_s)
        self.version = 20
        self.run(2)

    @property
    def stream(self) -> VideoStream:
        return stream(self.spec, status=self.status)

    def run(self, replicas: int) -> None:
        self.version += 1
        live = deployment("cam-consumer", replicas=replicas, version=str(self.version))
        live["status"]["readyReplicas"] = replicas
        self.deployments.put(live)

    @property
    def decision(self) -> Decision:
        ((_, decision),) = self.scaler.decisions()
        return decision

    def rest(self, samples: int) -> None:
        for _ in range(samples):
            self.tick(came=0, done=0)

    def tick(self, *, came: int, done: int) -> bool:
        self.now_s += 5
        self.came += came
        self.done += done
        parts = tuple(
            Partition(
                self.done // 12 + (p < self.done % 12), 0, self.came // 12 + (p < self.came % 12)
            )
            for p in range(12)
        )
        report = Report("pod", 10.0, 0.5, 0.0, self.now_s)
        sample = Sample(self.now_s, "topic-1", parts, (report,))
        return self.scaler.observe(self.stream, sample)


def test_before_any_sample_the_number_stays_as_it_is() -> None:
    found = World().scaler.look(stream(LAG)).decision
    assert (found.replicas, found.action, found.reason) == (2, None, "Holding")


def test_a_step_is_news_and_is_told_once() -> None:
    world = World()
    for _ in range(4):
        world.tick(came=60, done=60)
    assert not world.tick(came=60, done=60), "nothing new is no news"
    while not world.tick(came=300, done=90):
        pass
    decision = world.scaler.look(world.stream).decision
    assert decision.action == "ScaleUp"
    assert decision.replicas > 5
    change = world.scaler.take_change("uid-1")
    assert change == decision
    assert "records/s arrive" in change.explanation
    assert world.scaler.take_change("uid-1") is None
    world.run(decision.replicas)
    world.tick(came=300, done=300)
    assert world.scaler.look(world.stream).decision.replicas == decision.replicas


def test_a_change_that_nobody_has_carried_out_stays_news() -> None:
    world = World()
    for _ in range(4):
        world.tick(came=60, done=60)
    while not world.tick(came=300, done=90):
        pass
    assert world.tick(came=300, done=90)


def test_a_changed_spec_counts_at_once() -> None:
    world = World()
    world.tick(came=60, done=60)
    world.spec = {"consumer": {"scaling": {"minReplicas": 4, "maxReplicas": 8}}}
    found = world.scaler.look(world.stream).decision
    assert (found.replicas, found.action) == (4, "Bounds")
    world.spec = {"suspend": True, **world.spec}
    found = world.scaler.look(world.stream).decision
    assert (found.replicas, found.action) == (0, "Suspend")


def test_a_dry_run_shows_what_the_load_asks_for_and_changes_nothing() -> None:
    scaling = {"mode": "Fixed", "maxReplicas": 8}
    world = World({"consumer": {"replicas": 2, "scaling": scaling}})
    for _ in range(6):
        world.tick(came=300, done=90)
    assert world.scaler.look(world.stream).decision.replicas > 5
    assert world.scaler.take_change("uid-1") is None


def test_a_restart_goes_on_with_what_the_status_holds() -> None:
    world = World()
    for _ in range(4):
        world.tick(came=60, done=60)
    remembered = dict(world.scaler.look(world.stream).memory)
    assert remembered["perReplicaFps"] == "10"
    again = World(status={"scaling": remembered})
    assert again.scaler.look(again.stream).memory == remembered


@pytest.mark.parametrize("told", [True, False])
def test_a_restart_goes_on_to_say_that_pods_are_missing(*, told: bool) -> None:
    limited = {"type": "ScalingLimited", "status": "True", "reason": "PodsNotReady"}
    world = World(status={"conditions": [limited] if told else []})
    live = deployment("cam-consumer", replicas=2, version="99", readyReplicas=0)
    world.deployments.put(live)
    world.tick(came=0, done=0)
    world.tick(came=0, done=0)
    found = world.scaler.look(world.stream).decision
    assert found.limited_by == ("PodsNotReady" if told else None)


def test_an_unknown_lag_is_news_once_and_moves_nothing() -> None:
    world = World()
    for _ in range(4):
        world.tick(came=60, done=60)
    world.now_s += 5
    assert world.scaler.observe(world.stream, None)
    assert not world.scaler.observe(world.stream, None)
    found = world.scaler.look(world.stream).decision
    assert (found.replicas, found.reason, found.hold) == (2, "Holding", "MetricsUnavailable")


def test_at_zero_is_what_waits_for_a_first_record() -> None:
    world = World({"consumer": {"scaling": {"minReplicas": 0, "idleAfter": "20s"}}})
    while world.scaler.look(world.stream).decision.action != "Idle":
        assert world.now_s < START_S + 60
        world.tick(came=0, done=0)
    world.run(0)
    assert world.scaler.is_at_zero(world.stream)
    assert world.tick(came=3, done=0)
    found = world.scaler.look(world.stream).decision
    assert (found.action, found.replicas) == ("WakeUp", 1)
    assert not world.scaler.is_at_zero(world.stream)


def test_a_stream_at_rest_is_decided_about_by_each_third_sample() -> None:
    world = World()
    world.run(1)
    world.rest(7)
    decisions = []
    for _ in range(9):
        world.rest(1)
        decisions.append(world.decision)
    assert len({id(one) for one in decisions}) == 3


def test_the_first_records_after_a_rest_are_judged_as_if_each_sample_had_been() -> None:
    lazy, busy = World(), World()
    lazy.run(1)
    busy.run(1)
    for number in range(14):
        lazy.rest(1)
        busy.scaler.look(busy.stream)  # so that it is decided about by each sample
        busy.rest(1)
        if number % 7 > 4:
            for world in (lazy, busy):
                world.tick(came=60, done=0)
                world.tick(came=0, done=60)
            assert lazy.decision.figures.arrival_fps
            assert lazy.decision == busy.decision


def test_a_stream_goes_to_zero_as_soon_as_it_has_been_idle_for_long_enough() -> None:
    world = World({"consumer": {"scaling": {"minReplicas": 0, "idleAfter": "1m"}}})
    world.run(1)
    world.tick(came=60, done=60)
    since_s = world.now_s
    while world.decision.action != "Idle":
        world.rest(1)
        assert world.now_s < since_s + 100
    assert world.now_s - since_s <= 65


def test_the_next_sample_counts_where_somebody_has_heard_of_something() -> None:
    world = World()
    world.run(1)
    world.rest(7)
    before = world.decision
    world.run(3)
    world.scaler.look(world.stream)
    world.rest(1)
    assert (before.replicas, world.decision.replicas) == (1, 3)


def test_a_change_stays_news_until_it_is_carried_out_also_at_rest() -> None:
    world = World({"consumer": {"scaling": {"minReplicas": 0, "idleAfter": "20s"}}})
    while world.scaler.look(world.stream).decision.action != "Idle":
        world.rest(1)
    world.run(0)
    assert all(world.tick(came=0, done=0) for _ in range(6))
    assert world.scaler.take_change("uid-1") is not None
    assert not any(world.tick(came=0, done=0) for _ in range(6))


def test_silence_of_kafka_is_told_of_a_stream_at_rest() -> None:
    world = World()
    world.run(1)
    world.rest(7)
    world.now_s += 5
    assert world.scaler.observe(world.stream, None)


def test_a_forgotten_stream_is_a_new_one() -> None:
    world = World()
    world.tick(came=60, done=60)
    world.scaler.forget("uid-1")
    assert list(world.scaler.decisions()) == []
    assert world.scaler.lag_seconds("uid-1") is None
