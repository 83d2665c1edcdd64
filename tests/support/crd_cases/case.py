"""One case of a rule, and short ways to write the specs of cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Spec = Mapping[str, Any]

SQUARE = [[0, 0], [1000, 0], [1000, 1000], [0, 1000]]


@dataclass(frozen=True, slots=True)
class Case:
    """A rule (node and a piece of its message), the field it complains of, and two objects."""

    node: str
    says: str
    field: str
    bad: Spec
    good: Spec
    old: Spec | None = None
    bad_name: str = "stream"
    good_name: str = "stream"

    @property
    def label(self) -> str:
        """Name the case for the test report."""
        return f"{self.node or 'root'}: {self.says}"


def whole(difference: Spec) -> dict[str, Any]:
    """Return the smallest valid spec with a difference merged into it."""
    smallest = {"source": {"url": "rtsp://camera.example/stream"}}
    return _merge(smallest, difference)


def _merge(base: Spec, difference: Spec) -> dict[str, Any]:
    merged = dict(base)
    for key, value in difference.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = _merge(merged.get(key, {}), value)
        else:
            merged[key] = value
    return merged


def source(**fields: Any) -> Spec:
    """Return the spec of a camera's source with these fields."""
    return {"source": fields}


def file_source(**fields: Any) -> Spec:
    """Return the spec of a file's source with these fields."""
    fields_of_file = {"url": "file:///media/clip.mp4", "volume": {"configMap": {"name": "clips"}}}
    return {"source": {**fields_of_file, **fields}}


def topic(**fields: Any) -> Spec:
    """Return the spec of a topic with these fields."""
    return {"kafka": {"topic": fields}}


def consumer(mode: str, **fields: Any) -> Spec:
    """Return the spec of a consumer scaled in this mode."""
    scaling = {"mode": mode, **fields.pop("scaling", {})}
    return {"consumer": {"scaling": scaling, **fields}}


def signal(**fields: Any) -> Spec:
    """Return the spec of one Brightness signal, or what the fields make of it."""
    return {"signals": [{"name": "light", "type": "Brightness", **fields}]}


def zone(name: str) -> Spec:
    """Return the spec of one zone with this name."""
    return {"zones": [{"name": name, "points": SQUARE}]}


def tags(**tags: str) -> Spec:
    """Return the spec of these tags."""
    return {"influx": {"tags": tags}}


def at(path: str, value: Any) -> Spec:
    """Return the spec that holds one value, by its path below `spec.`."""
    for part in reversed(path.removeprefix("spec.").split(".")):
        value = {part: value}
    spec: Spec = value
    return spec
