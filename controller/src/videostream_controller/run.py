"""The life of the controller process: put the parts together, run them, stop them in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import REGISTRY

from videostream_controller import handlers, metrics, preflight
from videostream_controller.deletion import Deletion
from videostream_controller.events import Recorder
from videostream_controller.first_look import FirstLook
from videostream_controller.kafka import KafkaClient
from videostream_controller.kube import Kube
from videostream_controller.provisioning import Provisioner
from videostream_controller.reconciler import Reconciler
from videostream_controller.sampler import LagSampler
from videostream_controller.scaler import Scaler
from videostream_controller.scaling_metrics import ScalingCollector
from videostream_controller.status_feed import StatusFeed
from videostream_controller.store import Store
from videostream_controller.streams import Streams
from videostream_controller.workers import Resync, work
from videostream_controller.workqueue import WorkQueue
from videostream_pipeline.health import HealthServer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from videostream_controller.api import VideoStream
    from videostream_controller.observed import LagSample
    from videostream_controller.settings import Settings

_log = logging.getLogger(__name__)
_WORKERS: Final = 32  # they mostly wait: for the API server and for Kafka
_FINISH_WITHIN_S: Final = 2.0  # a reconcile that is cut off is done again at the next start
_BEAT_S: Final = 1.0
_MAX_LOOP_LAG_S: Final = 5.0
_MAX_WORK_S: Final = 120.0
_MAX_MISSED_RESYNCS: Final = 3


@dataclass(slots=True)
class Vitals:
    """What liveness and readiness look at; read from the health server's threads."""

    beat_at: float = field(default_factory=time.monotonic)
    queue: WorkQueue[str] | None = None
    resync: Resync | None = None
    not_ready: str | None = "the start-up checks have not passed yet; see the log"

    def healthy(self) -> str | None:
        """Tell why this process should be restarted; outages of others are no reason."""
        late_s = time.monotonic() - self.beat_at
        if late_s > _MAX_LOOP_LAG_S:
            return f"the event loop has been stuck for {late_s:.0f} s"
        if self.queue is not None and self.queue.longest_work_s > _MAX_WORK_S:
            return f"a worker has been stuck for {self.queue.longest_work_s:.0f} s"
        return None

    def ready(self) -> str | None:
        """Tell why streams are not looked after now."""
        if self.not_ready is not None:
            return self.not_ready
        if self.resync is not None:
            age_s = time.monotonic() - self.resync.last_at
            if age_s > _MAX_MISSED_RESYNCS * self.resync.period_s:
                return f"the last relist was {age_s:.0f} s ago"
        return None

    async def beat(self) -> None:
        """Prove for ever that the event loop turns."""
        while True:
            self.beat_at = time.monotonic()
            await asyncio.sleep(_BEAT_S)


async def run(
    settings: Settings, stop: asyncio.Event, *, on_watching: Callable[[], None] = lambda: None
) -> None:
    """Run until `stop`, then end in order. Raises what ended it otherwise.

    `on_watching` is called once kopf has started, which takes the process's signals over.
    """
    vitals = Vitals()
    beating = asyncio.create_task(vitals.beat(), name="beat")
    metrics.BUILD_INFO.labels(version("videostream-controller")).set(1)
    kube = await Kube.connect()
    try:
        with HealthServer(port=settings.http_port, healthy=vitals.healthy, ready=vitals.ready):
            checks = preflight.await_cluster(kube, settings.watch_namespaces)
            if await _finished(checks, stop):
                await _serve(settings, kube, vitals=vitals, stop=stop, on_watching=on_watching)
    finally:
        beating.cancel()
        await kube.close()


