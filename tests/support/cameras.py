"""Further simulated cameras on the kind cluster, beside the one that the release has."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import yaml

from cluster.kind import kubectl
from demo.deploy import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Manifest = dict[str, Any]


def camera_container(namespace: str) -> Manifest:
    """Give the camera's container, with the image that the cluster holds."""
    return _container_of(_manifests(namespace))


@contextmanager
def another_camera(name: str, *, namespace: str, env: Mapping[str, str]) -> Iterator[str]:
    """Run a camera with these settings (docs/camera.md) for a `with` block; gives its URL."""
    manifests = [_renamed(manifest, name) for manifest in _manifests(namespace)]
    settings = [{"name": key, "value": value} for key, value in env.items()]
    _container_of(manifests).setdefault("env", []).extend(settings)
    bundle = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    kubectl("apply", "--namespace", namespace, "--filename", "-", stdin=bundle)
    try:
        kubectl(
            *("rollout", "status", f"deployment/{name}", "--namespace", namespace),
            *("--timeout", "120s"),
        )
        yield f"rtsp://{name}:8554/stream"
    finally:
        kubectl("delete", "deployment,service", name, "--namespace", namespace)


def _manifests(namespace: str) -> list[Manifest]:
    text = (ROOT / "images" / "camera" / "camera.yaml").read_text()
    manifests = [manifest for manifest in yaml.safe_load_all(text) if manifest]
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    image = kubectl("get", "deployment", "camera", "--namespace", namespace, "--output", path)
    _container_of(manifests)["image"] = image
    return manifests


def _container_of(manifests: list[Manifest]) -> Manifest:
    deployment = next(item for item in manifests if item["kind"] == "Deployment")
    container: Manifest = deployment["spec"]["template"]["spec"]["containers"][0]
    return container


def _renamed(manifest: Manifest, name: str) -> Manifest:
    labels = {"app.kubernetes.io/name": name}
    manifest["metadata"] |= {"name": name, "labels": labels}
    if manifest["kind"] == "Service":
        manifest["spec"]["selector"] = labels
    else:
        manifest["spec"]["selector"] = {"matchLabels": labels}
        manifest["spec"]["template"]["metadata"]["labels"] = labels
    return manifest
