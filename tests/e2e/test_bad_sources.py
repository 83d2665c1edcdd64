"""Sources that don't work: each shows a clear state, and recovers when its cause is gone."""

import json
from collections.abc import Iterator

import pytest

from cluster.kind import kubectl
from tests.support.cameras import another_camera
from tests.support.server_pods import server_pod
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
def locked_camera(release: str) -> Iterator[str]:
    """The URL of a second camera, which asks for a password."""
    login = {"CAMERA_USERNAME": "viewer", "CAMERA_PASSWORD": PASSWORD}
    with another_camera("camera-locked", namespace=release, env=login) as url:
        yield url


@pytest.fixture(scope="module")
def silent_server(release: str) -> Iterator[str]:
    """A server that accepts connections and never says a word."""
    with server_pod("silent", ACCEPT_AND_SAY_NOTHING, namespace=release, port=8554) as host:
        yield host


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
                "url": locked_camera,
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
