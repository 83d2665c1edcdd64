"""Kubernetes' own HorizontalPodAutoscaler drives a VideoStream of mode External, as the example."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.control_plane import start_controller_manager
from tests.support.crd import EXAMPLES
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.apiserver import ApiServer

pytestmark = pytest.mark.api


@pytest.fixture
def autoscaler(apiserver: ApiServer, tmp_path: Path) -> Iterator[None]:
    process = start_controller_manager(
        tmp_path,
        ["horizontal-pod-autoscaler-controller"],
        kubeconfig=apiserver.kubeconfig(),
        flags=["--horizontal-pod-autoscaler-sync-period=1s"],
    )
    yield
    process.kill()


@pytest.mark.usefixtures("autoscaler")
def test_hpa_brings_the_stream_into_its_bounds(apiserver: ApiServer, namespace: str) -> None:
    apiserver.kubectl("apply", "-n", namespace, "-f", EXAMPLES / "external-scaling.yaml")
    # Without metrics an HPA still keeps its bounds, so these are what this can be seen by.
    for low, high, wanted in ((3, 6, 3), (1, 2, 2)):
        bounds = json.dumps({"spec": {"minReplicas": low, "maxReplicas": high}})
        apiserver.kubectl("patch", "hpa", "plaza", "-n", namespace, f"--patch={bounds}")

        def is_followed(wanted: int = wanted) -> bool:
            stream = apiserver.get("vst", "plaza", namespace=namespace)
            return bool(stream["spec"]["consumer"]["replicas"] == wanted)

        eventually(is_followed, timeout_s=60, what=f"{wanted} as consumer.replicas")
