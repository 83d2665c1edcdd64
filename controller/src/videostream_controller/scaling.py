"""How many consumers a stream should have, and who says so. Pure.

In mode Lag the number stays at minReplicas: sizing by lag is not part of this version, and a held
number that says it is held is better than a guessed one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from videostream_controller.api import VideoStream

Reason = Literal["Holding", "Fixed", "External", "Suspended"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The number of consumers. `by_scaler`: written to deployments/scale, not by the apply."""

    replicas: int
    by_scaler: bool
    reason: Reason
    message: str


def decide(stream: VideoStream) -> Decision:
    """Return how many consumers the stream should have now."""
    consumer = stream.consumer
    by_scaler = consumer.scaling.mode == "Lag"
    if stream.suspend:
        return Decision(0, by_scaler, "Suspended", "spec.suspend is true")
    match consumer.scaling.mode:
        case "Lag":
            held = consumer.scaling.min_replicas
            message = (
                f"this version does not scale by lag yet; it holds "
                f"spec.consumer.scaling.minReplicas = {held}"
            )
            return Decision(held, by_scaler, "Holding", message)
        case "Fixed":
            return Decision(
                consumer.replicas or 0, by_scaler, "Fixed", "spec.consumer.replicas is followed"
            )
        case "External":
            message = "spec.consumer.replicas is followed; others set it by the scale subresource"
            return Decision(consumer.replicas or 0, by_scaler, "External", message)
