"""From a key to a stream that is as its spec says: the one place where decisions become effects.

Reads as a recipe: newest body, parse, topic, observe, plan, act, report. Decisions are in `plan`,
`topic`, `scaling` and `status`; what fails is tried again by the queue.
"""

from __future__ import annotations

import logging
import math
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from videostream_controller import metrics
from videostream_controller import status as statuses
from videostream_controller.api import FINALIZER, VideoStream, check_signals
from videostream_controller.applied import remember
from videostream_controller.kube import ApiError
from videostream_controller.observed import Child, Observed
from videostream_controller.plan import (
    Action,
    Apply,
    ForceRecreate,
    Scale,
    plan,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from videostream_controller.api import FieldError
    from videostream_controller.deletion import Deletion
    from videostream_controller.events import Kind, Recorder
    from videostream_controller.kube import Kube
    from videostream_controller.observed import Applied, LagSample, TopicState
    from videostream_controller.provisioning import Provisioner
    from videostream_controller.scaler import Scaler
    from videostream_controller.settings import PodSettings
    from videostream_controller.status import Status
    from videostream_controller.status_feed import StatusFeed
    from videostream_controller.store import Body, Store
    from videostream_controller.streams import Streams

_log = logging.getLogger(__name__)
_LOOK_AGAIN_S: Final = 600.0  # for Kafka's sake: whoever sees something change queues the stream
_LOOK_AGAIN_UNREADY_S: Final = 10.0
_REFUSALS: Final = frozenset({403, 409, 422})
_TOLD_BY_EVENT: Final = frozenset(
    {"Ready", "TopicReady", "ScalingLimited", "PartitionsStalled", "HotPartition", "CleanupBlocked"}
)
# Conditions that are there only while something is wrong.
_ABNORMAL: Final = _TOLD_BY_EVENT - {"Ready", "TopicReady"}
# Steps on the way up or down, and not a word of warning.
_EXPECTED: Final = frozenset(
    {"Connecting", "Creating", "Deleting", "Progressing", "Suspended", "WaitingForTopic"}
)


@dataclass(slots=True)
class Reconciler:
    """Works on one stream at a time; several workers may call it for different keys."""

    kube: Kube
    streams: Streams
    deployments: Store
    provisioner: Provisioner
    deletion: Deletion
    feed: StatusFeed
    lag: Mapping[str, LagSample]
    scaler: Scaler
    pods: PodSettings
    events: Recorder
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _applied: dict[str, Applied] = field(default_factory=dict)
    _numbers_at: dict[str, float] = field(default_factory=dict)
    _uids: dict[str, str] = field(default_factory=dict)

    async def reconcile(self, key: str) -> float | None:
        """Bring one stream to its spec; gives the seconds after which to look again.

        Raises ApiError and deletion's Blocked, which the queue answers with back-off.
        """
        body, stream = self.streams.get(key), self.streams.parsed(key)
        if body is None or stream is None:
            self._forget(key)
            return None
        self._uids[key] = body["metadata"]["uid"]
        if isinstance(stream, list):
            await self._report_invalid(body, stream)
            return None
        if stream.is_paused:
            return None
        if stream.is_deleting:
            return await self.deletion.proceed(stream, self._write_status)
        if faults := check_signals(stream):
            now = self.clock()
            status = statuses.build_invalid(body, faults, now, reason="SignalsInvalid")
            await self._write(body, status)
            return None
        stream = await self._set_finalizer(stream)
        topic = await self.provisioner.ensure(stream, doubtful=self._is_lag_unknown(key))
        return await self._run(self._newest(stream), topic)

    async def _report_invalid(self, body: Body, errors: list[FieldError]) -> None:
        if body["metadata"].get("deletionTimestamp") and self.deletion.is_given_up(body):
            await self.deletion.let_go(body)
        else:
            await self._write(body, statuses.build_invalid(body, errors, self.clock()))

    async def _run(self, stream: VideoStream, topic: TopicState) -> float:
        observed = self._observe(stream, topic, {})
        planned = plan(stream, observed, self.pods)
        refused = await self._act(stream, planned.actions)
        if not refused:
            await self._tell_scaling(stream)
        observed = self._observe(stream, topic, refused)
        now = self.clock()
        status = statuses.build(stream, observed, planned.decision, now)
        await self._write_status(stream, status)
        self._measure(stream)
        if refused:
            raise ApiError(0, "; ".join(refused.values()))
        return self._pause_s(stream, topic, status) * random.uniform(0.9, 1.0)  # noqa: S311 no secret

    def _pause_s(self, stream: VideoStream, topic: TopicState, status: Status) -> float:
        # A lag that cannot be read may tell of a topic that is gone.
        if not topic.is_ready or self._is_lag_unknown(stream.key):
            return _LOOK_AGAIN_UNREADY_S
        body = self.streams.get(stream.key) or {}
        if statuses.numbers_differ(body.get("status") or {}, status):
            return statuses.NUMBERS_EVERY_S
        return _LOOK_AGAIN_S

    def _is_lag_unknown(self, key: str) -> bool:
        sample = self.lag.get(key)
        return sample is not None and sample.records is None

    def _newest(self, stream: VideoStream) -> VideoStream:
        """Return the stream with what our own writes to it have brought back."""
        newest = self.streams.parsed(stream.key)
        return stream if newest is None or isinstance(newest, list) else newest

    def _observe(
        self, stream: VideoStream, topic: TopicState, refused: Mapping[str, str]
    ) -> Observed:
        return Observed(
            topic=topic,
            producer=self._child(stream, stream.producer_name),
            consumer=self._child(stream, stream.consumer_name),
            reports=self.feed.reports(stream.key, stream.metadata.uid),
            lag=self.lag.get(stream.key),
            scaling=self.scaler.look(stream),
            refused=refused,
        )

    def _child(self, stream: VideoStream, name: str) -> Child:
        key = f"{stream.metadata.namespace}/{name}"
        return Child(self.deployments.get(key), self._applied.get(key))

    async def _act(self, stream: VideoStream, actions: Sequence[Action]) -> dict[str, str]:
        """Carry actions out; gives what the API server refused, by Deployment."""
        refused: dict[str, str] = {}
        for action in actions:
            try:
                await self._do(stream, action)
            except ApiError as error:
                if error.status not in _REFUSALS:
                    raise
                refused[action.name] = f"Deployment {action.name}: {error.message}"
        return refused

    async def _do(self, stream: VideoStream, action: Action) -> None:
        key = f"{stream.metadata.namespace}/{action.name}"
        match action:
            case Scale(replicas=replicas):
                await self.kube.scale_deployment(key, replicas)
                live = await self.kube.get_deployment(key)
            case ForceRecreate():
                await self.kube.force_recreate(key)
                live = await self.kube.get_deployment(key)
            case Apply(manifest=manifest):
                before = self.deployments.get(key)
                live = await self.kube.apply_deployment(manifest)
                self._applied[key] = remember(manifest, live)
                changed = _generation(before) != _generation(live)
                result = "changed" if changed else "unchanged"
                metrics.APPLIES.labels("Deployment", result).inc()
                if changed:
                    verb = "changed" if before else "created"
                    _log.info("%s: Deployment %s %s", stream.key, action.name, verb)
        if live is not None:
            self.deployments.put(live)

    async def _set_finalizer(self, stream: VideoStream) -> VideoStream:
        """Hold the object back from deletion exactly while there is something to clean up."""
        wanted = stream.kafka.deletion_policy == "Delete"
        if wanted == (FINALIZER in stream.metadata.finalizers):
            return stream
        finalizers = [FINALIZER] if wanted else []
        body = await self.kube.apply_finalizers(stream.key, stream.metadata.uid, finalizers)
        self.streams.put(body)
        return self._newest(stream)

    async def _write_status(self, stream: VideoStream, status: Status) -> None:
        previous = stream.raw_status
        body = self.streams.get(stream.key)
        if body is None or body["metadata"]["uid"] != stream.metadata.uid:
            return
        if await self._write(body, status):
            await self._tell(stream, previous, status)

    async def _write(self, body: Body, status: Status) -> bool:
        """Write a status that differs; numbers alone wait for their turn."""
        uid = body["metadata"]["uid"]
        held = body.get("status") or {}
        if not statuses.state_differs(held, status):
            waited_s = time.monotonic() - self._numbers_at.get(uid, -math.inf)
            held_back = waited_s < statuses.NUMBERS_EVERY_S
            if held_back or not statuses.numbers_differ(held, status):
                return False
        key = f"{body['metadata']['namespace']}/{body['metadata']['name']}"
        answer = await self.kube.apply_status(key, uid, status)
        self.streams.put(answer)
        self._numbers_at[uid] = time.monotonic()
        return True

    async def _tell(self, stream: VideoStream, before: Mapping[str, Any], status: Status) -> None:
        held = {one["type"]: one for one in before.get("conditions") or []}
        for condition in status["conditions"]:
            was = held.get(condition["type"], {})
            same = all(was.get(name) == condition[name] for name in ("status", "reason"))
            if same or condition["type"] not in _TOLD_BY_EVENT:
                continue
            bad = "True" if condition["type"] in _ABNORMAL else "False"
            is_bad = condition["status"] == bad
            kind: Kind = "Warning" if is_bad and condition["reason"] not in _EXPECTED else "Normal"
            message = f"{condition['type']} is {condition['status']}: {condition['message']}"
            await self.events.record(stream.metadata, kind, condition["reason"], message)

    async def _tell_scaling(self, stream: VideoStream) -> None:
        """Post an Event about a change of the number of consumers that has been carried out."""
        change = self.scaler.take_change(stream.metadata.uid)
        if change is None:
            return
        cause = str(change.action)
        metrics.SCALINGS.labels(stream.metadata.namespace, stream.metadata.name, cause).inc()
        message = f"consumers {change.previous} -> {change.replicas}: {change.explanation}"
        _log.info("%s: %s: %s", stream.key, cause, message)
        await self.events.record(stream.metadata, "Normal", cause, message)

    def _measure(self, stream: VideoStream) -> None:
        body = self.streams.get(stream.key) or {}
        conditions = (body.get("status") or {}).get("conditions") or []
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        labels = (stream.metadata.namespace, stream.metadata.name)
        metrics.READY.labels(*labels).set(1 if ready else 0)

    def _forget(self, key: str) -> None:
        namespace, name = key.split("/")
        uid = self._uids.pop(key, "")
        self.provisioner.forget(uid)
        self.scaler.forget(uid)
        self._numbers_at.pop(uid, None)
        for role in ("producer", "consumer"):
            self._applied.pop(f"{namespace}/{name}-{role}", None)
        metrics.forget_stream(key)


def _generation(body: Mapping[str, Any] | None) -> int | None:
    return body["metadata"].get("generation") if body else None
