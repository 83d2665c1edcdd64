"""All that the rules look at: one stream at one moment, and the questions that it answers. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from videostream_controller.autoscaling import history, sizing, window
from videostream_controller.autoscaling.decision import Figures

if TYPE_CHECKING:
    from videostream_controller.autoscaling.capacity import Source
    from videostream_controller.autoscaling.decision import Limit
    from videostream_controller.autoscaling.history import History
    from videostream_controller.autoscaling.memory import Memory
    from videostream_controller.autoscaling.policy import Policy
    from videostream_controller.autoscaling.sample import Workload
    from videostream_controller.autoscaling.sizing import Sizes
    from videostream_controller.autoscaling.window import Window

SETTLE_S: Final = 60.0
_STILL_S: Final = 8.0
_HOT_WATCHED_S: Final = 45.0


@dataclass(frozen=True, kw_only=True)  # no slots: what is worked out is kept
class View:
    """Rates in records/s, over the partitions that are not stalled (`active`).

    `memory` and `past` include the present sample, `window_before` does not. `blocked` is the share
    of time that replicas wait for the sink. `quiet_s` and `late_s` tell for how long the group has
    kept up, or has not; one of them is 0. `lacking_s`: for how long pods have been missing.
    """

    policy: Policy
    memory: Memory
    past: History
    workload: Workload
    now_s: float
    replicas: int
    active: tuple[int, ...]
    stalled: tuple[int, ...]
    lag: int
    lag_s: float | None
    arrival: float | None
    fps: float | None
    source: Source
    blocked: float
    quiet_s: float
    late_s: float
    lacking_s: float
    up_ticks: int
    window_before: Window

    @cached_property
    def hot(self) -> tuple[int, ...]:
        """Partitions that alone fill a replica."""
        fps = self.fps
        if fps is None or history.watched_s(self.past) < _HOT_WATCHED_S:
            return ()
        return tuple(p for p in self.active if sizing.is_hot(self._slow[p], fps))

    @cached_property
    def sizes(self) -> Sizes | None:
        """The sizes that fit the load; None while there is no rate or no capacity to size by."""
        if self.fps is None or self.arrival is None:
            return None
        rest = [p for p in self.active if p not in self.hot]
        load = sizing.Load(
            arrival=history.arrival(self.past, rest, history.FAST_S) or 0.0,
            surge=history.surge(self.past, rest),
            lag=sum(self.past.last.lags[p] for p in rest),
            slow=tuple(self._slow[p] for p in rest),
            hot=len(self.hot),
            lags=tuple(self.past.last.lags[p] for p in rest if self.past.still_s[p] < _STILL_S),
        )
        group = sizing.Group(self.replicas, len(self.active), self.fps)
        sizes = sizing.sizes(load, group, self.aims)
        if not self.lacks_pods:
            return sizes
        # Lag that grows because pods do not come is no reason to ask for more that do not come.
        without_lag = sizing.sizes(replace(load, lag=0, lags=()), group, self.aims)
        return replace(sizes, up=without_lag.up, short=without_lag.short)

    @cached_property
    def window(self) -> Window:
        """What was enough in the last minutes."""
        if self.sizes is None:
            return self.window_before
        size = self.policy.clamp(self.sizes.down)
        return self.window_before.add(self.now_s, size, self.window_s)

    @property
    def window_s(self) -> float:
        """How long fewer replicas must have been enough before there are fewer."""
        base_s = self.policy.scale_down_window_s
        return window.length_s(base_s, self.memory.reversals_s, self.now_s)

    @property
    def aims(self) -> sizing.Aims:
        """The user's aims and what is known of the start of pods."""
        policy = self.policy
        return sizing.Aims(policy.target_lag_s, policy.drain_time_s, self.memory.pod_start_s)

    @property
    def since_scale_s(self) -> float:
        """The time since the last change."""
        last_s = self.memory.last_scale_s
        return float("inf") if last_s is None else self.now_s - last_s

    @property
    def is_settling(self) -> bool:
        """Whether pods that have been missing for a short while are still to come."""
        return self.workload.ready < self.replicas and self.lacking_s < SETTLE_S

    @property
    def lacks_pods(self) -> bool:
        """Whether pods are missing that should have come long ago."""
        return self.workload.ready < self.replicas and not self.is_settling

    @property
    def is_motionless(self) -> bool:
        """Whether records wait and nobody has processed any for longer than a commit takes."""
        lags = self.past.last.lags
        waiting = [self.past.still_s[p] for p in self.active if lags[p]]
        pace = 0.0 if self.fps is None else self.fps * self.replicas
        patience_s = max(_STILL_S, 3 / pace) if pace > 0 else _STILL_S
        return bool(waiting) and min(waiting) >= patience_s

    @property
    def limited_by(self) -> Limit | None:
        """What keeps the stream from the size that it needs."""
        if self.lacks_pods:
            return "PodsNotReady"
        if self.sizes is None:
            return None
        policy = self.policy
        if policy.max_replicas >= policy.partitions:
            return "PartitionCap" if self.sizes.short else None
        return "AtMax" if self.sizes.up > policy.ceiling or self.sizes.short else None

    @property
    def figures(self) -> Figures:
        """The inputs of the decision, for metrics."""
        sizes = self.sizes
        return Figures(
            arrival_fps=self.arrival,
            consumption_fps=history.consumption(self.past, self.active, history.FAST_S),
            capacity_fps=self.fps,
            capacity_source=self.source,
            lag_records=self.lag,
            lag_s=self.lag_s,
            excess_records=None if sizes is None else sizes.excess,
            up_target=None if sizes is None else self.policy.clamp(sizes.up),
            down_target=None if sizes is None else self.policy.clamp(sizes.down),
        )

    @cached_property
    def _slow(self) -> tuple[float, ...]:
        return history.arrivals(self.past, history.SLOW_S)
