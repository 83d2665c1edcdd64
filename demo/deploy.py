"""Puts the product on the cluster the way a user does: helm install, kubectl apply."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from cluster.images import ensure_image

from demo.commands import helm, kubectl

ROOT = Path(__file__).parent.parent
RELEASE = "vs"
NAMESPACE = "video"


def grafana_available() -> bool:
    """Tell whether Grafana's official image can be had; it exists as a container image only."""
    try:
        ensure_image("grafana")
    except (LookupError, RuntimeError, subprocess.SubprocessError):
        return False
    return True


def create_namespace(namespace: str = NAMESPACE) -> None:
    """Create the namespace with Pod Security "restricted" enforced, as a careful admin would."""
    manifest = kubectl("create", "namespace", namespace, "--dry-run=client", "--output", "yaml")
    kubectl("apply", "--filename", "-", stdin=manifest)
    label = "pod-security.kubernetes.io/enforce=restricted"
    kubectl("label", "namespace", namespace, label, "--overwrite")


def install_chart(
    *, namespace: str = NAMESPACE, grafana: bool, settings: Sequence[str] = ()
) -> None:
    """Install or upgrade the chart and wait until Kafka, InfluxDB and the controller are ready."""
    helm(
        *("upgrade", "--install", RELEASE, str(ROOT / "charts" / "videostream")),
        *("--namespace", namespace),
        *("--values", str(ROOT / "charts" / "presets" / "kind.yaml")),
        *("--set", f"grafana.enabled={str(grafana).lower()}"),
        *(part for setting in settings for part in ("--set", setting)),
        *("--wait", "--timeout", "8m"),
    )


def install_camera(*, namespace: str = NAMESPACE) -> None:
    """Start the simulated camera and wait until it serves."""
    manifest = ROOT / "images" / "camera" / "camera.yaml"
    kubectl("apply", "--namespace", namespace, "--filename", str(manifest))
    kubectl(
        *("rollout", "status", "deployment/camera", "--namespace", namespace),
        *("--timeout", "180s"),
        timeout_s=200,
    )


def apply_stream(*, namespace: str = NAMESPACE) -> None:
    """Apply the demo's VideoStream."""
    manifest = ROOT / "demo" / "stream.yaml"
    kubectl("apply", "--namespace", namespace, "--filename", str(manifest))
