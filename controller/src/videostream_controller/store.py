"""The newest bodies of what we watch, so that a worker decides on the last word, not on an event.

Fed by the watch, by the API server's answers to our own writes and by the periodic relist, which
also drops what was deleted while nobody was watching. Thousands of bodies are held, which are
alike: they share their texts, and of who owns which field only what is asked for is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from sys import intern
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Body = dict[str, Any]


def key_of(body: Mapping[str, Any]) -> str:
    """Return `<namespace>/<name>` of an object."""
    metadata = body["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}"


def _version(body: Mapping[str, Any]) -> int:
    # Comparing resource versions as integers is documented API since Kubernetes 1.35.
    return int(body["metadata"]["resourceVersion"])


def _kept(body: Body) -> Body:
    """Return what is worth its memory of a body; of the owners of fields that is replicas'."""
    kept: Body = _shared(body)
    if owners := kept["metadata"].get("managedFields"):
        kept["metadata"]["managedFields"] = list(filter(_owns_replicas, owners))
    return kept


def _owns_replicas(entry: Mapping[str, Any]) -> bool:
    return "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})


def _shared(value: Any) -> Any:
    """Return the value with texts that are one object wherever they are the same."""
    match value:
        case dict():
            return {intern(name): _shared(one) for name, one in value.items()}
        case list():
            return [_shared(one) for one in value]
        case str():
            return intern(value)
    return value


@dataclass(frozen=True, slots=True)
class Missed:
    """What a list has shown: objects that are new or newer, and those that are no longer there."""

    changed: list[Body]
    gone: list[Body]

    def __iter__(self) -> Iterator[Body]:
        return iter([*self.changed, *self.gone])


class Store:
    """Objects of one resource by key; an older body never replaces a newer one."""

    def __init__(self) -> None:
        self._bodies: dict[str, Body] = {}

    def put(self, body: Body) -> bool:
        """Keep the body; False if what we hold is as new or newer."""
        key = key_of(body)
        held = self._bodies.get(key)
        if held is not None and _version(held) >= _version(body):
            return False
        self._bodies[key] = _kept(body)
        return True

    def remove(self, body: Mapping[str, Any]) -> None:
        """Drop the object, unless one of the same name has been created after it."""
        key = key_of(body)
        held = self._bodies.get(key)
        if held is not None and held["metadata"]["uid"] == body["metadata"]["uid"]:
            del self._bodies[key]

    def get(self, key: str) -> Body | None:
        """Return the newest body."""
        return self._bodies.get(key)

    def keys(self) -> list[str]:
        """Return all keys that are held now."""
        return list(self._bodies)

    def relist(self, bodies: Iterable[Body], *, version: int, namespace: str | None) -> Missed:
        """Adopt the full list of a namespace (None: of all) as of a resource version.

        Gives what was not known: nothing while the watch tells us everything.
        """
        listed = {key_of(body): body for body in bodies}
        gone = [
            held
            for key, held in self._bodies.items()
            if key not in listed
            and namespace in {None, held["metadata"]["namespace"]}
            and _version(held) <= version
        ]
        for body in gone:
            del self._bodies[key_of(body)]
        return Missed([body for body in listed.values() if self.put(body)], gone)

    def __iter__(self) -> Iterator[Body]:
        return iter(list(self._bodies.values()))

    def __len__(self) -> int:
        return len(self._bodies)
