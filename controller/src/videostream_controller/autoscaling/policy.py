"""What the user asked for: the few knobs of `spec.consumer.scaling`, and what they allow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The bounds and aims of one stream. `partitions` is what its topic has.

    `dry_run`: others decide about the replicas; what is decided here is only shown.
    """

    partitions: int
    min_replicas: int = 1
    max_replicas: int = 4
    target_lag_s: float = 5.0
    drain_time_s: float = 60.0
    idle_after_s: float = 300.0
    scale_down_window_s: float = 180.0
    per_replica_fps: float | None = None
    suspended: bool = False
    dry_run: bool = False

    @property
    def ceiling(self) -> int:
        """The most replicas that may run: one without a partition would only idle."""
        return max(1, min(self.max_replicas, self.partitions))

    @property
    def floor(self) -> int:
        """The fewest replicas of a stream that is not at zero."""
        return min(max(1, self.min_replicas), self.ceiling)

    @property
    def to_zero(self) -> bool:
        """Whether an idle stream may do without any consumer."""
        return self.min_replicas == 0

    def clamp(self, replicas: int) -> int:
        """Return the nearest number of replicas within the bounds."""
        return min(max(replicas, self.floor), self.ceiling)
