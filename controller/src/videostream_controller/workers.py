"""The workers that take keys from the queue, and the relist that puts keys into it."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from videostream_controller import metrics
from videostream_controller.deletion import Blocked
from videostream_controller.kube import ApiError
from videostream_controller.store import key_of
from videostream_controller.streams import stream_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from videostream_controller.kube import Kube
    from videostream_controller.status_feed import StatusFeed
    from videostream_controller.store import Store
    from videostream_controller.workqueue import WorkQueue

_log = logging.getLogger(__name__)
_RECONCILE_TIMEOUT_S: Final = 90.0
_SOON_S: Final = 5.0


async def work(queue: WorkQueue[str], reconcile: Callable[[str], Awaitable[float | None]]) -> None:
    """Reconcile keys of the queue until it is closed. Only here are failures caught."""
    while (key := await queue.get()) is not None:
        started = time.monotonic()
        try:
            async with asyncio.timeout(_RECONCILE_TIMEOUT_S):
                again_s = await reconcile(key)
        except (ApiError, Blocked, TimeoutError) as error:
            delay_s = queue.retry(key)
            metrics.RECONCILES.labels("retry").inc()
            reason = str(error) or type(error).__name__
            _log.warning("%s: %s; again in %.0f s", key, reason, delay_s, extra={"stream": key})
        except Exception:  # noqa: BLE001 one broken stream must not end the others' worker
            queue.retry(key)
            metrics.RECONCILES.labels("error").inc()
            _log.exception("%s: this should not happen", key, extra={"stream": key})
        else:
            queue.forget(key)
            metrics.RECONCILES.labels("ok").inc()
            if again_s is not None:
                queue.add_after(key, again_s)
        finally:
            queue.done(key)
            metrics.RECONCILE_SECONDS.observe(time.monotonic() - started)


@dataclass(slots=True)
class Resync:
    """Lists everything now and then: repairs what the watch has missed, deletions included."""

    kube: Kube
    streams: Store
    deployments: Store
    feed: StatusFeed
    queue: WorkQueue[str]
    namespaces: tuple[str, ...]
    period_s: float
    last_at: float = field(default_factory=time.monotonic)

    async def run(self) -> None:
        """Resync for ever; a server that is away is asked again soon."""
        pause_s = self.period_s
        while True:
            await asyncio.sleep(pause_s * random.uniform(0.9, 1.0))  # noqa: S311 no secret
            pause_s = self.period_s if await self.attempt() else min(_SOON_S, self.period_s)

    async def attempt(self) -> bool:
        """Resync once; False if the API server did not let us."""
        try:
            await self._once()
        except ApiError as error:
            _log.warning("relist: %s", error)
            return False
        return True

    async def _once(self) -> None:
        """List streams and Deployments, drop what is gone, queue the streams of what is news."""
        for namespace in self.namespaces or (None,):
            await self._relist(namespace)
        self.feed.keep(self.streams.keys())
        self.last_at = time.monotonic()

    async def _relist(self, namespace: str | None) -> None:
        bodies, version = await self.kube.list_streams(namespace)
        streams = self.streams.relist(bodies, version=version, namespace=namespace)
        metrics.RESYNC_PRUNED.labels("videostreams").inc(len(streams.gone))
        bodies, version = await self.kube.list_deployments(namespace)
        deployments = self.deployments.relist(bodies, version=version, namespace=namespace)
        metrics.RESYNC_PRUNED.labels("deployments").inc(len(deployments.gone))
        for key in (*map(key_of, streams), *map(stream_of, deployments)):
            if key is not None:
                self.queue.add(key)
