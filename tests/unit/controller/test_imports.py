"""The import law of the controller: one door to each system, and pure modules that stay pure."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import videostream_controller

PACKAGE = Path(videostream_controller.__file__).parent
PURE = (
    *("plan", "applied", "topic", "scaling", "conditions", "checks", "status", "manifests"),
    "observed",
    *("api/model", "api/parse", "api/fields", "api/defaults", "api/signals"),
)
PURE_MAY_IMPORT = {f"videostream_controller.{name.replace('/', '.')}" for name in PURE} | {
    "videostream_controller",
    "videostream_controller.api",
    "videostream_controller.autoscaling",
    "videostream_controller.settings",
    "videostream_pipeline.status",
    "videostream_pipeline.duration",
    "videostream_pipeline.built_in_signals",
    "videostream_pipeline.signal_parameters",
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize(("library", "door"), [("kubernetes", "kube.py"), ("kopf", "handlers.py")])
def test_each_library_has_one_door(library: str, door: str) -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert users == {door}


def test_only_the_kafka_package_talks_to_kafka() -> None:
    users = {
        path.parent.name
        for path in PACKAGE.rglob("*.py")
        if any(name.split(".")[0] == "confluent_kafka" for name in imports(path))
    }
    assert users == {"kafka"}


def test_autoscaling_knows_nothing_but_itself() -> None:
    modules = list((PACKAGE / "autoscaling").glob("*.py"))
    assert modules
    for path in modules:
        others = {one for one in imports(path) if one.split(".")[0] not in sys.stdlib_module_names}
        assert all(one.startswith("videostream_controller.autoscaling") for one in others), path


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_import_nothing_that_has_effects(name: str) -> None:
    ours = {one for one in imports(PACKAGE / f"{name}.py") if one.startswith("videostream_")}
    assert ours <= PURE_MAY_IMPORT
    third_party = {"kubernetes", "kopf", "confluent_kafka", "aiohttp", "prometheus_client"}
    assert not {one.split(".")[0] for one in imports(PACKAGE / f"{name}.py")} & third_party
