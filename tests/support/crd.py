"""The CRD file as data: its schema's nodes by path, and its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CRD_FILE = Path(__file__).parents[2] / "crds" / "videostreams.yaml"
EXAMPLES = CRD_FILE.parent / "examples"

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One CEL rule: the node that has it, and what it says when it is broken."""

    path: str
    rule: str
    message: str


@cache
def crd_version() -> Schema:
    """Return the one version of the CRD."""
    (version,) = yaml.safe_load(CRD_FILE.read_text())["spec"]["versions"]
    found: Schema = version
    return found


def schema() -> Schema:
    """Return the OpenAPI schema of the whole object."""
    found: Schema = crd_version()["schema"]["openAPIV3Schema"]
    return found


def nodes(node: Schema | None = None, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield each node of the schema with its path: `spec.zones[]` for items, `{}` for values."""
    node = schema() if node is None else node
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}" if path else name)
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")
    if isinstance(node.get("additionalProperties"), Mapping):
        yield from nodes(node["additionalProperties"], path + "{}")


def rules() -> list[Rule]:
    """Return all CEL rules."""
    return [
        Rule(path=path, rule=rule["rule"], message=rule["message"])
        for path, node in nodes()
        for rule in node.get("x-kubernetes-validations", [])
    ]
