"""The field reference for users names every field, with the default that the CRD has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.crd import CRD_FILE, crd_version, nodes

if TYPE_CHECKING:
    from tests.support.crd import Schema

_PAGE = (CRD_FILE.parents[1] / "docs" / "videostream.md").read_text()
_LEAVES = [
    (path.removeprefix("spec."), node)
    for path, node in nodes()
    if path.startswith("spec.")
    and ".pod" not in path
    and "properties" not in node
    and not path.endswith(("[]", "{}", "[][]"))
    and path not in ("spec.zones", "spec.signals")
]


@pytest.mark.parametrize(("field", "node"), _LEAVES, ids=[field for field, _ in _LEAVES])
def test_reference_has_the_field_and_its_default(field: str, node: Schema) -> None:
    [row] = [line for line in _PAGE.splitlines() if line.startswith(f"| `{field}` |")]
    shown = row.split("|")[2].strip()
    if "default" in node:
        default = node["default"]
        assert shown == f"`{default if isinstance(default, str) else json.dumps(default)}`"
    else:
        assert shown in ("", "required")


def _fields_of(parent: str) -> dict[str, Schema]:
    """Return the fields right below one, by name."""
    below = f"{parent}."
    named = [(path.removeprefix(below), node) for path, node in nodes() if path.startswith(below)]
    found = {name: node for name, node in named if name.isalpha()}
    assert found, f"there is no {parent} any more"
    return found


def test_reference_names_every_field_of_pods() -> None:
    section = _PAGE.partition("## Pods")[2].partition("## ")[0]
    for name in _fields_of("spec.producer.pod"):
        assert f"`{name}`" in section


def test_reference_names_every_field_of_scalings_status() -> None:
    [row] = [line for line in _PAGE.splitlines() if line.startswith("| `scaling` |")]
    for name, node in _fields_of("status.scaling").items():
        assert f"`{name}`" in row
        assert all(choice in row for choice in node.get("enum", []))


def test_reference_names_every_column() -> None:
    section = _PAGE.partition("## Reading a stream")[2].partition("## ")[0]
    for column in crd_version()["additionalPrinterColumns"]:
        assert column["name"].upper() in section
