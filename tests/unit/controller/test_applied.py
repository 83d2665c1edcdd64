"""What of a live Deployment shows that an apply would change nothing."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.bodies import PODS, stream
from videostream_controller import manifests
from videostream_controller.applied import is_applied, remember, signed
from videostream_controller.observed import Child

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = signed(manifests.consumer(stream(), PODS, replicas=3))


def served(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what an API server lists after an apply: the manifest and fields of its own."""
    live = {part: deepcopy(manifest[part]) for part in ("metadata", "spec")}
    live["metadata"] |= {"uid": "d-1", "generation": 1, "resourceVersion": "7"}
    live["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1"
    live["spec"]["progressDeadlineSeconds"] = 600
    live["spec"]["template"]["spec"]["containers"][0]["terminationMessagePath"] = "/dev/x"
    return live


def places(document: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """Give the path of each single value."""
    match document:
        case dict():
            for name, value in document.items():
                yield from places(value, *path, name)
        case list():
            for number, value in enumerate(document):
                yield from places(value, *path, number)
        case _:
            yield path


PLACES = [path for path in places(MANIFEST) if path[0] in {"metadata", "spec"}]


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


def test_what_a_manifest_made_can_be_seen_without_a_memory() -> None:
    assert is_applied(MANIFEST, Child(served(MANIFEST)))
    assert not is_applied(MANIFEST, Child(None))


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_no_value_can_be_changed_or_taken_away_unseen(path: tuple[Any, ...]) -> None:
    changed, cut = served(MANIFEST), served(MANIFEST)
    at(changed, path[:-1])[path[-1]] = "of a stranger"
    assert not is_applied(MANIFEST, Child(changed))
    del at(cut, path[:-1])[path[-1]]
    assert not is_applied(MANIFEST, Child(cut))


def test_what_a_manifest_no_longer_has_must_go() -> None:
    older = manifests.consumer(stream(), PODS, replicas=3)
    older["spec"]["template"]["spec"]["priorityClassName"] = "high"
    assert not is_applied(MANIFEST, Child(served(signed(older))))


def test_an_item_that_a_stranger_added_is_left_to_the_server() -> None:
    live = served(MANIFEST)
    live["spec"]["template"]["spec"]["containers"].append({"name": "sidecar"})
    assert not is_applied(MANIFEST, Child(live))
    assert is_applied(MANIFEST, Child(live, remember(MANIFEST, live)))


def test_a_value_that_the_server_writes_in_another_way_is_remembered() -> None:
    wanted = manifests.consumer(stream(), PODS, replicas=3)
    container = wanted["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"requests": {"cpu": "1000m"}}
    manifest = signed(wanted)
    live = served(manifest)
    live["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1"}}
    memory = remember(manifest, live)
    assert not is_applied(manifest, Child(live))
    assert is_applied(manifest, Child(live, memory))
    live["metadata"]["generation"] = 2
    assert not is_applied(manifest, Child(live, memory))


def test_the_same_stream_always_has_the_same_fingerprint() -> None:
    again = signed(manifests.consumer(stream(), PODS, replicas=3))
    other = signed(manifests.consumer(stream(), PODS, replicas=4))
    assert again == MANIFEST
    assert other["metadata"]["annotations"] != MANIFEST["metadata"]["annotations"]
