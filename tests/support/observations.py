"""What the controller sees of stream `cam`, all well unless said otherwise, and its status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.bodies import CREATED, NOW, deployment, stream
from videostream_controller import scaling, status
from videostream_controller.autoscaling import Decision
from videostream_controller.observed import Autoscaled, Child, LagSample, Observed, Report, Reports
from videostream_pipeline.status import (
    ConsumerStatus,
    ProducerStatus,
    SignalsStatus,
    SinkStatus,
    SourceStatus,
)

if TYPE_CHECKING:
    from datetime import datetime

    from videostream_controller.api import VideoStream

STREAMING = SourceStatus("Streaming", "Streaming", codec="h264", width=640, height=360, fps=4.93)
REACHABLE = SinkStatus("Reachable")
ACTIVE = Decision(1, 1, "Active", "the number fits the load")


def producer(source: SourceStatus = STREAMING, *, at: datetime = NOW) -> Report[ProducerStatus]:
    """Return a report of the producer, heard at a time."""
    said = ProducerStatus(
        namespace="video", name="cam", uid="uid-1", pod="p", time=NOW, source=source
    )
    return Report(said, at)


def consumer(
    sink: SinkStatus = REACHABLE, *, at: datetime = NOW, signals: SignalsStatus | None = None
) -> Report[ConsumerStatus]:
    """Return a report of a consumer, heard at a time."""
    said = ConsumerStatus(
        namespace="video",
        name="cam",
        uid="uid-1",
        pod="c",
        time=NOW,
        sink=sink,
        signals=signals or SignalsStatus("Ready"),
    )
    return Report(said, at)


def observed(
    reports: Reports | None = None, *, lag: LagSample | None = None, **children: Any
) -> Observed:
    """Everything runs, unless said otherwise."""
    return Observed(
        topic=children.pop("topic", CREATED),
        producer=Child(children.pop("producer", deployment("cam-producer"))),
        consumer=Child(children.pop("consumer", deployment("cam-consumer"))),
        reports=reports if reports is not None else Reports(producer(), (consumer(),)),
        lag=lag or LagSample(7, NOW, seconds=1.2),
        scaling=Autoscaled(children.pop("decision", ACTIVE), {"perReplicaFps": "12.5"}),
        **children,
    )


def build(seen: Observed, of: VideoStream | None = None, *, now: datetime = NOW) -> dict[str, Any]:
    """Return the status of a stream, of the smallest one if none is given."""
    of = of or stream()
    return status.build(of, seen, scaling.decide(of, seen.scaling.decision), now)


def said(built: dict[str, Any], kind: str) -> tuple[str, str]:
    """Return status and reason of one condition."""
    (found,) = [one for one in built["conditions"] if one["type"] == kind]
    return found["status"], found["reason"]
