"""Manifests: restricted pods that carry what the spec says, and nothing secret."""

import json
from typing import Any

import pytest

from tests.support.bodies import PODS, stream
from videostream_controller import manifests
from videostream_controller.api import VideoStream


def producer(of: VideoStream) -> dict[str, Any]:
    return manifests.producer(of, PODS, replicas=1)


def consumer(of: VideoStream, replicas: int | None = None) -> dict[str, Any]:
    return manifests.consumer(of, PODS, replicas=replicas)


def pod_spec(manifest: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return found


def container(manifest: dict[str, Any]) -> dict[str, Any]:
    (found,) = pod_spec(manifest)["containers"]
    return dict(found)


def env(manifest: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value") for entry in container(manifest)["env"]}


def volumes(manifest: dict[str, Any]) -> dict[str, Any]:
    return {volume["name"]: volume for volume in pod_spec(manifest)["volumes"]}


@pytest.mark.parametrize("manifest", [producer(stream()), consumer(stream())])
def test_pods_pass_the_restricted_standard(manifest: dict[str, Any]) -> None:
    spec = pod_spec(manifest)
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not spec["automountServiceAccountToken"]
    assert not spec["enableServiceLinks"]
    assert spec["terminationGracePeriodSeconds"] == 30
    security = container(manifest)["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["readOnlyRootFilesystem"]
    assert not security["allowPrivilegeEscalation"]
    assert volumes(manifest)["tmp"] == {"name": "tmp", "emptyDir": {}}
    assert "lifecycle" not in container(manifest)


@pytest.mark.parametrize("manifest", [producer(stream()), consumer(stream())])
def test_probes_ask_the_named_port(manifest: dict[str, Any]) -> None:
    running = container(manifest)
    assert running["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    paths = {kind: running[kind]["httpGet"]["path"] for kind in running if kind.endswith("Probe")}
    assert paths == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }


def test_two_producers_never_run_at_once() -> None:
    assert producer(stream())["spec"]["strategy"] == {"type": "Recreate"}
    assert consumer(stream())["spec"]["strategy"] == {"type": "RollingUpdate"}


def test_the_spec_travels_in_its_own_spelling() -> None:
    spec = {
        "source": {
            "url": "rtsp://camera.test/live",
            "credentialsSecretRef": {"name": "login"},
            "transport": "UDP",
            "decode": "KeyFrames",
        },
        "frames": {"fps": "0.5", "width": 640},
        "influx": {"tags": {"site": "north"}},
    }
    got = json.loads(env(producer(stream(spec)))["VIDEOSTREAM_SPEC"])
    assert got["source"] == {
        "url": "rtsp://camera.test/live",
        "credentialsSecretRef": {
            "name": "login",
            "usernameKey": "username",
            "passwordKey": "password",
        },
        "openTimeout": "10s",
        "readTimeout": "5s",
        "stallTimeout": "10s",
        "transport": "UDP",
        "decode": "KeyFrames",
        "reconnect": {"initialBackoff": "1s", "maxBackoff": "30s"},
        "loop": False,
    }
    assert got["frames"]["fps"] == "0.5"
    assert got["kafka"] == {
        "partitioning": "Interleaved",
        "topic": {"name": "videostream.video.cam", "maxMessageBytes": 2097152},
    }
    assert got["influx"] == {"tags": {"site": "north"}}


def test_consumers_know_nothing_of_the_source() -> None:
    got = json.loads(env(consumer(stream()))["VIDEOSTREAM_SPEC"])
    assert set(got) == {"kafka", "consumer", "zones", "signals", "influx"}
    assert got["consumer"] == {
        "groupId": "videostream.video.cam",
        "input": "Frame",
        "maxFrameAge": "10s",
    }
    assert [signal["name"] for signal in got["signals"]] == ["brightness", "motion"]


def test_an_edit_for_one_role_leaves_the_other_alone() -> None:
    edited = stream({"frames": {"fps": 9}})
    assert consumer(edited) == consumer(stream())
    assert producer(edited) != producer(stream())


def test_identity_and_settings_are_in_the_environment() -> None:
    got = env(producer(stream()))
    assert got["VIDEOSTREAM_NAMESPACE"] == "video"
    assert got["VIDEOSTREAM_NAME"] == "cam"
    assert got["VIDEOSTREAM_UID"] == "uid-1"
    assert got["STATUS_TOPIC"] == "videostream.status"
    assert got["HTTP_PORT"] == "8080"
    (pod_name,) = [one for one in container(producer(stream()))["env"] if one["name"] == "POD_NAME"]
    assert pod_name["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"


def test_connections_are_projected_as_the_chart_says() -> None:
    found = volumes(consumer(stream()))
    assert found["kafka"]["projected"]["sources"] == PODS.kafka["default"]
    assert found["influx"]["projected"]["sources"] == PODS.influx["default"]
    mounts = {one["name"]: one for one in container(consumer(stream()))["volumeMounts"]}
    assert mounts["kafka"]["mountPath"] == "/etc/videostream/kafka"
    assert mounts["kafka"]["readOnly"]


def test_credentials_are_an_optional_secret() -> None:
    reference = {"name": "login", "usernameKey": "user", "passwordKey": "pass"}
    source = {"url": "rtsp://camera.test/live", "credentialsSecretRef": reference}
    found = volumes(producer(stream({"source": source})))["credentials"]["secret"]
    assert found == {
        "secretName": "login",
        "optional": True,
        "items": [{"key": "user", "path": "username"}, {"key": "pass", "path": "password"}],
    }


def test_the_sources_authority_is_an_optional_secret_for_the_producer_alone() -> None:
    tls = {"caSecretRef": {"name": "plant-ca", "key": "root.pem"}}
    made = stream({"source": {"url": "rtsps://camera.test/live", "tls": tls}})
    found = volumes(producer(made))["tls"]["secret"]
    assert found == {
        "secretName": "plant-ca",
        "optional": True,
        "items": [{"key": "root.pem", "path": "ca.crt"}],
    }
    (mount,) = [one for one in container(producer(made))["volumeMounts"] if one["name"] == "tls"]
    assert mount == {"name": "tls", "mountPath": "/etc/videostream/tls", "readOnly": True}
    assert env(producer(made))["TLS_DIR"] == "/etc/videostream/tls"
    assert json.loads(env(producer(made))["VIDEOSTREAM_SPEC"])["source"]["tls"] == tls
    assert "tls" not in volumes(consumer(made))


FILES = pytest.mark.parametrize(
    ("volume", "expected"),
    [
        (
            {"persistentVolumeClaim": {"claimName": "files"}},
            {"persistentVolumeClaim": {"claimName": "files", "readOnly": True}},
        ),
        ({"configMap": {"name": "files"}}, {"configMap": {"name": "files"}}),
    ],
)


def assert_read_only(manifest: dict[str, Any], name: str, expected: dict[str, Any]) -> None:
    assert volumes(manifest)[name] == {"name": name, **expected}
    (mount,) = [one for one in container(manifest)["volumeMounts"] if one["name"] == name]
    assert mount == {"name": name, "mountPath": f"/{name}", "readOnly": True}


@FILES
def test_a_file_source_is_mounted_read_only(
    volume: dict[str, Any], expected: dict[str, Any]
) -> None:
    source = {"url": "file:///media/clip.mp4", "volume": volume}
    manifest = producer(stream({"source": source}))
    assert_read_only(manifest, "media", expected)


@FILES
def test_models_are_mounted_read_only_in_consumers_alone(
    volume: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = stream({"consumer": {"models": volume}})
    assert_read_only(consumer(found), "models", expected)
    assert "models" not in volumes(producer(found))
    assert "models" not in volumes(consumer(stream()))


def test_a_users_label_cannot_take_a_pod_out_of_its_selector() -> None:
    labels = {"app.kubernetes.io/instance": "other", "team": "north"}
    manifest = producer(stream({"producer": {"pod": {"labels": labels}}}))
    template = manifest["spec"]["template"]["metadata"]["labels"]
    assert template["team"] == "north"
    assert manifest["spec"]["selector"]["matchLabels"].items() <= template.items()
    assert template["videostream.dev/kafka-client"] == "true"


def test_what_the_user_sets_of_a_pod_gets_there() -> None:
    pod = {
        "image": "mine:2",
        "annotations": {"a": "b"},
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "resources": {"requests": {"cpu": "2"}},
        "serviceAccountName": "reader",
        "priorityClassName": "high",
    }
    manifest = consumer(stream({"consumer": {"pod": pod}}))
    spec = pod_spec(manifest)
    assert container(manifest)["image"] == "mine:2"
    assert container(manifest)["resources"] == {"requests": {"cpu": "2"}}
    assert manifest["spec"]["template"]["metadata"]["annotations"] == {"a": "b"}
    for name in ("nodeSelector", "tolerations", "affinity", "serviceAccountName"):
        assert spec[name] == pod[name]


def test_replicas_are_left_to_the_scaler() -> None:
    assert "replicas" not in consumer(stream())["spec"]
    assert consumer(stream(), 3)["spec"]["replicas"] == 3
