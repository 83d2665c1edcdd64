"""All that the rules look at: one stream at one moment. Data, and questions that it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from videostream_controller.autoscaling import sizing, window
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


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Rates in records/s, over the partitions that are not stalled (`active`).

    `memory` and `past` include the present sample. `blocked` is the share of time that replicas
    wait for the sink. `sizes` is None while there is no rate or no capacity to size by.
    """

    policy: Policy
    memory: Memory
    past: History
    workload: Workload
    now_s: float
    replicas: int
    active: tuple[int, ...]
    stalled: tuple[int, ...]
    hot: tuple[int, ...]
    lag: int
    lag_s: float | None
    arrival: float | None
    consumption: float | None
    fps: float | None
    source: Source
    blocked: float
    up_ticks: int
    quiet_s: float
    late_s: float
    window: Window
    sizes: Sizes | None = None

    @property
    def is_settling(self) -> bool:
        """Whether pods that were asked for a short while ago are still to come."""
        return self.workload.ready < self.replicas and self.since_scale_s < SETTLE_S

    @property
    def lacks_pods(self) -> bool:
        """Whether pods are missing that should have come long ago."""
        return self.workload.ready < self.replicas and not self.is_settling

    @property
    def since_scale_s(self) -> float:
        """The time since the last change."""
        last_s = self.memory.last_scale_s
        return float("inf") if last_s is None else self.now_s - last_s

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
            consumption_fps=self.consumption,
            capacity_fps=self.fps,
            capacity_source=self.source,
            lag_records=self.lag,
            lag_s=self.lag_s,
            excess_records=None if sizes is None else sizes.excess,
            up_target=None if sizes is None else self.policy.clamp(sizes.up),
            down_target=None if sizes is None else self.policy.clamp(sizes.down),
        )

    @property
    def aims(self) -> sizing.Aims:
        """The user's aims and what is known of the start of pods."""
        policy = self.policy
        return sizing.Aims(policy.target_lag_s, policy.drain_time_s, self.memory.pod_start_s)

    @property
    def window_s(self) -> float:
        """How long fewer replicas must have been enough before there are fewer."""
        base_s = self.policy.scale_down_window_s
        return window.length_s(base_s, self.memory.reversals_s, self.now_s)
