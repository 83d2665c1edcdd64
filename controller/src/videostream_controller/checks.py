"""One function per condition: the question it answers, and the answer. Pure.

Where the answer is no, the message says why and, if the user can do something, what.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from videostream_controller import conditions
from videostream_controller.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from videostream_controller.api import VideoStream
    from videostream_controller.autoscaling import Decision as Autoscaling
    from videostream_controller.observed import Child, Observed, Report, Reports
    from videostream_controller.scaling import Decision
    from videostream_pipeline.status import ProducerStatus

STALE_AFTER: Final = timedelta(seconds=45)
_SHOWN_PARTITIONS: Final = 12
# True: the load is followed. Unknown: it is being found out what that takes. Else it is not.
_SCALING: Final[Mapping[str, conditions.Status]] = {
    "Active": "True",
    "Idle": "True",
    "CapacityUnknown": "Unknown",
}
_LIMITS: Final = {
    "AtMax": (
        "the load needs more consumers than spec.consumer.scaling.maxReplicas allows; raise it, "
        "or lower spec.frames.fps"
    ),
    "PartitionCap": (
        "the load needs more consumers than there are partitions; raise "
        "spec.kafka.topic.partitions, or lower spec.frames.fps"
    ),
    "PodsNotReady": (
        "consumers that were asked for a minute ago or longer are not ready; see their pods"
    ),
}
_REASON: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}", re.ASCII)


def is_fresh(report: Report[Any], now: datetime) -> bool:
    """Tell whether a pod has reported lately."""
    return now - report.heard_at <= STALE_AFTER


def is_completed(report: Report[ProducerStatus] | None, now: datetime) -> bool:
    """Tell whether the source is a file that has been played to its end."""
    return (
        report is not None and is_fresh(report, now) and report.status.source.state == "Completed"
    )


def ready(
    stream: VideoStream, causes: tuple[Condition, ...], decision: Decision, *, done: bool
) -> Condition:
    """Sum the conditions up in the order in which one hangs on the other."""
    if stream.suspend:
        return Condition("Ready", "False", "Suspended", "spec.suspend is true")
    # A file that was played is no failure; without consumers nobody knows about the sink; that
    # the number of consumers is held is none either, unless that is because nothing moves.
    passed_over = {
        "SourceConnected" if done else "",
        "" if decision.replicas else "SinkReachable",
        "" if decision.reason == "AllPartitionsStalled" else "Scaling",
    }
    counted = [cause for cause in causes if cause.type not in passed_over]
    reason = "Completed" if done else "Streaming"
    message = "the file has been played to its end" if done else "frames flow and are stored"
    return conditions.ready(counted, reason=reason, message=message)


def source_connected(
    stream: VideoStream, report: Report[ProducerStatus] | None, now: datetime
) -> Condition:
    """Return whether the producer gets video, as it says itself."""
    kind = "SourceConnected"
    if suspended := suspended_by(stream):
        return Condition(kind, "False", "Suspended", f"{suspended} is true")
    if report is None:
        return Condition(kind, "Unknown", "NoReport", "the producer has not reported yet")
    if not is_fresh(report, now):
        message = "the producer has not reported for 45 s; see its pod"
        return Condition(kind, "Unknown", "ReportStale", message)
    source = report.status.source
    status: conditions.Status = "True" if source.state == "Streaming" else "False"
    # Anyone who may write to the topic may report: the reason must fit the API's pattern.
    reason = source.reason if _REASON.fullmatch(source.reason) else source.state
    return Condition(kind, status, reason, source.message)


def topic_ready(observed: Observed) -> Condition:
    """Return whether the topic is as the spec wants it."""
    topic = observed.topic
    return Condition(
        "TopicReady", "True" if topic.is_ready else "False", topic.reason, topic.message
    )


def producer_ready(stream: VideoStream, observed: Observed) -> Condition:
    """Return whether the producer's pod runs."""
    if suspended := suspended_by(stream):
        return Condition("ProducerReady", "True", "Suspended", f"{suspended} is true")
    if refused := observed.refused.get(stream.producer_name):
        return Condition("ProducerReady", "False", "ApplyRefused", refused)
    return _deployment_ready("ProducerReady", observed, observed.producer, replicas=1)


def consumer_ready(
    stream: VideoStream, observed: Observed, decision: Decision, now: datetime
) -> Condition:
    """Return whether as many consumers run as should, and can measure what they are asked to."""
    if refused := observed.refused.get(stream.consumer_name):
        return Condition("ConsumerReady", "False", "ApplyRefused", refused)
    if decision.replicas == 0:
        return Condition("ConsumerReady", "True", "ScaledToZero", decision.message)
    for report in observed.reports.consumers:
        signals = report.status.signals
        if is_fresh(report, now) and signals.state == "Invalid":
            return Condition("ConsumerReady", "False", "SignalsInvalid", signals.message)
    needed = decision.replicas
    if decision.by_scaler:
        # A scale-out is no trouble: while its pods start, the others go on.
        needed = min(needed, max(1, stream.consumer.scaling.min_replicas))
    return _deployment_ready(
        "ConsumerReady",
        observed,
        observed.consumer,
        replicas=needed,
        # Each change of the number is a new generation, which Kubernetes has seen a moment later.
        is_scaled=decision.by_scaler,
    )


