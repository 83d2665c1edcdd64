"""The situations in which autoscalers are compared: a load over time, and what goes wrong.

Unless a scenario says otherwise: 24 partitions, at most 12 replicas of 10 records/s each, pods
ready after 8 s, 3 s of standstill at each change of membership, commits seen each 5 s, and a load
that is noisy by 15 %.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

Span = tuple[float, float]
NEVER: Final[Span] = (float("inf"), float("inf"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`load(t)` is in records/s, `at_s` the time of the disturbance that is to be drained.

    `unseen`: no offsets can be read. `sink_down`: nothing is processed; `sink_told`: consumers say
    so. `schedulable` is how many pods the cluster has room for. `reports_until_s`: consumers report
    their capacity no longer. `hot` is the share of the load that goes to partition 0.
    """

    name: str
    load: Callable[[float], float]
    seconds: int = 1800
    start: int = 5
    at_s: int = 0
    minimum: int = 1
    maximum: int = 12
    partitions: int = 24
    capacity: Callable[[float], float] = lambda _: 10.0
    pod_start_s: int = 8
    rebalance_s: int = 3
    commit_s: int = 5
    noise: float = 0.15
    backlog: int = 0
    hot: float = 0.0
    poisoned: frozenset[int] = frozenset()
    unseen: Span = NEVER
    sink_down: Span = NEVER
    sink_told: bool = False
    suspended: Span = NEVER
    schedulable: int = 1000
    retention_s: float = float("inf")
    reports_until_s: float = float("inf")


def during(span: Span, t: float) -> bool:
    """Tell whether t lies in the span, its end not included."""
    return span[0] <= t < span[1]


def steady(rate: float) -> Callable[[float], float]:
    """Return a load that never changes but for its noise."""
    return lambda _: rate


def between(span: Span, *, inside: float, outside: float) -> Callable[[float], float]:
    """Return a load that is another one for a while."""
    return lambda t: inside if during(span, t) else outside


def ramp(t: float) -> float:
    """Rise from 8 to 80 in 600 s, stay for 200 s, fall in 400 s."""
    up, down = (t - 200) / 600, (t - 1000) / 400
    return 8 + 72 * (min(max(up, 0), 1) - min(max(down, 0), 1))


def walk(seed: int) -> Callable[[float], float]:
    """Return a random walk of sigma 4 per 10 s between 3 and 90 records/s."""
    source = random.Random(f"walk {seed}")
    rates = [33.0]
    for _ in range(3600 // 10):
        rate = rates[-1] + source.gauss(0, 4)
        rates.append(min(max(rate, 6 - rate), 180 - rate) if not 3 <= rate <= 90 else rate)
        rates[-1] = min(max(rates[-1], 3), 90)
    return lambda t: rates[min(int(t // 10), len(rates) - 1)]


def slowing(t: float) -> float:
    """Return the capacity of a replica that falls from 10 to 4 records/s in 20 minutes."""
    return 10 - 6 * min(max((t - 300) / 1200, 0), 1)


STEADY: Final = Scenario(name="steady", load=steady(33))
STEP: Final = Scenario(
    name="step", load=between((300, 1200), inside=60, outside=8), start=2, at_s=300
)
RAMP: Final = Scenario(name="ramp", load=ramp, start=2, at_s=200)
BURST: Final = Scenario(
    name="burst", load=between((300, 310), inside=320, outside=20), start=3, at_s=300
)
SAWTOOTH: Final = Scenario(name="sawtooth", load=lambda t: 10 + t % 120 / 2, start=2)
SQUARE: Final = Scenario(name="square", load=lambda t: 60 if t % 400 >= 200 else 10, start=2)
POISON: Final = Scenario(name="poison", load=steady(24), start=3, poisoned=frozenset({0}))
OUTAGE: Final = Scenario(name="outage", load=steady(24), start=3, unseen=(600, 720))
STOP: Final = Scenario(
    name="stop and wake",
    load=between((600, 1500), inside=0, outside=33),
    seconds=2100,
    minimum=0,
    at_s=1500,
)
SLOWING: Final = Scenario(name="slowing", load=steady(30), capacity=slowing, start=4)
BACKLOG: Final = Scenario(
    name="backlog from 0", load=steady(20), start=0, minimum=0, backlog=5000, seconds=1200
)
HOT: Final = Scenario(name="hot partition", load=steady(30), start=4, hot=0.5)

STEP_QUICK: Final = replace(
    STEP, name="step, commits and rebalances in 1 s", commit_s=1, rebalance_s=1
)
STEP_COLD: Final = replace(STEP, name="step, pods start in 30 s", pod_start_s=30)


def random_walk(seed: int) -> Scenario:
    """Return an hour of a load that goes anywhere."""
    return Scenario(name="random walk", load=walk(seed), seconds=3600)


COMPARED: Final = (
    STEADY, STEP, RAMP, BURST, SAWTOOTH, SQUARE, POISON, OUTAGE, STOP, SLOWING, BACKLOG, HOT,
)  # fmt: skip
