"""Puts the product on the cluster the way a user does: helm install, kubectl apply."""

from pathlib import Path

from cluster.images import build_images, ensure_image, try_image
from cluster.kind import kubectl, load, up
from demo.helm import helm

ROOT = Path(__file__).parent.parent
RELEASE = "vs"
NAMESPACE = "video"


def load_images() -> bool:
    """Build our images and load all images into the cluster; returns whether Grafana is there.

    Grafana exists as a container image only, so where none can be pulled it is left out.
    """
    up()
    ours = build_images().values()
    grafana = try_image("grafana")
    load(*ours, ensure_image("kafka"), ensure_image("influxdb"), *grafana)
    return bool(grafana)


def create_namespace(namespace: str = NAMESPACE) -> None:
    """Create the namespace with Pod Security "restricted" enforced, as a careful admin would."""
    manifest = kubectl("create", "namespace", namespace, "--dry-run=client", "--output", "yaml")
    kubectl("apply", "--filename", "-", stdin=manifest)
    label = "pod-security.kubernetes.io/enforce=restricted"
    kubectl("label", "namespace", namespace, label, "--overwrite")


def install_chart(*, namespace: str = NAMESPACE, grafana: bool) -> None:
    """Install or upgrade the chart and wait until Kafka, InfluxDB and the controller are ready."""
    helm(
        *("upgrade", "--install", RELEASE, str(ROOT / "charts" / "videostream")),
        *("--namespace", namespace),
        *("--values", str(ROOT / "charts" / "presets" / "kind.yaml")),
        *("--set", f"grafana.enabled={str(grafana).lower()}"),
        *("--wait", "--timeout", "8m"),
    )


def install_camera(*, namespace: str = NAMESPACE) -> None:
    """Start the simulated camera and wait until it serves."""
    manifest = ROOT / "images" / "camera" / "camera.yaml"
    kubectl("apply", "--namespace", namespace, "--filename", str(manifest))
    kubectl(
        *("rollout", "status", "deployment/camera", "--namespace", namespace),
        *("--timeout", "180s"),
    )


def apply_stream(*, namespace: str = NAMESPACE) -> None:
    """Apply the demo's VideoStream."""
    manifest = ROOT / "demo" / "stream.yaml"
    kubectl("apply", "--namespace", namespace, "--filename", str(manifest))
