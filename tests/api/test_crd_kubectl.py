"""The VideoStream as people meet it: kubectl get, explain, scale, and the manifests to copy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.crd import EXAMPLES
from tests.support.crd_cases import Spec, whole
from tests.support.eventually import eventually
from videostream_controller.api import API_VERSION, KIND, VideoStream, parse

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.apiserver import ApiServer

pytestmark = pytest.mark.api

_STATUS = {
    "observedGeneration": 1,
    "conditions": [
        {
            "type": "Ready",
            "status": "False",
            "reason": "Stalled",
            "message": "No frame came for 10 s.",
            "lastTransitionTime": "2026-11-24T12:00:00Z",
        },
        {
            "type": "Scaling",
            "status": "True",
            "reason": "Active",
            "message": "the load needs more",
            "lastTransitionTime": "2026-11-24T12:00:00Z",
        },
    ],
    "source": {"state": "Stalled", "fps": "4.9", "codec": "h264"},
    "topic": {"name": "videostream.video.gate", "ownership": "Created"},
    "consumer": {
        "replicas": 3,
        "readyReplicas": 2,
        "desiredReplicas": 4,
        "selector": "app.kubernetes.io/instance=gate",
    },
    "lag": {"records": 123, "duration": "25s", "observedTime": "2026-11-24T12:00:00Z"},
}


def _apply(server: ApiServer, spec: Spec, *, name: str, namespace: str) -> None:
    body = {"apiVersion": API_VERSION, "kind": KIND, "spec": spec}
    server.apply(body, name=name, namespace=namespace)


def _set_status(server: ApiServer, name: str, namespace: str, status: Spec) -> None:
    patch = json.dumps({"status": status})
    server.kubectl(
        *("patch", "vst", name, "-n", namespace, "--subresource=status"),
        *("--type=merge", f"--patch={patch}"),
    )


def _table(server: ApiServer, *args: str) -> list[dict[str, str]]:
    lines = server.kubectl("get", *args).stdout.splitlines()
    titles = lines[0].split()
    return [dict(zip(titles, line.split(), strict=True)) for line in lines[1:]]


def test_get_shows_how_a_stream_is(apiserver: ApiServer, namespace: str) -> None:
    _apply(apiserver, whole({}), name="gate", namespace=namespace)
    _set_status(apiserver, "gate", namespace, _STATUS)
    [row] = _table(apiserver, "vst", "-n", namespace)
    age = row.pop("AGE")
    assert age.endswith("s")
    assert row == {
        "NAME": "gate",
        "READY": "False",
        "SOURCE": "Stalled",
        "FPS": "4.9",
        "LAG": "123",
        "CONSUMERS": "2",
        "DESIRED": "4",
    }


def test_wide_get_says_why_and_where(apiserver: ApiServer, namespace: str) -> None:
    _apply(apiserver, whole({}), name="gate", namespace=namespace)
    _set_status(apiserver, "gate", namespace, _STATUS)
    [row] = _table(apiserver, "videostreams", "-n", namespace, "-o", "wide")
    assert row["REASON"] == "Stalled"
    assert row["TOPIC"] == "videostream.video.gate"
    assert row["URL"] == "rtsp://camera.example/stream"
    assert (row["BEHIND"], row["SCALING"]) == ("25s", "Active")


def test_new_stream_is_listed_before_it_has_a_status(apiserver: ApiServer, namespace: str) -> None:
    _apply(apiserver, whole({}), name="gate", namespace=namespace)
    listed = apiserver.kubectl("get", "video", "-n", namespace)  # by category
    assert listed.stdout.splitlines()[1].split()[0] == "gate"


def test_suspended_streams_can_be_selected(apiserver: ApiServer, namespace: str) -> None:
    _apply(apiserver, whole({"suspend": True}), name="off", namespace=namespace)
    _apply(apiserver, whole({}), name="on", namespace=namespace)
    selector = "--field-selector=spec.suspend=true"
    found = apiserver.kubectl("get", "vst", "-n", namespace, selector, "-o", "name")
    assert found.stdout.split() == ["videostream.videostream.dev/off"]


def test_status_keeps_one_condition_of_a_type(apiserver: ApiServer, namespace: str) -> None:
    _apply(apiserver, whole({}), name="gate", namespace=namespace)
    twice = {"conditions": _STATUS["conditions"] * 2}  # type: ignore[operator]
    with pytest.raises(AssertionError, match="Duplicate value"):
        _set_status(apiserver, "gate", namespace, twice)


@pytest.mark.parametrize(
    ("path", "sentences", "fields"),
    [
        (
            "source",
            [
                "url <string> -required- Address of the video: rtsp://, rtsps://",
                "User and password never go here",
            ],
            ["credentialsSecretRef", "openTimeout", "reconnect", "loop", "volume"],
        ),
        (
            "consumer.scaling",
            [
                "targetLag <string> Age of the oldest waiting frame that is aimed at",
                "perReplicaFps <Object> Frames per second that one consumer can process",
            ],
            ["minReplicas", "maxReplicas", "drainTime", "idleAfter", "scaleDownWindow"],
        ),
    ],
)
def test_explain_reads_well(
    apiserver: ApiServer, path: str, sentences: list[str], fields: list[str]
) -> None:
    # The server publishes OpenAPI some time after it serves the kind.
    text = eventually(
        lambda: apiserver.kubectl("explain", f"vst.spec.{path}").stdout,
        timeout_s=30,
        what="explained by kubectl",
    )
    words = " ".join(text.split())
    for sentence in sentences:
        assert sentence in words
    for field in fields:
        assert f"  {field}\t" in text


def test_fixed_stream_scales(apiserver: ApiServer, namespace: str) -> None:
    spec = whole({"consumer": {"replicas": 1, "scaling": {"mode": "Fixed"}}})
    _apply(apiserver, spec, name="gate", namespace=namespace)
    _set_status(apiserver, "gate", namespace, _STATUS)
    apiserver.kubectl("scale", "vst/gate", "--replicas=3", "-n", namespace)
    assert apiserver.get("vst", "gate", namespace=namespace)["spec"]["consumer"]["replicas"] == 3
    path = f"/apis/{API_VERSION}/namespaces/{namespace}/videostreams/gate/scale"
    _, scale = apiserver.request("GET", path)
    assert scale["status"] == {"replicas": 3, "selector": "app.kubernetes.io/instance=gate"}


def test_stream_scaled_by_lag_refuses_and_says_how(apiserver: ApiServer, namespace: str) -> None:
    _apply(apiserver, whole({}), name="gate", namespace=namespace)
    scaled = apiserver.kubectl("scale", "vst/gate", "--replicas=3", "-n", namespace, check=False)
    assert scaled.returncode == 1
    assert "spec.consumer.replicas: Forbidden" in scaled.stderr
    assert "set consumer.scaling.mode to Fixed" in scaled.stderr


def _streams(file: Path) -> list[dict[str, Any]]:
    manifests = yaml.safe_load_all(file.read_text())
    return [manifest for manifest in manifests if manifest["kind"] == KIND]


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.stem)
def test_example_is_accepted_and_understood(
    file: Path, apiserver: ApiServer, namespace: str
) -> None:
    # Plain `kubectl apply`, as the examples' comments say; strict about unknown fields.
    apiserver.kubectl("apply", "-n", namespace, "--filename", file)
    for stream in _streams(file):
        stored = apiserver.get("vst", stream["metadata"]["name"], namespace=namespace)
        assert isinstance(parse(stored), VideoStream)


def test_there_are_examples() -> None:
    assert len(list(EXAMPLES.glob("*.yaml"))) == 13
