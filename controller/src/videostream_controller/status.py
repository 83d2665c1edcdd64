"""What a VideoStream's status tells its user. Pure.

Each condition answers one question and, where the answer is no, says why and what to do. Conditions
say what is; numbers that always move live beside them and are rounded, so that they do not make
the object restless.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from videostream_controller import checks, conditions, manifests, scaling
from videostream_controller.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_controller.api import FieldError, VideoStream
    from videostream_controller.autoscaling import Decision as Autoscaling
    from videostream_controller.observed import Child, LagSample, Observed, Report
    from videostream_controller.scaling import Decision
    from videostream_pipeline.status import ProducerStatus

NUMBERS_EVERY_S: Final = 30.0  # a status in which only numbers differ is written no more often
_FRAME_TIME_STEP_S: Final = 30
_SHOWN_ERRORS: Final = 3
_LONGEST_CODEC: Final = 63
_LONGEST_MESSAGE: Final = 1024
# Numbers that move all the time, by the object of the status that they are in.
_VOLATILE: Final[Mapping[str, frozenset[str]]] = {
    "source": frozenset({"fps", "reconnects"}),
    "lag": frozenset({"records", "duration", "observedTime"}),
    "scaling": frozenset({"perReplicaFps", "arrivalFps"}),
}
# By how much each has to move before it is worth a write; beyond that, by a fifth.
_TREMBLE: Final[Mapping[tuple[str, str], float]] = {
    ("source", "fps"): 0.5,
    ("source", "reconnects"): 0.5,
    ("lag", "records"): 10,
    ("lag", "duration"): 2,
    ("scaling", "perReplicaFps"): 1,
    ("scaling", "arrivalFps"): 1,
}
_TREMBLE_SHARE: Final = 0.2
_LAG: Final = (("lag", "records"), ("lag", "duration"))


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
        checks.lag_within_target(stream, observed),
        checks.scaling(decision),
    ]
    source, topic, producer, consumer, sink, *_, followed = found
    done = checks.is_completed(observed.reports.producer, now)
    causes = (topic, producer, source, consumer, sink, followed)
    ready = checks.ready(stream, causes, decision, done=done)
    found += checks.abnormal(decision, observed.scaling.decision)
    previous = stream.raw_status.get("conditions") or []
    generation = stream.metadata.generation
    status: Status = {
        "observedGeneration": generation,
        "conditions": conditions.merge(previous, [ready, *found], generation=generation, now=now),
        "producer": {"readyReplicas": checks.count(observed.producer, "readyReplicas")},
        "consumer": _consumer(stream, observed.consumer, decision),
    }
    # An empty object must not be applied: the API server turns it into a null and refuses that.
    if seen := _source(stream, observed.reports.producer, now):
        status["source"] = seen
    if observed.scaling.memory:
        status["scaling"] = dict(observed.scaling.memory)
    return status | _topic(stream, observed) | _lag(observed.lag)


def build_deleting(
    stream: VideoStream, blocked: Condition | None, message: str, now: datetime
) -> Status:
    """Return the status of a stream that is being deleted: what it was, and what it waits for."""
    deleting = Condition("Ready", "False", "Deleting", message)
    return _amended(stream.raw_status, [deleting, *([blocked] if blocked else [])], stream, now)


def build_invalid(
    body: Mapping[str, Any], errors: list[FieldError], now: datetime, *, reason: str = "InvalidSpec"
) -> Status:
    """Return the status of an object whose spec cannot be carried out; nothing else changes."""
    listed = "; ".join(str(error) for error in errors[:_SHOWN_ERRORS])
    more = len(errors) - _SHOWN_ERRORS
    message = f"{listed}; and {more} more" if more > 0 else listed
    invalid = Condition("Ready", "False", reason, message)
    generation = body["metadata"]["generation"]
    return _with_conditions(body.get("status") or {}, [invalid], generation=generation, now=now)


def state_differs(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Tell whether two statuses differ in more than numbers that always move."""
    return _stable(left) != _stable(right)


def numbers_differ(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Tell whether numbers differ by so much that somebody would care.

    A steady stream must cost the API server nothing, however its numbers tremble.
    """
    return any(
        _changed(_number(left, path), _number(right, path), tremble)
        for path, tremble in _TREMBLE.items()
    )


def is_outdated(stream: VideoStream, decision: Autoscaling, lag: LagSample) -> bool:
    """Tell whether a stream's status should soon say something else of its load. Cheap."""
    status, measured = stream.raw_status, _lag(lag)
    for path in _LAG:
        if _changed(_number(status, path), _number(measured, path), _TREMBLE[path]):
            return True
    message = scaling.decide(stream, decision).message
    told = (one for one in status.get("conditions") or [] if one["type"] == "Scaling")
    return any(one["message"] != message for one in told)


def fps_differs(left: ProducerStatus, right: ProducerStatus) -> bool:
    """Tell whether a source has become faster or slower by so much that somebody would care."""
    return _changed(left.source.fps, right.source.fps, _TREMBLE["source", "fps"])


def _number(status: Mapping[str, Any], path: tuple[str, str]) -> float | None:
    found = (status.get(path[0]) or {}).get(path[1])
    return None if found is None else float(str(found).removesuffix("s"))


def _changed(left: float | None, right: float | None, tremble: float) -> bool:
    if left is None or right is None:
        return left is not right
    return abs(left - right) > max(tremble, _TREMBLE_SHARE * abs(left))


def _source(
    stream: VideoStream, report: Report[ProducerStatus] | None, now: datetime
) -> dict[str, Any]:
    if suspended := checks.suspended_by(stream):
        return {"state": "Suspended", "message": f"{suspended} is true"}
    if report is None or not checks.is_fresh(report, now):
        return {}
    source = report.status.source
    flows = source.state == "Streaming"
    values = {
        "state": source.state,
        "message": source.message[:_LONGEST_MESSAGE] or None,
        "codec": None if source.codec is None else source.codec[:_LONGEST_CODEC],
        "width": source.width,
        "height": source.height,
        "fps": None if source.fps is None else f"{source.fps:.1f}",
        # While frames flow, the last one is of now.
        "lastFrameTime": None if flows else _frame_time(source.last_frame_time),
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
        "desiredReplicas": decision.desired,
        "selector": ",".join(f"{name}={value}" for name, value in labels.items()),
        "groupId": stream.group_id,
    }


def _lag(lag: LagSample | None) -> dict[str, Any]:
    if lag is None or lag.records is None:
        return {}
    values = {
        "records": lag.records,
        "duration": None if lag.seconds is None else f"{math.ceil(lag.seconds)}s",
        "observedTime": conditions.instant(lag.at),
    }
    return {"lag": {name: value for name, value in values.items() if value is not None}}


def _stable(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the status with, of each number, only whether there is one."""
    steady = dict(status)
    for name, numbers in _VOLATILE.items():
        held = status.get(name) or {}
        steady[name] = {key: key in numbers or value for key, value in held.items()}
    return steady


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