def _deployment_ready(
    kind: str, observed: Observed, child: Child, *, replicas: int, is_scaled: bool = False
) -> Condition:
    if child.live is None:
        if observed.topic.is_ready:
            return Condition(kind, "False", "Creating", "the Deployment does not exist yet")
        message = f"it starts when the topic is ready ({observed.topic.reason})"
        return Condition(kind, "False", "WaitingForTopic", message)
    name = child.live["metadata"]["name"]
    available = count(child, "readyReplicas")
    generation = child.live["metadata"].get("generation", 0)
    is_seen = is_scaled or count(child, "observedGeneration") >= generation
    if is_seen and available >= replicas:
        return Condition(kind, "True", "Available", f"Deployment {name} is available")
    return _not_ready(kind, child, f"Deployment {name} has {available} of {replicas} pods ready")


def _not_ready(kind: str, child: Child, message: str) -> Condition:
    assert child.live is not None  # noqa: S101 the caller has looked
    found = {
        condition["type"]: condition
        for condition in child.live.get("status", {}).get("conditions", [])
    }
    failure = found.get("ReplicaFailure", {})
    progress = found.get("Progressing", {})
    if failure.get("status") == "True":
        reason = failure.get("reason") or "ReplicaFailure"
        return Condition(kind, "False", reason, f"{message}: {failure.get('message', '')}")
    if progress.get("status") == "False":
        reason = progress.get("reason") or "ProgressDeadlineExceeded"
        return Condition(kind, "False", reason, f"{message}: {progress.get('message', '')}")
    return Condition(kind, "False", "Progressing", message)


def is_blocked(reports: Reports, now: datetime) -> bool:
    """Tell whether a consumer has said lately that InfluxDB takes no points."""
    return any(
        is_fresh(report, now) and report.status.sink.state != "Reachable"
        for report in reports.consumers
    )


def sink_reachable(observed: Observed, decision: Decision, now: datetime) -> Condition:
    """Return whether InfluxDB takes the consumers' points, as they say themselves."""
    kind = "SinkReachable"
    if decision.replicas == 0:
        return Condition(kind, "Unknown", "NoConsumers", "no consumer runs, so nobody has tried")
    reports = observed.reports.consumers
    fresh = [report.status for report in reports if is_fresh(report, now)]
    for status in fresh:
        if status.sink.state != "Reachable":
            return Condition(kind, "False", status.sink.state, status.sink.message)
    if fresh:
        return Condition(kind, "True", "Reachable", "InfluxDB takes the points")
    if reports:
        message = "no consumer has reported for 45 s; see their pods"
        return Condition(kind, "Unknown", "ReportStale", message)
    return Condition(kind, "Unknown", "NoReport", "no consumer has reported yet")


def lag_known(observed: Observed) -> Condition:
    """Return whether it is known how far the consumers are behind."""
    lag = observed.lag
    if lag is None:
        return Condition("LagKnown", "Unknown", "NotMeasured", "the lag has not been measured yet")
    if lag.records is None:
        return Condition("LagKnown", "False", "MetricsUnavailable", lag.message)
    return Condition("LagKnown", "True", "Measured", "the group's offsets are known")


def lag_within_target(stream: VideoStream, observed: Observed) -> Condition:
    """Return whether the oldest frame that waits is as young as the spec wants it."""
    kind = "LagWithinTarget"
    lag, target_s = observed.lag, stream.consumer.scaling.target_lag_s
    target = f"spec.consumer.scaling.targetLag ({target_s:g} s)"
    if lag is None or lag.records is None:
        return Condition(kind, "Unknown", "MetricsUnavailable", "the lag is not known")
    if lag.seconds is None:
        return Condition(kind, "Unknown", "NotMeasured", "the lag has been seen only once")
    if lag.seconds > target_s:
        message = f"the oldest frame that waits is older than {target}"
        return Condition(kind, "False", "Behind", message)
    return Condition(kind, "True", "Within", f"no frame waits for longer than {target}")


def scaling(decision: Decision) -> Condition:
    """Return whether the number of consumers follows the load, and if not, what holds it."""
    status = _SCALING.get(decision.reason, "False")
    return Condition("Scaling", status, decision.reason, decision.message)


def abnormal(decision: Decision, found: Autoscaling) -> list[Condition]:
    """Return what keeps consumers from being of help; each is there only while it is so."""
    conditions = []
    if found.limited_by is not None and decision.reason not in {"Fixed", "External"}:
        message = _LIMITS[found.limited_by]
        conditions.append(Condition("ScalingLimited", "True", found.limited_by, message))
    if found.stalled:
        message = (
            f"no consumer makes progress in partitions {_listed(found.stalled)}; see the pods that "
            "hold them. More consumers would not help, so they do not count for scaling"
        )
        conditions.append(Condition("PartitionsStalled", "True", "NoProgress", message))
    if found.hot:
        message = (
            f"partitions {_listed(found.hot)} each get more than one consumer can process, and "
            "more consumers cannot share a partition: use kafka.partitioning Interleaved, "
            "fewer frames or cheaper signals"
        )
        conditions.append(Condition("HotPartition", "True", "AboveCapacity", message))
    return conditions


def _listed(partitions: tuple[int, ...]) -> str:
    shown = ", ".join(str(number) for number in partitions[:_SHOWN_PARTITIONS])
    more = len(partitions) - _SHOWN_PARTITIONS
    return f"{shown} and {more} more" if more > 0 else shown


def suspended_by(stream: VideoStream) -> str | None:
    """Return the field by which the user stopped the capture, None if it should run."""
    if stream.suspend:
        return "spec.suspend"
    return "spec.producer.suspend" if stream.producer.suspend else None


def count(child: Child, name: str) -> int:
    """Return a number of a Deployment's status, 0 while there is none."""
    return int(child.live.get("status", {}).get(name, 0)) if child.live else 0
