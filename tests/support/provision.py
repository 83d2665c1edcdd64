"""What the selected tests need is built before the first of them, outside of their time-outs.

On a fresh machine that takes long, and nothing once it is cached: fixtures ask for the same again
and find it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cluster import kind
from cluster.images import build_images, ensure_image
from cluster.tools import tool

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

# Helm too: a controller under test has the rights that the rendered chart gives it.
_TOOLS: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "helm")


def _build_tools() -> None:
    for name in _TOOLS:
        tool(name)


def _start_cluster() -> None:
    kind.up()
    build_images()


_BY_MARKER: Final[dict[str, Callable[[], object]]] = {
    "api": _build_tools,
    "chart": _build_tools,
    "kafka": lambda: ensure_image("kafka"),
    "influx": lambda: ensure_image("influxdb"),
    "camera": lambda: build_images(["camera"]),
    "e2e": _start_cluster,
}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what is absent; raises StepFailedError, which ends the run."""
    if session.config.option.collectonly:
        return
    marks = {mark.name for item in session.items for mark in item.iter_markers()}
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # who waits sees what for
        for mark, build in _BY_MARKER.items():
            if mark in marks:
                build()
