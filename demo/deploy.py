"""Puts the product on the cluster the way a user does: helm install, kubectl apply."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster.images import build_images, ensure_image, tag_by_content, try_image
from cluster.kind import kubectl, load, up
from demo.helm import helm

ROOT = Path(__file__).parent.parent
RELEASE = "vs"
NAMESPACE = "video"


@dataclass(frozen=True, slots=True)
class Images:
    """What the cluster's node holds: references of our images by name, and whether Grafana's."""

    ours: Mapping[str, str]
    grafana: bool


def load_images() -> Images:
    """Build our images and load all images into the cluster.

    Grafana exists as a container image only, so where none can be pulled it is left out.
    """
    up()
    ours = {name: tag_by_content(reference) for name, reference in build_images().items()}
    grafana = try_image("grafana")
    load(*ours.values(), ensure_image("kafka"), ensure_image("influxdb"), *grafana)
    return Images(ours, grafana=bool(grafana))


def create_namespace(namespace: str = NAMESPACE) -> None:
    """Create the namespace with Pod Security "restricted" enforced, as a careful admin would."""
    manifest = kubectl("create", "namespace", namespace, "--dry-run=client", "--output", "yaml")
    kubectl("apply", "--filename", "-", stdin=manifest)
    label = "pod-security.kubernetes.io/enforce=restricted"
    kubectl("label", "namespace", namespace, label, "--overwrite")


def install_chart(images: Images, *, namespace: str = NAMESPACE) -> None:
    """Install or upgrade the chart and wait until Kafka, InfluxDB and the controller are ready."""
    helm(
        *("upgrade", "--install", RELEASE, str(ROOT / "charts" / "videostream")),
        *("--namespace", namespace),
        *("--values", str(ROOT / "charts" / "presets" / "kind.yaml")),
        *("--set", f"grafana.enabled={str(images.grafana).lower()}"),
        *("--set", f"controller.image.ref={images.ours['controller']}"),
        *("--set", f"streams.producer.image.ref={images.ours['producer']}"),
        *("--set", f"streams.consumer.image.ref={images.ours['consumer']}"),
        *("--wait", "--timeout", "8m"),
    )


def install_camera(images: Images, *, namespace: str = NAMESPACE) -> None:
    """Start the simulated camera and wait until it serves."""
    manifest = ROOT / "images" / "camera" / "camera.yaml"
    kubectl("apply", "--namespace", namespace, "--filename", str(manifest))
    image = f"camera={images.ours['camera']}"
    kubectl("set", "image", "deployment/camera", image, "--namespace", namespace)
    kubectl(
        *("rollout", "status", "deployment/camera", "--namespace", namespace),
        *("--timeout", "180s"),
    )


def apply_stream(*, namespace: str = NAMESPACE) -> None:
    """Apply the demo's VideoStream."""
    manifest = ROOT / "demo" / "stream.yaml"
    kubectl("apply", "--namespace", namespace, "--filename", str(manifest))
