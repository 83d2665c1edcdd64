"""A consumer group on a Deployment: the world that the autoscalers see and act on.

Steps of one second. Partitions are spread evenly over ready replicas, a replica's capacity is
shared fairly over its partitions, and the whole group stands still for a while at each change of
membership, which is more than KIP-848 costs.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.sim.scenario import during

if TYPE_CHECKING:
    from tests.sim.scenario import Scenario


class Group:
    """Offsets and pods of one run; `arrived[p]` has the arrival time of each record of p."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.now = 0
        self.random = random.Random(f"{scenario.name} {seed}")
        count = scenario.partitions
        self.arrived: list[list[int]] = [[] for _ in range(count)]
        self.done = [0] * count
        self.first = [0] * count
        self.committed = [0] * count
        self.reports: dict[int, tuple[float, int]] = {}  # replica -> records/s, time
        self.replicas = scenario.start
        self.standstill_s = 0
        self.processed = 0
        self._ready_at = [0] * scenario.start
        self._ready = self.ready
        self._resumes_at = 0
        self._owed = 0.0
        self._sequence = 0
        self._budgets: dict[int, float] = {}
        self._turns: dict[int, int] = {}  # where each replica goes on among its partitions
        self._worked: set[int] = set()
        self._append(scenario.backlog)

    @property
    def ready(self) -> int:
        """Pods that run."""
        there = sum(1 for at in self._ready_at if at <= self.now)
        return min(there, self.scenario.schedulable)

    @property
    def ends(self) -> list[int]:
        """The end offset of each partition."""
        return [len(times) for times in self.arrived]

    def scale(self, replicas: int) -> None:
        """Do what the Deployment does when its number changes; the newest pods go first."""
        while len(self._ready_at) > replicas:
            self._ready_at.remove(max(self._ready_at))
        while len(self._ready_at) < replicas:
            self._ready_at.append(self.now + self.scenario.pod_start_s)
        self.replicas = replicas

    def step(self) -> None:
        """Let one second pass."""
        self._arrive()
        if self.ready != self._ready:
            self._ready = self.ready
            self._resumes_at = self.now + self.scenario.rebalance_s
        if self._ready and self.now < self._resumes_at:
            self.standstill_s += 1
        elif self._ready and not during(self.scenario.sink_down, self.now):
            self._consume()
        self._delete_old()
        if self.now % self.scenario.commit_s == 0:
            self._commit()
        self.now += 1

    def oldest_s(self, besides: frozenset[int] = frozenset()) -> float:
        """Return the age of the oldest record that waits, poisoned partitions excepted."""
        ignored = self.scenario.poisoned | besides
        heads = [
            times[done]
            for p, (times, done) in enumerate(zip(self.arrived, self.done, strict=True))
            if done < len(times) and p not in ignored
        ]
        return self.now - min(heads) if heads else 0.0

    def _arrive(self) -> None:
        rate = self.scenario.load(self.now)
        noise = 1 + self.scenario.noise * self.random.uniform(-1, 1)
        self._owed += rate * noise
        count = int(self._owed)
        self._owed -= count
        self._append(count)

    def _append(self, count: int) -> None:
        parts, now = self.arrived, self.now
        if not self.scenario.hot:
            for number in range(self._sequence, self._sequence + count):
                parts[number % len(parts)].append(now)
            self._sequence += count
            return
        for _ in range(count):
            is_hot = self.random.random() < self.scenario.hot
            parts[0 if is_hot else self.random.randrange(1, len(parts))].append(now)

    def _consume(self) -> None:
        capacity = self.scenario.capacity(self.now)
        for replica in range(self._ready):
            budget = self._budgets.get(replica, 0.0) + capacity
            waiting = [
                p
                for p in range(replica, len(self.arrived), self._ready)
                if self.done[p] < len(self.arrived[p]) and p not in self.scenario.poisoned
            ]
            turn = self._turns.get(replica, 0) % max(1, len(waiting))
            left = self._work_off(waiting[turn:] + waiting[:turn], int(budget))
            self._turns[replica] = self._turns.get(replica, 0) + int(budget) - left
            worked = int(budget) - left
            if worked:
                self._worked.add(replica)
            self.processed += worked
            self._budgets[replica] = min(budget - worked, 1.0)

    def _work_off(self, waiting: list[int], budget: int) -> int:
        while budget and waiting:
            share = max(1, budget // len(waiting))
            for p in waiting:
                taken = min(share, budget, len(self.arrived[p]) - self.done[p])
                self.done[p] += taken
                budget -= taken
            waiting = [p for p in waiting if self.done[p] < len(self.arrived[p])]
        return budget

    def _delete_old(self) -> None:
        oldest = self.now - self.scenario.retention_s
        if oldest <= 0:
            return
        for p, times in enumerate(self.arrived):
            while self.first[p] < len(times) and times[self.first[p]] < oldest:
                self.first[p] += 1
            if not during(self.scenario.sink_down, self.now):
                self.done[p] = max(self.done[p], self.first[p])

    def _commit(self) -> None:
        self.committed = list(self.done)
        if self.now <= self.scenario.reports_until_s:
            capacity = self.scenario.capacity(self.now)
            for replica in sorted(self._worked):
                self.reports[replica] = (capacity * self.random.uniform(0.95, 1.05), self.now)
        self._worked.clear()
