"""The store: newest body wins, and a relist drops what is gone."""

from __future__ import annotations

from tests.support.bodies import Body, body
from videostream_controller.store import Store, key_of


def at(version: int, *, name: str = "cam", uid: str = "uid-1") -> Body:
    return body(name=name, resourceVersion=str(version), uid=uid)


def test_an_older_body_never_replaces_a_newer_one() -> None:
    store = Store()
    assert store.put(at(10))
    assert not store.put(at(9))
    assert not store.put(at(10))
    assert store.put(at(100)), "versions are numbers, not texts"
    assert store.get("video/cam") == at(100)


def test_the_end_of_a_former_object_does_not_remove_its_successor() -> None:
    store = Store()
    store.put(at(20, uid="uid-2"))
    store.remove(at(19, uid="uid-1"))
    assert store.get("video/cam") is not None
    store.remove(at(21, uid="uid-2"))
    assert store.get("video/cam") is None


def test_a_relist_drops_what_is_gone_and_takes_what_is_new() -> None:
    store = Store()
    store.put(at(10, name="gone"))
    store.put(at(11, name="kept"))
    store.put(at(12, name="known"))
    listed = [at(12, name="kept"), at(13, name="new"), at(12, name="known")]
    missed = store.relist(listed, version=15, namespace=None)
    assert [key_of(body) for body in missed.gone] == ["video/gone"]
    assert [key_of(body) for body in missed.changed] == ["video/kept", "video/new"]
    assert list(missed) == [*missed.changed, *missed.gone]
    assert sorted(store.keys()) == ["video/kept", "video/known", "video/new"]
    assert store.get("video/kept") == at(12, name="kept")


def test_a_relist_does_not_drop_what_is_newer_than_the_list() -> None:
    store = Store()
    store.put(at(20, name="born-while-listing"))
    assert not list(store.relist([], version=15, namespace=None))
    assert len(store) == 1


def test_a_relist_of_one_namespace_leaves_the_others() -> None:
    store = Store()
    store.put(at(10))
    assert not list(store.relist([], version=15, namespace="other"))
    assert store.relist([], version=15, namespace="video").gone == [at(10)]


def test_of_the_owners_of_fields_only_that_of_replicas_is_kept() -> None:
    def owner(manager: str, fields: Body) -> Body:
        return {"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": fields}}

    scaler = owner("videostream-scaler", {"f:replicas": {}})
    sent = at(10)
    sent["metadata"]["managedFields"] = [owner("other", {"f:paused": {}}), scaler]
    store = Store()
    store.put(sent)
    held = store.get("video/cam")
    assert held is not None
    assert held["metadata"]["managedFields"] == [scaler]
    assert len(sent["metadata"]["managedFields"]) == 2, "what was sent is left as it was"
