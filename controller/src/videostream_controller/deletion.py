"""The last way of a stream: stop its pods, remove its group and topic, let the object go.

Only for objects that carry our finalizer; the Deployments themselves go with their owner.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from videostream_controller import status as statuses
from videostream_controller.api import FINALIZER, SKIP_CLEANUP_ANNOTATION, VideoStream, parse
from videostream_controller.conditions import Condition
from videostream_controller.kafka import GroupBusy, KafkaRefused, KafkaUnavailable
from videostream_controller.kube import ApiError
from videostream_controller.store import key_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from videostream_controller.kube import Kube
    from videostream_controller.provisioning import Provisioner
    from videostream_controller.status import Status
    from videostream_controller.store import Body, Store

_log = logging.getLogger(__name__)
_DRAIN_TIMEOUT_S: Final = 60.0
_LOOK_AGAIN_S: Final = 2.0
_GONE: Final = frozenset({404, 409})  # 409: an object of this uid is no more


class Blocked(Exception):
    """Cleaning up is not possible now; status says why, and it is tried again later."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """Carries deletions out, one step per call."""

    kube: Kube
    streams: Store
    provisioner: Provisioner
    drain_timeout_s: float = _DRAIN_TIMEOUT_S
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def proceed(
        self, stream: VideoStream, report: Callable[[VideoStream, Status], Awaitable[None]]
    ) -> float | None:
        """Do what can be done now; gives the seconds until the next look, None when done.

        Raises Blocked where Kafka does not let us.
        """
        if FINALIZER not in stream.metadata.finalizers:
            return None
        fresh = await self._read_live(stream)
        if fresh is None:
            return None
        if fresh.skips_cleanup:
            _log.warning("%s: let go without cleaning up, as its annotation asks", stream.key)
            await self._release(fresh.key, fresh.metadata.uid)
            return None
        if not await self._is_drained(fresh):
            message = "waits for the producer and consumers to stop"
            await report(fresh, statuses.build_deleting(fresh, None, message, self.clock()))
            return _LOOK_AGAIN_S
        try:
            await self.provisioner.remove(fresh)
        except (KafkaUnavailable, KafkaRefused, GroupBusy) as error:
            await report(fresh, self._blocked(fresh, error))
            raise Blocked(f"cleaning up: {error}") from error
        _log.info("%s: group and topic are cleaned up", stream.key)
        await self._release(fresh.key, fresh.metadata.uid)
        return None

    @staticmethod
    def is_given_up(body: Body) -> bool:
        """Tell of an object that cannot be parsed whether its user gave the cleanup up."""
        metadata = body["metadata"]
        annotations = metadata.get("annotations") or {}
        held = FINALIZER in metadata.get("finalizers", [])
        return held and annotations.get(SKIP_CLEANUP_ANNOTATION) == "true"

    async def let_go(self, body: Body) -> None:
        """Remove our finalizer from an object that cannot be parsed."""
        await self._release(key_of(body), body["metadata"]["uid"])

    async def _read_live(self, stream: VideoStream) -> VideoStream | None:
        """Read the object from the server: nothing is destroyed on the word of a cache."""
        body = await self.kube.get_stream(stream.key)
        if body is None or body["metadata"]["uid"] != stream.metadata.uid:
            return None
        self.streams.put(body)
        live = parse(body)
        return None if isinstance(live, list) or not live.is_deleting else live

    async def _is_drained(self, stream: VideoStream) -> bool:
        names = (stream.producer_name, stream.consumer_name)
        stopped = [await self._stop(f"{stream.metadata.namespace}/{name}") for name in names]
        asked = datetime.fromisoformat(stream.metadata.deletion_timestamp or "")
        waited_s = (self.clock() - asked).total_seconds()
        return all(stopped) or waited_s > self.drain_timeout_s

    async def _stop(self, key: str) -> bool:
        """Scale a Deployment to 0; tells whether its pods are gone."""
        live = await self.kube.get_deployment(key)
        if live is None:
            return True
        if live["spec"].get("replicas", 1) != 0:
            await self.kube.scale_deployment(key, 0)
            return False
        return _has_no_pods(live)

    async def _release(self, key: str, uid: str) -> None:
        try:
            body = await self.kube.apply_finalizers(key, uid, [])
        except ApiError as error:
            if error.status not in _GONE:
                raise
        else:
            if not body["metadata"].get("finalizers"):
                self.streams.remove(body)

    def _blocked(self, stream: VideoStream, error: Exception) -> Status:
        reason = "GroupBusy" if isinstance(error, GroupBusy) else "KafkaUnavailable"
        if isinstance(error, KafkaRefused):
            reason = "KafkaRefused"
        message = (
            f"{error}; it is tried again by itself; to give group and topic up: "
            f"kubectl annotate vst {stream.metadata.name} {SKIP_CLEANUP_ANNOTATION}=true"
        )
        blocked = Condition("CleanupBlocked", "True", reason, message)
        return statuses.build_deleting(stream, blocked, "Kafka is being cleaned up", self.clock())


def _has_no_pods(live: Body) -> bool:
    status = live.get("status", {})
    seen = status.get("observedGeneration", 0) >= live["metadata"]["generation"]
    return bool(seen and not status.get("replicas") and not status.get("terminatingReplicas"))
