"""How many consumers a stream should have, and who says so. Pure.

Mode Lag follows what `autoscaling` decided. In the other modes that is only shown: how many the
load would need.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from videostream_controller import autoscaling

if TYPE_CHECKING:
    from videostream_controller.api import VideoStream

Reason = autoscaling.Reason | Literal["Fixed", "External"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The number of consumers. `by_scaler`: written to deployments/scale, not by the apply.

    `desired` is what the load asks for, whoever decides.
    """

    replicas: int
    by_scaler: bool
    reason: Reason
    message: str
    desired: int


def decide(stream: VideoStream, found: autoscaling.Decision) -> Decision:
    """Return how many consumers the stream should have now; `found` is the newest by the load."""
    consumer = stream.consumer
    desired = found.replicas
    by_scaler = consumer.scaling.mode == "Lag"
    if stream.suspend:
        return Decision(0, by_scaler, "Suspended", "spec.suspend is true", 0)
    replicas = consumer.replicas or 0
    match consumer.scaling.mode:
        case "Lag":
            return Decision(found.replicas, by_scaler, found.reason, found.message, desired)
        case "Fixed":
            message = "spec.consumer.replicas is followed"
            return Decision(replicas, by_scaler, "Fixed", message, desired)
        case "External":
            message = "spec.consumer.replicas is followed; others set it by the scale subresource"
            return Decision(replicas, by_scaler, "External", message, desired)


def lacking_since_s(stream: VideoStream, now_s: float) -> float | None:
    """Return since when, at least, pods are missing, if the status has told of it."""
    for condition in stream.raw_status.get("conditions") or []:
        if (condition["type"], condition["reason"]) == ("ScalingLimited", "PodsNotReady"):
            return now_s - autoscaling.SETTLE_S
    return None


def policy(stream: VideoStream) -> autoscaling.Policy:
    """Return what the spec asks of scaling by lag, in terms of the topic as it is."""
    scaling = stream.consumer.scaling
    found = (stream.raw_status.get("topic") or {}).get("partitions")
    return autoscaling.Policy(
        partitions=found or stream.kafka.topic.partitions,
        min_replicas=scaling.min_replicas,
        max_replicas=scaling.max_replicas,
        target_lag_s=scaling.target_lag_s,
        drain_time_s=scaling.drain_time_s,
        idle_after_s=scaling.idle_after_s,
        scale_down_window_s=scaling.scale_down_window_s,
        per_replica_fps=scaling.per_replica_fps,
        suspended=stream.suspend,
        dry_run=scaling.mode != "Lag",
    )