async def _finished(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> bool:
    """Await `work` unless `stop` comes first; tells which it was."""
    task = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        await _cancel([task])
        return False
    await _cancel([stopped])
    task.result()
    return True


async def _serve(
    settings: Settings,
    kube: Kube,
    *,
    vitals: Vitals,
    stop: asyncio.Event,
    on_watching: Callable[[], None],
) -> None:
    parts = _assemble(settings, kube)
    vitals.queue, vitals.resync = parts.queue, parts.resync
    steps = _Steps()
    stop_watching = asyncio.Event()
    workers = [
        asyncio.create_task(
            _after(steps.looked, lambda: work(parts.queue, parts.reconciler.reconcile)),
            name=f"worker-{number}",
        )
        for number in range(_WORKERS)
    ]
    background = [asyncio.create_task(part) for part in parts.background()]
    background.append(asyncio.create_task(_after(steps.listed, parts.sampler.run)))
    background.append(asyncio.create_task(preflight.warn_about_kafka(parts.clients)))
    checked_once = background[-1]
    watch = asyncio.create_task(
        handlers.watch(
            streams=parts.streams,
            deployments=parts.deployments,
            queue=parts.queue,
            namespaces=settings.watch_namespaces,
            ready=steps.watching,
            stop=stop_watching,
        ),
        name="watch",
    )
    stopped = asyncio.create_task(stop.wait(), name="stop")
    started = asyncio.create_task(_start(parts, steps, vitals, on_watching))
    essential = [watch, stopped, *workers, *(task for task in background if task != checked_once)]
    try:
        await asyncio.wait(essential, return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in essential if task.done()]
    finally:
        vitals.not_ready = "it is shutting down"
        # Workers first: kopf waits for every task that it finds alive.
        parts.queue.close()
        steps.looked.set()
        await asyncio.wait(workers, timeout=_FINISH_WITHIN_S)
        await _cancel([*workers, *background, stopped, started])
        stop_watching.set()
        with contextlib.suppress(Exception):  # raised below if that is what ended us
            await watch
        for client in parts.clients.values():
            await client.close()
    for task in ended:
        if not task.cancelled():
            task.result()


@dataclass(frozen=True, slots=True)
class _Steps:
    """How far the start has come: kopf watches; all streams are listed; all are looked at."""

    watching: asyncio.Event = field(default_factory=asyncio.Event)
    listed: asyncio.Event = field(default_factory=asyncio.Event)
    looked: asyncio.Event = field(default_factory=asyncio.Event)


async def _start(
    parts: _Parts, steps: _Steps, vitals: Vitals, on_watching: Callable[[], None]
) -> None:
    """Let the work begin, and be ready, when all that exists is known and looked at."""
    await steps.watching.wait()
    on_watching()
    while not await parts.resync.attempt():  # noqa: ASYNC110 it is an attempt, not a flag
        await asyncio.sleep(_BEAT_S)
    steps.listed.set()
    await parts.first_look.take()
    steps.looked.set()
    vitals.not_ready = None
    _log.info("watching streams")


async def _after(event: asyncio.Event, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await event.wait()
    await task()


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Parts:
    queue: WorkQueue[str]
    streams: Streams
    deployments: Store
    clients: Mapping[str, KafkaClient]
    feed: StatusFeed
    resync: Resync
    sampler: LagSampler
    reconciler: Reconciler
    first_look: FirstLook
    status_topic: str

    def background(self) -> list[Coroutine[Any, Any, None]]:
        """Return what runs for ever beside workers, sampler and watch."""
        feeds = [self.feed.run(client, self.status_topic) for client in self.clients.values()]
        return [self.resync.run(), self.feed.watch_silence(), *feeds]


def _assemble(settings: Settings, kube: Kube) -> _Parts:
    queue: WorkQueue[str] = WorkQueue()
    streams, deployments = Streams(), Store()
    samples: dict[str, LagSample] = {}
    directory = settings.kafka_connections_dir
    clients = {name: KafkaClient(directory / name) for name in settings.pods.kafka}
    feed = StatusFeed(queue.add)
    scaler = Scaler(deployments, feed)

    async def claim(stream: VideoStream, topic: Mapping[str, object]) -> None:
        status = {**stream.raw_status, "topic": topic}
        streams.put(await kube.apply_status(stream.key, stream.metadata.uid, status))

    provisioner = Provisioner(clients, claim)
    metrics.QUEUE_DEPTH.set_function(lambda: queue.depth)
    metrics.QUEUE_OLDEST_SECONDS.set_function(lambda: queue.oldest_wait_s)
    metrics.STREAMS.set_function(lambda: len(streams))
    REGISTRY.register(ScalingCollector(scaler, samples))
    sampler = LagSampler(
        clients=clients,
        streams=streams,
        samples=samples,
        scaler=scaler,
        queue=queue,
        period_s=settings.lag_sweep_period_s,
    )
    return _Parts(
        queue=queue,
        streams=streams,
        deployments=deployments,
        clients=clients,
        feed=feed,
        resync=Resync(
            kube=kube,
            streams=streams,
            deployments=deployments,
            feed=feed,
            queue=queue,
            namespaces=settings.watch_namespaces,
            period_s=settings.resync_period_s,
        ),
        sampler=sampler,
        reconciler=Reconciler(
            kube=kube,
            streams=streams,
            deployments=deployments,
            provisioner=provisioner,
            deletion=Deletion(kube, streams, provisioner),
            feed=feed,
            lag=samples,
            scaler=scaler,
            pods=settings.pods,
            events=Recorder(kube),
        ),
        first_look=FirstLook(streams, sampler, feed, tuple(clients)),
        status_topic=settings.status_topic,
    )
