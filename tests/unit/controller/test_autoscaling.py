"""Scaling by lag: single decisions, each for one reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from videostream_controller.autoscaling import (
    Decision,
    Partition,
    Policy,
    Report,
    Sample,
    State,
    Workload,
    decide,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY = Policy(partitions=12, max_replicas=6)
KNOWN = {"perReplicaFps": "10", "capacitySource": "Reported"}


@dataclass
class Stream:
    """A stream to decide about, sample by sample; offsets are the same in all partitions."""

    policy: Policy = POLICY
    replicas: int = 2
    status: Mapping[str, object] = field(default_factory=lambda: KNOWN)
    now_s: float = 1_700_000_000
    end: int = 1000
    done: int | None = 1000
    start: int = 0
    topic: str = "one"
    ready: int | None = None
    reports: tuple[Report, ...] = ()
    source_ended: bool = False
    sink_blocked: bool = False
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.state = State.from_status(self.status)

    def tick(
        self, *, came: int = 0, went: int = 0, seconds: float = 5, seen: bool = True
    ) -> Decision:
        """Let time pass and records come and go, in each partition; decide and obey."""
        self.now_s += seconds
        self.end += came
        if self.done is not None:
            self.done += went
        part = Partition(self.done, self.start, self.end)
        sample = Sample(self.now_s, self.topic, (part,) * self.policy.partitions, self.reports)
        ready = self.replicas if self.ready is None else min(self.ready, self.replicas)
        self.state, decision = decide(
            self.state,
            sample if seen else None,
            policy=self.policy,
            workload=Workload(self.replicas, ready, self.source_ended, self.sink_blocked),
            now_s=self.now_s,
        )
        self.replicas = decision.replicas
        return decision

    def ticks(self, count: int, *, came: int = 0, went: int = 0) -> Decision:
        """Do the same several times and return the last decision."""
        return [self.tick(came=came, went=went) for _ in range(count)][-1]


def test_the_first_sample_only_begins_a_history() -> None:
    decision = Stream().tick(came=500)
    assert (decision.hold, decision.reason, decision.replicas) == ("NoHistory", "Active", 2)


def test_the_words_of_a_scale_out() -> None:
    stream = Stream()
    stream.ticks(3, came=5, went=5)
    decision = stream.tick(came=25, went=5)
    assert (decision.action, decision.previous, decision.replicas) == ("ScaleUp", 2, 6)
    assert decision.message == "the load needs more"
    assert decision.explanation == (
        "the load needs more: 28.0 records/s arrive; a consumer can do 10.0/s (reported); "
        "240 wait, the oldest 4 s old"
    )


def test_a_need_within_reach_is_confirmed_by_a_second_sample() -> None:
    stream = Stream()
    stream.ticks(20, came=7, went=7)  # 84 % of what two can do
    assert stream.replicas == 2
    assert stream.tick(came=8, went=8).hold == "ConfirmingUp"
    assert stream.tick(came=8, went=8).action == "ScaleUp"


def test_one_missing_sample_is_bridged_and_an_outage_is_not() -> None:
    stream = Stream()
    stream.ticks(4, came=5, went=5)
    assert stream.tick(came=5, went=5, seen=False).hold == "MetricsUnavailable"
    assert stream.tick(came=5, went=5).figures.arrival_fps == pytest.approx(12)
    stream.now_s += 30
    decision = stream.tick(came=700, went=700)
    assert decision.hold == "NoHistory"
    assert stream.tick(came=5, went=5).figures.arrival_fps == pytest.approx(12)


def test_time_that_nobody_watched_stalls_nothing() -> None:
    stream = Stream()
    stream.ticks(4, came=5, went=4)
    stream.now_s += 120  # an outage, in which nobody could commit either
    assert stream.tick(came=5).stalled == ()
    assert stream.ticks(8).stalled == ()
    assert stream.ticks(2).reason == "AllPartitionsStalled"


def test_nothing_is_scaled_in_before_the_lag_is_gone() -> None:
    stream = Stream(replicas=6, done=0)
    holds = [stream.tick(came=1, went=12).hold for _ in range(80)]
    assert set(holds[1:]) == {"CatchingUp"}
    stream.done = stream.end
    assert stream.tick().action == "ScaleDown"


def test_a_partition_without_a_commit_has_no_phantom_lag() -> None:
    stream = Stream(done=None)
    assert stream.tick().figures.lag_records == 0
    assert stream.tick(came=2).figures.lag_records == 24  # what came since it was first seen


def test_what_retention_deleted_is_no_lag() -> None:
    stream = Stream(done=100, start=990)
    assert stream.tick().figures.lag_records == 120


def test_a_commit_ahead_of_the_end_is_no_negative_lag() -> None:
    stream = Stream(done=1007)
    assert stream.tick().figures.lag_records == 0


@pytest.mark.parametrize("change", ["id", "offsets", "partitions"])
def test_a_topic_made_anew_is_watched_anew_and_capacity_is_kept(change: str) -> None:
    stream = Stream()
    stream.ticks(5, came=5, went=5)
    if change == "id":
        stream.topic = "two"
    elif change == "offsets":
        stream.end = stream.done = 3
    else:
        stream.policy = replace(stream.policy, partitions=24)
    decision = stream.tick()
    assert (decision.hold, decision.replicas) == ("NoHistory", 2)
    assert decision.figures.capacity_fps == 10


def test_our_last_word_counts_until_the_deployment_shows_it() -> None:
    stream = Stream()
    stream.ticks(3, came=5, went=5)
    assert stream.tick(came=25, went=5).replicas == 6
    stream.replicas = 2  # the watch has not caught up
    assert stream.tick(came=25, went=5).previous == 6
    stream.replicas = 3  # a person has scaled the Deployment
    assert stream.tick(came=25, went=5, seconds=30).previous == 3


def test_a_dry_run_says_what_it_would_do_and_takes_no_note() -> None:
    stream = Stream(replace(POLICY, dry_run=True))
    stream.ticks(3, came=5, went=5)
    for _ in range(4):
        assert stream.tick(came=25, went=5).replicas == 6
        stream.replicas = 2
    status = stream.state.to_status()
    assert status["replicas"] == 2
    assert "lastScaleTime" not in status


def test_without_a_deployment_the_last_number_stays() -> None:
    status = {**KNOWN, "replicas": 4}
    _, decision = decide(
        State.from_status(status), None, policy=POLICY, workload=None, now_s=1_700_000_000
    )
    assert (decision.replicas, decision.hold) == (4, "MetricsUnavailable")


@pytest.mark.parametrize(
    ("policy", "replicas", "wanted", "action"),
    [
        (POLICY, 9, 6, "Bounds"),
        (replace(POLICY, min_replicas=3), 1, 3, "Bounds"),
        (replace(POLICY, partitions=2), 6, 2, "Bounds"),
        (POLICY, 0, 1, "Resume"),
        (replace(POLICY, min_replicas=0), 0, 0, None),
        (replace(POLICY, suspended=True), 4, 0, "Suspend"),
    ],
)
def test_what_the_spec_demands_needs_no_metrics(
    policy: Policy, replicas: int, wanted: int, action: str | None
) -> None:
    decision = Stream(policy, replicas).tick(seen=False)
    assert (decision.replicas, decision.action) == (wanted, action)


@pytest.mark.parametrize("source_ended", [True, False])
def test_a_source_that_has_ended_is_idle_at_once(*, source_ended: bool) -> None:
    stream = Stream(replace(POLICY, min_replicas=0), source_ended=source_ended)
    stream.ticks(2, came=5, went=5)
    assert stream.tick().action == ("Idle" if source_ended else None)


def test_a_source_that_has_ended_is_still_worked_off() -> None:
    stream = Stream(replace(POLICY, min_replicas=0), source_ended=True)
    stream.ticks(2, came=5, went=3)
    assert stream.ticks(2).replicas == 2


def test_a_stalled_partition_wakes_nobody() -> None:
    policy = replace(POLICY, partitions=1, min_replicas=0)
    status = {**KNOWN, "stalledPartitions": [0]}
    stream = Stream(policy, 0, status=status, done=900)
    assert stream.ticks(3).replicas == 0
    assert stream.tick(went=1).action == "WakeUp"  # somebody else has got it going


def test_consumers_that_wait_for_the_sink_are_not_multiplied() -> None:
    stream = Stream()
    stream.ticks(4, came=5, went=5)
    stream.reports = tuple(
        Report(name, 10, 0.2, blocked, stream.now_s)
        for name, blocked in (("a", 0.9), ("b", 0.7), ("c", 0.1))
    )
    decision = stream.tick(came=90, went=5)
    assert (decision.hold, decision.replicas) == ("SinkBlocked", 2)
    assert "70%" in decision.message


def test_a_time_to_start_is_remembered_high() -> None:
    stream = Stream()
    stream.ticks(3, came=5, went=5)
    stream.tick(came=25, went=5)
    stream.ready = 2
    stream.ticks(4, came=25, went=5)
    stream.ready = None
    stream.tick(came=25, went=25)
    assert stream.state.to_status()["podStartSeconds"] == 25


def test_at_its_bounds_it_says_by_what_it_is_limited() -> None:
    stream = Stream()
    stream.ticks(6, came=60, went=5)
    assert stream.tick(came=60, went=5).limited_by == "AtMax"
    stream = Stream(replace(POLICY, max_replicas=12))
    stream.ticks(6, came=60, went=5)
    assert stream.tick(came=60, went=5).limited_by == "PartitionCap"


def test_pods_of_a_new_stream_have_a_minute_to_come() -> None:
    stream = Stream(ready=0)
    assert {stream.tick(came=1).limited_by for _ in range(12)} == {None}
    assert stream.tick(came=1).limited_by == "PodsNotReady"
    stream.ready = None
    assert stream.tick(came=1, went=13).limited_by is None
