"""What a VideoStream's status tells its user. Pure.

Each condition answers one question and, where the answer is no, says why and what to do. Conditions
say what is; numbers that always move live beside them and are rounded, so that they do not make
the object restless.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from videostream_controller import conditions, manifests
from videostream_controller.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_controller.api import FieldError, VideoStream
    from videostream_controller.observed import Child, Observed, Report
    from videostream_controller.scaling import Decision
    from videostream_pipeline.status import ProducerStatus

STALE_AFTER: Final = timedelta(seconds=45)
_FRAME_TIME_STEP_S: Final = 30
_SHOWN_ERRORS: Final = 3
_REASON: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}", re.ASCII)
_LONGEST_CODEC: Final = 63
_LONGEST_MESSAGE: Final = 1024
_VOLATILE_SOURCE: Final = frozenset({"fps", "lastFrameTime", "reconnects"})

Status = dict[str, Any]


def build(stream: VideoStream, observed: Observed, decision: Decision, now: datetime) -> Status:
    """Return the whole status of a stream that is not being deleted."""
    found = [
        _source_connected(stream, observed.reports.producer, now),
        _topic_ready(observed),
        _producer_ready(stream, observed),
        _consumer_ready(stream, observed, decision, now),
        _sink_reachable(observed, decision, now),
        _lag_known(observed),
        _scaling(decision),
    ]
    source, topic, producer, consumer, sink = found[:5]
    ready = _ready(stream, (topic, producer, source, consumer, sink), decision)
    previous = stream.raw_status.get("conditions") or []
    generation = stream.metadata.generation
    status: Status = {
        "observedGeneration": generation,
        "conditions": conditions.merge(previous, [ready, *found], generation=generation, now=now),
        "source": _source(stream, observed.reports.producer, now),
        "producer": {"readyReplicas": _count(observed.producer, "readyReplicas")},
        "consumer": _consumer(stream, observed.consumer, decision),
    }
    return status | _topic(stream, observed) | _lag(observed)


def build_deleting(
    stream: VideoStream, blocked: Condition | None, message: str, now: datetime
) -> Status:
    """Return the status of a stream that is being deleted: what it was, and what it waits for."""
    deleting = Condition("Ready", "False", "Deleting", message)
    return _amended(stream.raw_status, [deleting, *([blocked] if blocked else [])], stream, now)


def build_invalid(body: Mapping[str, Any], errors: list[FieldError], now: datetime) -> Status:
    """Return the status of an object that this version cannot read; nothing else changes."""
    listed = "; ".join(str(error) for error in errors[:_SHOWN_ERRORS])
    more = len(errors) - _SHOWN_ERRORS
    message = f"{listed}; and {more} more" if more > 0 else listed
    invalid = Condition("Ready", "False", "InvalidSpec", message)
    generation = body["metadata"]["generation"]
    return _with_conditions(body.get("status") or {}, [invalid], generation=generation, now=now)


def state_differs(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Tell whether two statuses differ in more than numbers that always move."""
    return _stable(left) != _stable(right)


