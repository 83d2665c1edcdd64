"""Pods on the kind cluster that run a small Python server, each with a Service of its name."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cluster.kind import kubectl
from tests.support.cameras import camera_container

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET_DIR = "/secret"


@contextmanager
def server_pod(
    name: str, script: str, *, namespace: str, port: int, secret: str | None = None
) -> Iterator[str]:
    """Run the script for a `with` block; gives its host. The Secret is mounted at SECRET_DIR."""
    manifest = _manifest(name, script, camera=camera_container(namespace), secret=secret)
    kubectl("apply", "--namespace", namespace, "--filename", "-", stdin=json.dumps(manifest))
    try:
        kubectl("expose", "pod", name, f"--port={port}", "--namespace", namespace)
        kubectl(
            *("wait", "--for=condition=Ready", f"pod/{name}", "--namespace", namespace),
            "--timeout=60s",
        )
        yield name
    finally:
        kubectl(
            *("delete", "pod,service", name, "--namespace", namespace),
            *("--wait=false", "--ignore-not-found"),
        )


def _manifest(
    name: str, script: str, *, camera: dict[str, Any], secret: str | None
) -> dict[str, Any]:
    """Describe the pod; the camera's image has the Python that it needs and is on the node."""
    volumes = [{"name": "secret", "secret": {"secretName": secret}}] if secret else []
    mounts = [{"name": "secret", "mountPath": SECRET_DIR, "readOnly": True}] if secret else []
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "terminationGracePeriodSeconds": 0,
            "volumes": volumes,
            "containers": [
                {
                    "name": name,
                    "image": camera["image"],
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python3", "-c", script],
                    "securityContext": camera["securityContext"],
                    "volumeMounts": mounts,
                }
            ],
        },
    }
