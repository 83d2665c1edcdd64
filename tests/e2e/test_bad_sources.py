"""Sources that don't work: each shows a clear state, and recovers when its cause is gone."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml

from cluster.kind import kubectl
from demo.deploy import ROOT
from tests.support.streams import Streams

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse/battery@staple"
ACCEPT_AND_SAY_NOTHING = """
import socket
server = socket.create_server(("", 8554))
kept = []
while True:
    kept.append(server.accept())
"""


@pytest.fixture(scope="module")
def camera_manifests(release: str) -> list[dict[str, Any]]:
    """The camera's Service and Deployment, with the image that the cluster holds."""
    text = (ROOT / "images" / "camera" / "camera.yaml").read_text()
    manifests = [manifest for manifest in yaml.safe_load_all(text) if manifest]
    path = "jsonpath={.spec.template.spec.containers[0].image}"
    image = kubectl("get", "deployment", "camera", "--namespace", release, "--output", path)
    container_of(manifests)["image"] = image
    return manifests


def container_of(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    deployment = next(item for item in manifests if item["kind"] == "Deployment")
    container: dict[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return container


@pytest.fixture(scope="module")
def locked_camera(release: str, camera_manifests: list[dict[str, Any]]) -> Iterator[str]:
    """A second camera that asks for a password."""
    name = "camera-locked"
    manifests = [_locked(manifest, name) for manifest in deepcopy(camera_manifests)]
    bundle = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    kubectl("apply", "--namespace", release, "--filename", "-", stdin=bundle)
    kubectl(
        *("rollout", "status", f"deployment/{name}", "--namespace", release, "--timeout=120s"),
    )
    yield name
    kubectl("delete", "deployment,service", name, "--namespace", release)


def _locked(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    manifest["metadata"]["name"] = name
    labels = {"app.kubernetes.io/name": name}
    manifest["metadata"]["labels"] = labels
    if manifest["kind"] == "Service":
        manifest["spec"]["selector"] = labels
        return manifest
    manifest["spec"]["selector"] = {"matchLabels": labels}
    template = manifest["spec"]["template"]
    template["metadata"]["labels"] = labels
    template["spec"]["containers"][0].setdefault("env", []).extend(
        [
            {"name": "CAMERA_USERNAME", "value": "viewer"},
            {"name": "CAMERA_PASSWORD", "value": PASSWORD},
        ]
    )
    return manifest


@pytest.fixture(scope="module")
def silent_server(release: str, camera_manifests: list[dict[str, Any]]) -> Iterator[str]:
    """A server that accepts connections and never says a word."""
    name = "silent"
    container = container_of(camera_manifests)
    pod = {
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
            "containers": [
                {
                    "name": name,
                    "image": container["image"],
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python3", "-c", ACCEPT_AND_SAY_NOTHING],
                    "securityContext": container["securityContext"],
                }
            ],
        },
    }
    kubectl("apply", "--namespace", release, "--filename", "-", stdin=json.dumps(pod))
    kubectl("expose", "pod", name, "--port=8554", "--namespace", release)
    kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--namespace", release, "--timeout=60s")
    yield name
    kubectl("delete", "pod,service", name, "--namespace", release, "--wait=false")


@pytest.fixture
def not_a_video(release: str) -> Iterator[str]:
    """A ConfigMap with a file that only has the name of a video."""
    name = "not-a-video"
    kubectl("create", "configmap", name, "--from-literal=clip.mp4=hello", "--namespace", release)
    yield name
    kubectl("delete", "configmap", name, "--namespace", release)


def test_each_bad_source_says_what_is_wrong(
    streams: Streams, silent_server: str, not_a_video: str
) -> None:
    unknown = streams.apply("unknown", {"source": {"url": "rtsp://no-such-host:8554/stream"}})
    silent = streams.apply("silent", {"source": {"url": f"rtsp://{silent_server}:8554/stream"}})
    text = streams.apply(
        "text",
        {
            "source": {
                "url": "file:///media/clip.mp4",
                "volume": {"configMap": {"name": not_a_video}},
            }
        },
    )

    def message(name: str, reason: str) -> str:
        said = streams.wait(name, "SourceConnected", status="False", reason=reason)
        return str(said["message"])

    assert "no-such-host" in message(unknown, "UnknownHost")
    assert message(silent, "Timeout")
    assert "clip.mp4" in message(text, "NotAVideo")
    for name in (unknown, silent, text):
        ready = streams.condition(name, "Ready")
        assert ready["status"] == "False", ready


def test_a_missing_secret_then_a_wrong_then_the_right_password(
    streams: Streams, locked_camera: str, secret: str
) -> None:
    name = streams.apply(
        "locked",
        {
            "source": {
                "url": f"rtsp://{locked_camera}:8554/stream",
                "credentialsSecretRef": {"name": secret},
            }
        },
    )
    said = streams.wait(name, "SourceConnected", status="False", reason="CredentialsMissing")
    assert secret in said["message"]

    create_secret(secret, password="wrong", namespace=streams.namespace)
    # The kubelet refreshes a mounted Secret within about a minute; no pod is restarted for it.
    streams.wait(
        name, "SourceConnected", status="False", reason="AuthenticationFailed", timeout_s=180
    )
    create_secret(secret, password=PASSWORD, namespace=streams.namespace)
    streams.wait(name, "SourceConnected", status="True", reason="Streaming", timeout_s=180)
    streams.wait(name, "Ready", status="True")

    logs = kubectl(
        *("logs", f"deployment/{name}-producer", "--namespace", streams.namespace),
        "--tail=-1",
    )
    described = kubectl("describe", "vst", name, "--namespace", streams.namespace)
    for secret_text in (PASSWORD, "battery%40staple", "viewer:"):
        assert secret_text not in logs
        assert secret_text not in described


def create_secret(name: str, *, password: str, namespace: str) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "stringData": {"username": "viewer", "password": password},
    }
    kubectl("apply", "--filename", "-", stdin=json.dumps(manifest))
