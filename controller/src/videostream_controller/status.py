"""What a VideoStream's status tells its user. Pure.

Each condition answers one question and, where the answer is no, says why and what to do. Conditions
say what is; numbers that always move live beside them and are rounded, so that they do not make
the object restless.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from videostream_controller import checks, conditions, manifests
from videostream_controller.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_controller.api import FieldError, VideoStream
    from videostream_controller.observed import Child, Observed, Report
    from videostream_controller.scaling import Decision
    from videostream_pipeline.status import ProducerStatus

_FRAME_TIME_STEP_S: Final = 30
_SHOWN_ERRORS: Final = 3
_LONGEST_CODEC: Final = 63
_LONGEST_MESSAGE: Final = 1024
_VOLATILE_SOURCE: Final = frozenset({"fps", "lastFrameTime", "reconnects"})

Status = dict[str, Any]


def build(stream: VideoStream, observed: Observed, decision: Decision, now: datetime) -> Status:
    """Return the whole status of a stream that is not being deleted."""
    found = [
        checks.source_connected(stream, observed.reports.producer, now),
        checks.topic_ready(observed),
        checks.producer_ready(stream, observed),
        checks.consumer_ready(stream, observed, decision, now),
        checks.sink_reachable(observed, decision, now),
        checks.lag_known(observed),
        checks.scaling(decision),
    ]
    source, topic, producer, consumer, sink = found[:5]
    done = checks.is_completed(observed.reports.producer, now)
    ready = checks.ready(stream, (topic, producer, source, consumer, sink), decision, done=done)
    previous = stream.raw_status.get("conditions") or []
    generation = stream.metadata.generation
    status: Status = {
        "observedGeneration": generation,
        "conditions": conditions.merge(previous, [ready, *found], generation=generation, now=now),
        "producer": {"readyReplicas": checks.count(observed.producer, "readyReplicas")},
        "consumer": _consumer(stream, observed.consumer, decision),
    }
    # An empty object must not be applied: the API server turns it into a null and refuses that.
    seen = _source(stream, observed.reports.producer, now)
    if seen:
        status["source"] = seen
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


def _source(
    stream: VideoStream, report: Report[ProducerStatus] | None, now: datetime
) -> dict[str, Any]:
    if suspended := checks.suspended_by(stream):
        return {"state": "Suspended", "message": f"{suspended} is true"}
    if report is None or not checks.is_fresh(report, now):
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
        "replicas": checks.count(child, "replicas"),
        "readyReplicas": checks.count(child, "readyReplicas"),
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
    first_numbers = {"has_lag": bool(status.get("lag")), "has_fps": "fps" in source}
    return rest | {"source": steady, **first_numbers}


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
