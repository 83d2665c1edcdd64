"""How many replicas a load needs. Pure arithmetic, no memory.

A group is sized by arrival rate over capacity per replica; lag adds only what it takes to catch up
in time. Lag alone cannot size a group: at the right size it is close to nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

UP_UTILISATION: Final = 0.85
DOWN_UTILISATION: Final = 0.60
REBALANCE_S: Final = 3.0
SHADOW_S: Final = (
    0.5  # consumers commit each second: on average half a second is not yet to be seen
)
_HOT_UTILISATION: Final = 0.95
_COTENANT_SHARE: Final = 0.1
_EPSILON: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be carried. Rates in records/s, of the partitions that are not stalled.

    `slow` has one rate per partition over a minute; `arrival` and `lag` are sums over those of
    them that are not hot. `lags` are of those that are not hot and in which somebody moves.
    """

    arrival: float
    surge: float
    lag: int
    slow: tuple[float, ...]
    hot: int
    lags: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The consumers as they are; `capacity` is of one, partitions are those not stalled."""

    replicas: int
    partitions: int
    capacity: float


@dataclass(frozen=True, slots=True)
class Aims:
    """In what time what is to be reached, and how long a new replica takes to help."""

    target_lag_s: float
    drain_time_s: float
    pod_start_s: float


@dataclass(frozen=True, slots=True)
class Sizes:
    """Replicas to scale out to and in to, before bounds; `excess` are records of too much lag.

    `able` is what the present replicas get through in records/s. `short`: not even one replica
    for each partition would be enough.
    """

    up: int
    down: int
    excess: float
    able: float
    short: bool


def fit(need: float, partitions: int, capacity: float) -> int:
    """Return the fewest replicas whose fullest one still copes with `need` records/s.

    Between two sizes with the same fullest replica the larger one is wasted, so it is never given.
    """
    if need <= 0 or partitions <= 0:
        return 0
    held = math.floor(partitions * capacity / need + _EPSILON)
    return partitions if held < 1 else math.ceil(partitions / held)


def throughput(replicas: int, partitions: int, capacity: float) -> float:
    """Return the records/s that evenly filled partitions get through: as fast as the fullest."""
    if replicas <= 0 or partitions <= 0:
        return 0.0
    return partitions * capacity / math.ceil(partitions / replicas)


def is_hot(rate: float, capacity: float) -> bool:
    """Tell whether one partition alone fills a replica, so that replicas cannot help it."""
    return rate > _HOT_UTILISATION * capacity


def wake(arrival: float, lag: int, partitions: int, *, capacity: float, aims: Aims) -> int:
    """Return the size to start at: what comes in, and what will have come in until pods run."""
    waiting = lag + arrival * (aims.pod_start_s + REBALANCE_S)
    return fit(arrival / UP_UTILISATION + waiting / aims.drain_time_s, partitions, capacity)


def sizes(load: Load, group: Group, aims: Aims) -> Sizes:
    """Return the sizes for a load; the group's partitions include the hot ones."""
    rest, capacity = group.partitions - load.hot, group.capacity
    excess = max(0.0, load.lag - load.arrival * (aims.target_lag_s + SHADOW_S))
    heaped = max(excess, _heaped(load, group, aims))
    able = throughput(group.replicas - load.hot, rest, capacity)
    catch_up = 0.0
    if not _drains(heaped, able - load.arrival, aims.drain_time_s):
        lost = load.arrival * (aims.pod_start_s + REBALANCE_S)
        catch_up = (heaped + lost) / aims.drain_time_s
    alone = _isolation(load, group.partitions, capacity)
    need = max(load.arrival, load.surge) / UP_UTILISATION + catch_up
    up = load.hot + fit(need, rest, capacity)
    steady = max(load.arrival, sum(load.slow))
    down = load.hot + fit(steady / DOWN_UTILISATION, rest, capacity)
    short = need > rest * capacity
    return Sizes(max(alone, up), max(alone, down), excess, able, short)


def _heaped(load: Load, group: Group, aims: Aims) -> float:
    """Return the excess if all replicas had as much as the one that has most.

    The others cannot help it: after a consumer has died, its partitions hold all of the backlog.
    """
    rest = group.partitions - load.hot
    if rest <= 0:
        return 0.0
    held = math.ceil(rest / max(1, group.replicas - load.hot))
    allowed = load.arrival / rest * (aims.target_lag_s + SHADOW_S)
    beyond = sorted(max(0.0, lag - allowed) for lag in load.lags)
    return sum(beyond[-held:]) * rest / held


def _drains(excess: float, spare: float, within_s: float) -> bool:
    """Tell whether there is nothing to catch up, or it is being caught up in time."""
    return spare > 0 and excess <= spare * within_s


def _isolation(load: Load, partitions: int, capacity: float) -> int:
    """Return the size at which a hot partition's neighbours take at most a tenth of its replica."""
    if load.hot == 0:
        return 0
    mean = sum(load.slow) / max(1, len(load.slow))
    neighbours = math.floor(_COTENANT_SHARE * capacity / mean) if mean > 0 else partitions
    return math.ceil(partitions / (1 + neighbours))
