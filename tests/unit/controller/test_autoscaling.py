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
    parse_report,
)
from videostream_controller.autoscaling.report import fresh, median_fps
from videostream_controller.autoscaling.sizing import Aims, Group, Load, fit, sizes, throughput
from videostream_controller.autoscaling.window import Window, length_s

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


@pytest.mark.parametrize(
    ("need", "partitions", "replicas"),
    [
        (0, 12, 0),
        (1, 12, 1),
        (10, 12, 1),
        (10.1, 12, 2),
        (59, 12, 6),
        (61, 12, 12),  # 7 to 11 replicas are no faster than 6
        (500, 12, 12),
        (90, 24, 12),
        (33, 7, 4),
    ],
)
def test_sizes_between_two_spreads_are_never_chosen(
    need: float, partitions: int, replicas: int
) -> None:
    assert fit(need, partitions, 10) == replicas


def test_replicas_between_two_spreads_are_no_faster() -> None:
    assert {throughput(n, 12, 10) for n in range(6, 12)} == {60}
    assert throughput(12, 12, 10) == 120


def test_a_hot_partition_gets_a_replica_nearly_for_itself() -> None:
    slow = (1.0,) * 23
    found = sizes(Load(23, 0, 0, slow, hot=1), Group(4, 24, 10), Aims(5, 60, 8))
    assert found.up == 12  # one other partition beside it takes a tenth of its replica


def test_lag_that_drains_in_time_adds_nothing() -> None:
    aims, rates = Aims(5, 60, 8), (1.0,) * 12
    drains = sizes(Load(12, 0, 400, rates, 0), Group(2, 12, 10), aims)
    late = sizes(Load(12, 0, 900, rates, 0), Group(2, 12, 10), aims)
    assert (drains.up, late.up) == (2, 4)


def test_a_window_gives_its_peak_once_it_is_filled() -> None:
    window = Window()
    for second, size in ((0, 2), (10, 5), (20, 3), (30, 4), (40, 1)):
        window = window.add(second, size, 40)
        assert window.peak(second, 40) == (5 if second == 40 else None)
    assert window.add(51, 1, 40).peak(51, 40) == 4
    assert window.add(75, 1, 40).peak(75, 40) is None  # begun anew: nobody watched


@pytest.mark.parametrize(
    ("reversals", "window_s"), [(0, 180), (1, 180), (2, 360), (3, 720), (5, 1800), (20, 1800)]
)
def test_the_window_doubles_with_late_reversals(reversals: int, window_s: float) -> None:
    assert length_s(180, [1000] * reversals, 2000) == window_s
    assert length_s(180, [1000] * reversals, 5000) == 180


def test_pods_of_a_new_stream_have_a_minute_to_come() -> None:
    stream = Stream(ready=0)
    assert {stream.tick(came=1).limited_by for _ in range(12)} == {None}
    assert stream.tick(came=1).limited_by == "PodsNotReady"
    stream.ready = None
    assert stream.tick(came=1, went=13).limited_by is None


def test_a_backlog_in_few_partitions_is_that_of_one_replica() -> None:
    aims, rates = Aims(5, 60, 8), (1.0,) * 12
    spread = sizes(Load(12, 0, 240, rates, 0, (20,) * 12), Group(4, 12, 5), aims)
    assert spread.up <= 4, "each of four gets through its share in time"
    heaped = sizes(Load(12, 0, 240, rates, 0, (80, 80, 80) + (0,) * 9), Group(4, 12, 5), aims)
    assert heaped.up > 4, "three partitions of one replica hold it all"
