"""Other autoscalers as they calculate, read from their sources; each decides once a second.

KEDA's Kafka scaler with the HPA, Numaflow's vertex scaling and the Flink operator's autoscaler. The
last rescales by stopping the job, so its windows of minutes and hours are cut to what a consumer
group bears; it is given each replica's true capacity.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from tests.sim.scenario import during

if TYPE_CHECKING:
    from tests.sim.group import Group


class Autoscaler(Protocol):
    """Anything that says how many replicas there should be now."""

    def replicas(self, group: Group) -> int:
        """Return the number of replicas from now on."""


def seen_lag(group: Group) -> int | None:
    """Return the lag that the committed offsets show; None while they cannot be read."""
    if during(group.scenario.unseen, group.now):
        return None
    return sum(group.ends) - sum(group.committed)


@dataclass(slots=True)
class KedaHpa:
    """Lag per replica, each 15 s; between zero and one KEDA itself decides, each 30 s."""

    threshold: int = 50
    tolerance: float = 0.1
    stabilisation_s: int = 300
    cooldown_s: int = 300
    _recent: deque[tuple[int, int]] = field(default_factory=deque)
    _last_active: int = 0

    def replicas(self, group: Group) -> int:
        number, now = group.replicas, group.now
        lag = seen_lag(group)
        if lag is None:
            return number
        if now % 30 == 0:
            number = self._activate(group, lag)
        if now % 15 == 0 and number > 0 and group.replicas > 0:
            number = self._hpa(group, lag)
        return number

    def _activate(self, group: Group, lag: int) -> int:
        number = group.replicas
        if lag > 0:
            self._last_active = group.now
            return max(1, number)
        idle_s = group.now - self._last_active
        return 0 if group.scenario.minimum == 0 and idle_s > self.cooldown_s else number

    def _hpa(self, group: Group, lag: int) -> int:
        number, now = group.replicas, group.now
        if lag // self.threshold > group.scenario.partitions:
            lag = group.scenario.partitions * self.threshold
        ratio = lag / (self.threshold * number)
        near = abs(1 - ratio) <= self.tolerance
        wanted = number if near else math.ceil(lag / self.threshold)
        wanted = min(max(wanted, 1), group.scenario.maximum)
        self._recent.append((now, wanted))
        while now - self._recent[0][0] > self.stabilisation_s:
            self._recent.popleft()
        if wanted > number:
            return min(wanted, max(2 * number, number + 4))
        return min(number, max(recent for _, recent in self._recent))


@dataclass(slots=True)
class Numaflow:
    """Pending over processing rate, two replicas at a time; at zero it wakes a pod to look."""

    target_s: float = 20
    lookback_s: int = 120
    cooldown_s: int = 90
    zero_sleep_s: int = 120
    step: int = 2
    _seen: deque[tuple[int, int]] = field(default_factory=deque)  # processed, pending
    _scaled_at: int = -1000

    def replicas(self, group: Group) -> int:
        number, lag = group.replicas, seen_lag(group)
        self._seen.append((group.processed, lag if lag is not None else -1))
        if len(self._seen) > self.lookback_s:
            self._seen.popleft()
        if group.now % 30:
            return number
        wanted = self._wanted(group)
        if wanted != number:
            self._scaled_at = group.now
        return wanted

    def _wanted(self, group: Group) -> int:
        number, since_s = group.replicas, group.now - self._scaled_at
        if number == 0:
            return 1 if since_s >= self.zero_sleep_s else 0
        pendings = [pending for _, pending in self._seen]
        unknown = pendings[-1] < 0
        if unknown or group.ready != number or since_s < self.cooldown_s:
            return number
        pending = sum(pendings) / len(pendings)
        rate = (self._seen[-1][0] - self._seen[0][0]) / max(1, len(self._seen) - 1)
        if rate == 0:
            desired = number if pending > 0 else 0
        else:
            desired = round(pending / rate / self.target_s * group.ready)
            desired = min(max(desired, 1), max(1, int(pending)))
        desired = min(max(desired, group.scenario.minimum), group.scenario.maximum)
        return min(max(desired, number - self.step), number + self.step)


@dataclass(slots=True)
class FlinkCut:
    """True processing rate against arrivals and catch-up; acts outside a band of utilisation."""

    window_s: int = 60
    fewest_s: int = 30  # with less, the steps of the commits look like a change of load
    stabilisation_s: int = 30
    down_delay_s: int = 300
    catch_up_s: int = 60
    _seen: deque[tuple[int, int]] = field(default_factory=deque)  # processed, lag
    _downs: deque[tuple[int, int]] = field(default_factory=deque)
    _scaled_at: int = -1000

    TARGET: Final = 0.7
    BAND: Final = 0.3

    def replicas(self, group: Group) -> int:
        number, lag = group.replicas, seen_lag(group)
        if lag is None:
            self._seen.clear()
            return number
        self._seen.append((group.processed, lag))
        if len(self._seen) > self.window_s:
            self._seen.popleft()
        early = (
            group.now - self._scaled_at < self.stabilisation_s or len(self._seen) < self.fewest_s
        )
        if group.now % 5 or number == 0 or early:
            return number
        wanted = self._wanted(group)
        if wanted != number:
            self._scaled_at = group.now
            self._seen.clear()
            self._downs.clear()
        return wanted

    def _wanted(self, group: Group) -> int:
        number, now = group.replicas, group.now
        (processed, lag_before), (processed_now, lag) = self._seen[0], self._seen[-1]
        seconds = len(self._seen) - 1
        consumed = (processed_now - processed) / seconds
        arrival = max(0.0, consumed + (lag - lag_before) / seconds)
        restart_s = group.scenario.pod_start_s + group.scenario.rebalance_s
        catch_up = (lag + arrival * restart_s) / self.catch_up_s
        able = group.scenario.capacity(now) * number
        behind = lag > self.catch_up_s * max(arrival, 1)
        most = 1.0 if behind else self.TARGET + self.BAND
        too_small = able < catch_up + arrival / most
        too_large = able > catch_up + arrival / (self.TARGET - self.BAND)
        if not too_small and not too_large:
            self._downs.clear()
            return number
        factor = max((catch_up + arrival / self.TARGET) / able, 0.4)
        wanted = _aligned(math.ceil(number * factor), group.scenario.partitions)
        wanted = min(max(wanted, 1), group.scenario.maximum)
        if wanted >= number:
            return wanted if too_small else number
        return number if behind else self._delayed(now, wanted, number)

    def _delayed(self, now: int, wanted: int, number: int) -> int:
        self._downs.append((now, wanted))
        if now - self._downs[0][0] < self.down_delay_s:
            return number
        return max(down for _, down in self._downs)


def _aligned(number: int, partitions: int) -> int:
    """Return the next size at which all replicas have the same number of partitions."""
    return next((n for n in range(max(1, number), partitions + 1) if partitions % n == 0), number)
