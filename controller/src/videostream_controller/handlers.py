"""The eyes: kopf watches, and every event only updates a store and queues a key.

Nothing else imports kopf. Its change handlers, timers and indices are not used: they write
annotations and finalizers, lose updates, or slow a start down (docs/controller.md).
"""

from __future__ import annotations

import dataclasses
import logging
import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import kopf

from videostream_controller import metrics
from videostream_controller.api import (
    GROUP,
    PAUSED_ANNOTATION,
    PLURAL,
    SKIP_CLEANUP_ANNOTATION,
    VERSION,
)
from videostream_controller.kube import MANAGED_SELECTOR
from videostream_controller.store import key_of
from videostream_controller.streams import stream_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from videostream_controller.store import Body, Store
    from videostream_controller.workqueue import WorkQueue

_LOGIN_EVERY: Final = timedelta(minutes=5)  # projected service account tokens rotate


async def watch(
    *,
    streams: Store,
    deployments: Store,
    queue: WorkQueue[str],
    namespaces: tuple[str, ...],
    ready: asyncio.Event,
    stop: asyncio.Event,
) -> None:
    """Feed stores and queue until `stop`; namespaces empty means all of them."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(_login)

    async def on_stream(event: kopf.RawEvent, **_: Any) -> None:
        _note("videostreams")
        on_stream_event(streams, queue, event=event["type"], body=_plain(event))

    async def on_deployment(event: kopf.RawEvent, **_: Any) -> None:
        _note("deployments")
        on_deployment_event(deployments, queue, event=event["type"], body=_plain(event))

    kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)(on_stream)
    kopf.on.event("apps", "v1", "deployments", registry=registry)(on_deployment)
    await kopf.operator(
        registry=registry,
        settings=_settings(),
        clusterwide=not namespaces,
        namespaces=namespaces,
        ready_flag=ready,
        stop_flag=stop,
    )


def on_stream_event(
    streams: Store, queue: WorkQueue[str], *, event: str | None, body: Body
) -> None:
    """Take a watch event of a VideoStream in."""
    key = key_of(body)
    if event == "DELETED":
        streams.remove(body)
        queue.add(key)
        return
    before = streams.get(key)
    if streams.put(body) and (event is None or before is None or _matters(before, body)):
        queue.add(key)


def on_deployment_event(
    deployments: Store, queue: WorkQueue[str], *, event: str | None, body: Body
) -> None:
    """Take a watch event of a Deployment in and wake the stream that owns it."""
    if event == "DELETED":
        deployments.remove(body)
    elif not deployments.put(body):
        return
    if key := stream_of(body):
        queue.add(key)


def _matters(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell a change that we act on from one that we made: status and finalizers are ours."""
    return _acted_on(before) != _acted_on(after)


def _acted_on(body: Mapping[str, Any]) -> tuple[object, ...]:
    metadata = body["metadata"]
    annotations = metadata.get("annotations") or {}
    return (
        metadata["uid"],
        metadata.get("generation"),
        metadata.get("deletionTimestamp"),
        annotations.get(PAUSED_ANNOTATION),
        annotations.get(SKIP_CLEANUP_ANNOTATION),
    )


def _plain(event: kopf.RawEvent) -> Body:
    """Return the object as it was sent: kopf's view of it is slow to read."""
    return cast("Body", event["object"])


def _note(resource: str) -> None:
    metrics.WATCH_LAST_EVENT.labels(resource).set(time.time())


def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    by_file = kopf.login_with_kubeconfig(**kwargs) if os.environ.get("KUBECONFIG") else None
    found = by_file or kopf.login_with_service_account(**kwargs)
    if found is None:
        return None
    return dataclasses.replace(found, expiration=datetime.now(UTC) + _LOGIN_EVERY)


class _NoEssence(kopf.DiffBaseStorage):
    """No last-handled state: to copy the object for it took most of an event's time."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Return nothing to compare."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        """Know of nothing that was handled."""

    def store(self, **_: Any) -> None:
        """Write nothing onto the object."""


class _NoProgress(kopf.ProgressStorage):
    """No progress of handlers: event handlers have none."""

    def fetch(self, **_: Any) -> None:
        """Know of no progress."""

    def store(self, **_: Any) -> None:
        """Write nothing onto the object."""

    def purge(self, **_: Any) -> None:
        """Have nothing to remove."""

    def touch(self, **_: Any) -> None:
        """Leave the object alone."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """Return the essence, in which there is no progress."""
        return essence


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False  # events are ours, aggregated
    settings.posting.loggers = False
    settings.peering.standalone = True  # a stray peering object must not pause us
    # Insurance only: event handlers write none. In our domain, should that ever change.
    settings.persistence.finalizer = f"{GROUP}/kopf"
    settings.persistence.progress_storage = _NoProgress()
    settings.persistence.diffbase_storage = _NoEssence()
    # By the server: a filter of the decorator would download every Deployment there is.
    settings.watching.label_selectors["apps", "v1", "deployments"] = MANAGED_SELECTOR
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.enforce_retry_after = True
    settings.scanning.disabled = True  # the start-up checks know that the CRD is served
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    return settings
