"""Watch events: which wake a stream, and which of our own writes do not."""

from __future__ import annotations

from typing import Any, cast

import kopf
import pytest

from tests.support.bodies import body
from videostream_controller.handlers import _settings, on_deployment_event, on_stream_event
from videostream_controller.store import Store
from videostream_controller.workqueue import WorkQueue


def drain(queue: WorkQueue[str]) -> list[str]:
    found = []
    while (key := queue.pop()) is not None:
        queue.done(key)
        found.append(key)
    return found


def deployment(version: int, **metadata: Any) -> dict[str, Any]:
    owner = {"controller": True, "kind": "VideoStream", "name": "cam", "uid": "uid-1"}
    return {
        "metadata": {
            "namespace": "video",
            "name": "cam-producer",
            "uid": "uid-2",
            "resourceVersion": str(version),
            "ownerReferences": [owner],
            **metadata,
        }
    }


@pytest.mark.parametrize("event", [None, "ADDED"])
def test_a_stream_that_appears_is_queued(event: str | None) -> None:
    store, queue = Store(), WorkQueue[str]()
    on_stream_event(store, queue, event=event, body=body())
    assert drain(queue) == ["video/cam"]


@pytest.mark.parametrize(
    ("change", "wakes"),
    [
        ({"generation": 2}, True),
        ({"deletionTimestamp": "2026-11-24T12:00:00Z"}, True),
        ({"annotations": {"videostream.dev/paused": "true"}}, True),
        ({"annotations": {"videostream.dev/skip-cleanup": "true"}}, True),
        ({"annotations": {"other": "x"}}, False),
        ({"labels": {"other": "x"}}, False),
        ({"finalizers": []}, False),
    ],
)
def test_only_what_we_act_on_wakes_a_stream(change: dict[str, Any], wakes: bool) -> None:  # noqa: FBT001
    store, queue = Store(), WorkQueue[str]()
    store.put(body())
    after = body(status={"observedGeneration": 1}, **({"resourceVersion": "11"} | change))
    on_stream_event(store, queue, event="MODIFIED", body=after)
    assert drain(queue) == (["video/cam"] if wakes else [])
    assert store.get("video/cam") == after, "the store always has the newest"


def test_a_deleted_stream_is_queued_to_be_forgotten() -> None:
    store, queue = Store(), WorkQueue[str]()
    store.put(body())
    on_stream_event(store, queue, event="DELETED", body=body(resourceVersion="12"))
    assert drain(queue) == ["video/cam"]
    assert store.get("video/cam") is None


@pytest.mark.parametrize("event", [None, "ADDED", "MODIFIED", "DELETED"])
def test_every_news_of_a_child_wakes_its_stream(event: str | None) -> None:
    store, queue = Store(), WorkQueue[str]()
    on_deployment_event(store, queue, event=event, body=deployment(5))
    assert drain(queue) == ["video/cam"]


def test_an_answer_to_our_own_apply_does_not_wake_its_stream_again() -> None:
    store, queue = Store(), WorkQueue[str]()
    store.put(deployment(5))
    on_deployment_event(store, queue, event="MODIFIED", body=deployment(5))
    assert drain(queue) == []


def test_a_child_that_lost_its_owner_is_known_by_its_label() -> None:
    store, queue = Store(), WorkQueue[str]()
    child = deployment(5, ownerReferences=[], labels={"videostream.dev/stream": "cam"})
    on_deployment_event(store, queue, event="MODIFIED", body=child)
    assert drain(queue) == ["video/cam"]


def test_kopf_copies_nothing_of_an_object_and_writes_nothing_onto_it() -> None:
    kept = _settings().persistence
    seen, patch = kopf.Body(cast("kopf.RawBody", body())), kopf.Patch()
    essence = kept.diffbase_storage.build(body=seen)
    kept.diffbase_storage.store(body=seen, patch=patch, essence=essence)
    kept.progress_storage.touch(body=seen, patch=patch, value="now")
    assert not essence
    assert not patch
    assert kept.diffbase_storage.fetch(body=seen) is None
