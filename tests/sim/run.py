"""One run of an autoscaler through a scenario, and the numbers by which runs are compared."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tests.sim.group import Group

if TYPE_CHECKING:
    from tests.sim.rivals import Autoscaler
    from tests.sim.scenario import Scenario

LATE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Second by second: age of the oldest waiting record, and replicas asked for."""

    scenario: Scenario
    lag_s: tuple[float, ...]
    replicas: tuple[int, ...]
    standstill_s: int

    @property
    def max_lag_s(self) -> float:
        return max(self.lag_s)

    @property
    def p95_lag_s(self) -> float:
        return sorted(self.lag_s)[int(0.95 * len(self.lag_s))]

    @property
    def drain_s(self) -> int:
        """From the disturbance until no record is older than 10 s any more."""
        late = [t for t, lag_s in enumerate(self.lag_s) if lag_s >= LATE_S]
        return late[-1] + 1 - self.scenario.at_s if late else 0

    @property
    def replica_seconds(self) -> int:
        return sum(self.replicas)

    @property
    def changes(self) -> tuple[tuple[int, int, int], ...]:
        """Each change as (time, from, to)."""
        return tuple(
            (t + 1, old, new) for t, (old, new) in enumerate(pairwise(self.replicas)) if old != new
        )

    @property
    def reversals(self) -> int:
        """Changes in the direction opposite to the one before."""
        ups = [new > old for _, old, new in self.changes]
        return sum(1 for a, b in pairwise(ups) if a != b)


def run(scenario: Scenario, autoscaler: Autoscaler, *, seed: int) -> Outcome:
    """Let the autoscaler steer the group through the scenario."""
    group = Group(scenario, seed)
    lags, replicas = [], [scenario.start]
    for _ in range(scenario.seconds):
        wanted = autoscaler.replicas(group)
        if wanted != group.replicas:
            group.scale(wanted)
        group.step()
        lags.append(group.oldest_s())
        replicas.append(group.replicas)
    return Outcome(scenario, tuple(lags), tuple(replicas), group.standstill_s)
