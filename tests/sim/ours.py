"""The controller's `decide` in the simulated world: samples each 5 s, each 2 s at zero."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.sim.scenario import during
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
    from tests.sim.group import Group

EPOCH_S = 1_700_000_000
PERIOD_S = 5
PERIOD_AT_ZERO_S = 2


@dataclass(slots=True)
class Ours:
    """Keeps what the controller would keep, and each decision with its time.

    `reported`: consumers tell their capacity. `restarts`: times at which the controller goes and
    comes back 15 s later with nothing but `status.scaling`, as JSON.
    """

    reported: bool = True
    restarts: tuple[int, ...] = ()
    state: State = field(default_factory=State)
    decisions: list[tuple[int, Decision]] = field(default_factory=list)

    def replicas(self, group: Group) -> int:
        now = group.now
        if any(now in range(at, at + 15) for at in self.restarts):
            self.state = State.from_status(json.loads(json.dumps(self.state.to_status())))
            return group.replicas
        if now % (PERIOD_S if group.replicas else PERIOD_AT_ZERO_S):
            return group.replicas
        scenario = group.scenario
        policy = Policy(
            partitions=scenario.partitions,
            min_replicas=scenario.minimum,
            max_replicas=scenario.maximum,
            suspended=during(scenario.suspended, now),
        )
        told = scenario.sink_told and during(scenario.sink_down, now)
        self.state, decision = decide(
            self.state,
            self._sample(group),
            policy=policy,
            workload=Workload(group.replicas, group.ready, sink_blocked=told),
            now_s=EPOCH_S + now,
        )
        self.decisions.append((now, decision))
        return decision.replicas

    def _sample(self, group: Group) -> Sample | None:
        if during(group.scenario.unseen, group.now):
            return None
        reports = [
            Report(f"pod-{replica}", fps, busy=1.0, blocked=0.0, at_s=EPOCH_S + at)
            for replica, (fps, at) in group.reports.items()
        ]
        return Sample(
            at_s=EPOCH_S + group.now,
            topic_id="topic",
            partitions=tuple(
                Partition(committed, first, end)
                for committed, first, end in zip(
                    group.committed, group.first, group.ends, strict=True
                )
            ),
            reports=tuple(reports) if self.reported else (),
        )