def numbers_differ(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Tell whether numbers differ; the time of an unchanged lag is no difference."""
    same_source = (left.get("source") or {}) == (right.get("source") or {})
    left_lag, right_lag = left.get("lag") or {}, right.get("lag") or {}
    return not same_source or left_lag.get("records") != right_lag.get("records")


def is_fresh(report: Report[Any], now: datetime) -> bool:
    """Tell whether a pod has reported lately."""
    return now - report.heard_at <= STALE_AFTER


def _ready(stream: VideoStream, causes: tuple[Condition, ...], decision: Decision) -> Condition:
    if stream.suspend:
        return Condition("Ready", "False", "Suspended", "spec.suspend is true")
    source = next(cause for cause in causes if cause.type == "SourceConnected")
    idle_sink = decision.replicas == 0
    counted = [
        cause
        for cause in causes
        if not (cause is source and source.reason == "Completed")
        and not (idle_sink and cause.type == "SinkReachable")
    ]
    done = source.reason == "Completed"
    message = "the file has been played to its end" if done else "frames flow and are stored"
    return conditions.ready(counted, reason=source.reason, message=message)


def _source_connected(
    stream: VideoStream, report: Report[ProducerStatus] | None, now: datetime
) -> Condition:
    kind = "SourceConnected"
    if suspended := _suspended_by(stream):
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


def _topic_ready(observed: Observed) -> Condition:
    topic = observed.topic
    return Condition(
        "TopicReady", "True" if topic.is_ready else "False", topic.reason, topic.message
    )


def _producer_ready(stream: VideoStream, observed: Observed) -> Condition:
    if suspended := _suspended_by(stream):
        return Condition("ProducerReady", "True", "Suspended", f"{suspended} is true")
    if refused := observed.refused.get(stream.producer_name):
        return Condition("ProducerReady", "False", "ApplyRefused", refused)
    return _deployment_ready("ProducerReady", observed, observed.producer, replicas=1)


def _consumer_ready(
    stream: VideoStream, observed: Observed, decision: Decision, now: datetime
) -> Condition:
    if refused := observed.refused.get(stream.consumer_name):
        return Condition("ConsumerReady", "False", "ApplyRefused", refused)
    if decision.replicas == 0:
        return Condition("ConsumerReady", "True", "ScaledToZero", decision.message)
    for report in observed.reports.consumers:
        signals = report.status.signals
        if is_fresh(report, now) and signals.state == "Invalid":
            return Condition("ConsumerReady", "False", "SignalsInvalid", signals.message)
    return _deployment_ready(
        "ConsumerReady", observed, observed.consumer, replicas=decision.replicas
    )


def _deployment_ready(kind: str, observed: Observed, child: Child, *, replicas: int) -> Condition:
    if child.live is None:
        if observed.topic.is_ready:
            return Condition(kind, "False", "Creating", "the Deployment does not exist yet")
        message = f"it starts when the topic is ready ({observed.topic.reason})"
        return Condition(kind, "False", "WaitingForTopic", message)
    name = child.live["metadata"]["name"]
    ready = _count(child, "readyReplicas")
    seen = _count(child, "observedGeneration") >= child.live["metadata"].get("generation", 0)
    if seen and ready >= replicas:
        return Condition(kind, "True", "Available", f"Deployment {name} is available")
    return _not_ready(kind, child, f"Deployment {name} has {ready} of {replicas} pods ready")


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


def _sink_reachable(observed: Observed, decision: Decision, now: datetime) -> Condition:
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


def _lag_known(observed: Observed) -> Condition:
    lag = observed.lag
    if lag is None:
        return Condition("LagKnown", "Unknown", "NotMeasured", "the lag has not been measured yet")
    if lag.records is None:
        return Condition("LagKnown", "False", "MetricsUnavailable", lag.message)
    return Condition("LagKnown", "True", "Measured", "the group's offsets are known")


def _scaling(decision: Decision) -> Condition:
    return Condition("Scaling", "False", decision.reason, decision.message)


def _suspended_by(stream: VideoStream) -> str | None:
    if stream.suspend:
        return "spec.suspend"
    return "spec.producer.suspend" if stream.producer.suspend else None


def _source(
    stream: VideoStream, report: Report[ProducerStatus] | None, now: datetime
) -> dict[str, Any]:
    if suspended := _suspended_by(stream):
        return {"state": "Suspended", "message": f"{suspended} is true"}
    if report is None or not is_fresh(report, now):
        return {}
    source = report.status.source
    values = {
        "state": source.state,
        "message": source.message[:_LONGEST_MESSAGE] or None,
        "codec": None if source.codec is None else source.codec[:_LONGEST_CODEC],
        "width": source.width,
        "height": source.height,
        "fps": None if source.fps is None else f"{source.fps:.1f}",
        "lastFrameTime": _frame_time(source.last_frame_time),
        "reconnects": source.reconnects,
    }
    return {name: value for name, value in values.items() if value is not None}


def _frame_time(time: datetime | None) -> str | None:
    if time is None:
        return None
    step = _FRAME_TIME_STEP_S
    return conditions.instant(datetime.fromtimestamp(time.timestamp() // step * step, UTC))


def _topic(stream: VideoStream, observed: Observed) -> dict[str, Any]:
    topic = observed.topic
    if topic.id is None:
        # Nothing was learnt; what was known about the topic, and whose it is, must not be lost.
        known = stream.raw_status.get("topic")
        return {"topic": known} if known else {}
    return {
        "topic": {
            "name": stream.topic_name,
            "id": topic.id,
            "partitions": topic.partitions,
            "ownership": topic.ownership,
        }
    }


def _consumer(stream: VideoStream, child: Child, decision: Decision) -> dict[str, Any]:
    labels = manifests.selector(stream, "consumer")
    return {
        "replicas": _count(child, "replicas"),
        "readyReplicas": _count(child, "readyReplicas"),
        "desiredReplicas": decision.replicas,
        "selector": ",".join(f"{name}={value}" for name, value in labels.items()),
        "groupId": stream.group_id,
    }


def _lag(observed: Observed) -> dict[str, Any]:
    lag = observed.lag
    if lag is None or lag.records is None:
        return {}
    return {"lag": {"records": lag.records, "observedTime": conditions.instant(lag.at)}}


def _stable(status: Mapping[str, Any]) -> dict[str, Any]:
    source = status.get("source") or {}
    steady = {name: value for name, value in source.items() if name not in _VOLATILE_SOURCE}
    rest = {name: value for name, value in status.items() if name not in {"source", "lag"}}
    return rest | {"source": steady, "has_lag": bool(status.get("lag"))}


def _count(child: Child, name: str) -> int:
    return int(child.live.get("status", {}).get(name, 0)) if child.live else 0


def _amended(
    status: Mapping[str, Any], changed: list[Condition], stream: VideoStream, now: datetime
) -> Status:
    generation = stream.metadata.generation
    return _with_conditions(status, changed, generation=generation, now=now)


def _with_conditions(
    status: Mapping[str, Any], changed: list[Condition], *, generation: int, now: datetime
) -> Status:
    previous = list(status.get("conditions") or [])
    replaced = {condition.type for condition in changed} | {"CleanupBlocked"}
    kept = [condition for condition in previous if condition["type"] not in replaced]
    merged = conditions.merge(previous, changed, generation=generation, now=now)
    return {**status, "observedGeneration": generation, "conditions": [*merged, *kept]}
