"""The Deployments of a stream, as dicts for server-side apply. Pure.

Every field here is one that we own: what is changed by others comes back, what others add beside
it stays. Replicas of consumers are absent in mode Lag, because then the scaler owns them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from videostream_controller.api import (
    API_VERSION,
    KIND,
    ConfigMapVolume,
    PersistentVolumeClaimVolume,
    Pod,
    VideoStream,
    Volume,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_controller.settings import PodSettings, Workload

Role = Literal["producer", "consumer"]
Manifest = dict[str, Any]

KAFKA_DIR: Final = "/etc/videostream/kafka"
INFLUX_DIR: Final = "/etc/videostream/influx"
CREDENTIALS_DIR: Final = "/etc/videostream/credentials"
TLS_DIR: Final = "/etc/videostream/tls"
MEDIA_DIR: Final = "/media"
MODELS_DIR: Final = "/models"
_HTTP_PORT: Final = 8080
_UID: Final = 10001
_SOURCE_FIELDS: Final = (
    *("url", "credentialsSecretRef", "tls", "openTimeout", "readTimeout", "stallTimeout"),
    *("transport", "decode", "reconnect", "loop"),
)


@dataclass(frozen=True, slots=True)
class _Mount:
    """A volume and the read-only or scratch path at which the container sees it."""

    name: str
    path: str
    volume: Mapping[str, Any]
    writable: bool = False


def producer(stream: VideoStream, pods: PodSettings, *, replicas: int) -> Manifest:
    """Return the Deployment that captures the stream's source."""
    pod_spec = _pod_spec(
        stream,
        pods,
        role="producer",
        workload=pods.producer,
        pod=stream.producer.pod,
        mounts=[*_connections(stream, pods), *_source_mounts(stream)],
    )
    manifest = _deployment(stream, "producer", pod_spec, stream.producer.pod)
    # Recreate: two producers at once would publish every frame twice.
    manifest["spec"] |= {"replicas": replicas, "strategy": {"type": "Recreate"}}
    return manifest


def consumer(stream: VideoStream, pods: PodSettings, *, replicas: int | None) -> Manifest:
    """Return the Deployment that computes signals; replicas None leaves them to the scaler."""
    pod_spec = _pod_spec(
        stream,
        pods,
        role="consumer",
        workload=pods.consumer,
        pod=stream.consumer.pod,
        mounts=[
            *_connections(stream, pods),
            *_files("models", MODELS_DIR, stream.consumer.models),
        ],
    )
    manifest = _deployment(stream, "consumer", pod_spec, stream.consumer.pod)
    manifest["spec"]["strategy"] = {"type": "RollingUpdate"}
    if replicas is not None:
        manifest["spec"]["replicas"] = replicas
    return manifest


def selector(stream: VideoStream, role: Role) -> dict[str, str]:
    """Return the labels by which a Deployment finds its pods; they never change."""
    return {
        "app.kubernetes.io/name": "videostream",
        "app.kubernetes.io/component": role,
        "app.kubernetes.io/instance": stream.metadata.name,
    }


def producer_spec(stream: VideoStream) -> dict[str, Any]:
    """Return what a producer must know, in the CR's own spelling."""
    spec = stream.raw_spec
    topic = {
        "name": stream.topic_name,
        "maxMessageBytes": spec["kafka"]["topic"]["maxMessageBytes"],
    }
    return {
        "source": {key: spec["source"][key] for key in _SOURCE_FIELDS if key in spec["source"]},
        "frames": spec["frames"],
        "kafka": {"partitioning": spec["kafka"]["partitioning"], "topic": topic},
        "influx": {"tags": spec["influx"]["tags"]},
    }


def consumer_spec(stream: VideoStream) -> dict[str, Any]:
    """Return what a consumer must know, in the CR's own spelling."""
    spec = stream.raw_spec
    return {
        "kafka": {"topic": {"name": stream.topic_name}},
        "consumer": {
            "groupId": stream.group_id,
            "input": spec["consumer"]["input"],
            "maxFrameAge": spec["consumer"]["maxFrameAge"],
        },
        "zones": spec["zones"],
        "signals": spec["signals"],
        "influx": {"tags": spec["influx"]["tags"]},
    }


def _deployment(stream: VideoStream, role: Role, pod_spec: Manifest, pod: Pod) -> Manifest:
    labels = _labels(stream, role)
    clients = {"videostream.dev/kafka-client": "true", "videostream.dev/influx-client": "true"}
    # Our labels come last: a user's label must not take a pod out of its selector.
    template_metadata: Manifest = {"labels": dict(pod.labels) | labels | clients}
    if pod.annotations:
        template_metadata["annotations"] = dict(pod.annotations)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "namespace": stream.metadata.namespace,
            "name": f"{stream.metadata.name}-{role}",
            "labels": labels,
            "ownerReferences": [_owner(stream)],
        },
        "spec": {
            "revisionHistoryLimit": 2,
            "selector": {"matchLabels": selector(stream, role)},
            "template": {"metadata": template_metadata, "spec": pod_spec},
        },
    }


def _labels(stream: VideoStream, role: Role) -> dict[str, str]:
    return selector(stream, role) | {
        "app.kubernetes.io/managed-by": "videostream-controller",
        "videostream.dev/stream": stream.metadata.name,
    }


def _owner(stream: VideoStream) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": stream.metadata.name,
        "uid": stream.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _pod_spec(
    stream: VideoStream,
    pods: PodSettings,
    *,
    role: Role,
    workload: Workload,
    pod: Pod,
    mounts: list[_Mount],
) -> Manifest:
    mounts = [*mounts, _Mount("tmp", "/tmp", {"emptyDir": {}}, writable=True)]  # noqa: S108
    container = {
        "name": role,
        "image": pod.image or workload.image,
        "imagePullPolicy": pods.image_pull_policy,
        "env": _env(stream, pods, role),
        "ports": [{"name": "http", "containerPort": _HTTP_PORT, "protocol": "TCP"}],
        "resources": dict(pod.resources if pod.resources is not None else workload.resources),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [_volume_mount(mount) for mount in mounts],
        **_probes(),
    }
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _UID,
            "runAsGroup": _UID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": mount.name, **mount.volume} for mount in mounts],
        **_placement(pods, pod),
    }


def _env(stream: VideoStream, pods: PodSettings, role: Role) -> list[Manifest]:
    spec = producer_spec(stream) if role == "producer" else consumer_spec(stream)
    values = {
        "VIDEOSTREAM_NAMESPACE": stream.metadata.namespace,
        "VIDEOSTREAM_NAME": stream.metadata.name,
        "VIDEOSTREAM_UID": stream.metadata.uid,
        # Sorted and compact: the same spec is always the same text, and so the same pods.
        "VIDEOSTREAM_SPEC": json.dumps(spec, sort_keys=True, separators=(",", ":")),
        "STATUS_TOPIC": pods.status_topic,
        "LOG_LEVEL": pods.log_level,
        "HTTP_PORT": str(_HTTP_PORT),
        "KAFKA_CONNECTION_DIR": KAFKA_DIR,
        "INFLUX_CONNECTION_DIR": INFLUX_DIR,
    }
    if role == "producer":
        values |= {"CREDENTIALS_DIR": CREDENTIALS_DIR, "TLS_DIR": TLS_DIR}
    pod_name = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}
    return [
        *({"name": name, "value": value} for name, value in values.items()),
        {"name": "POD_NAME", "valueFrom": pod_name},
    ]


def _connections(stream: VideoStream, pods: PodSettings) -> list[_Mount]:
    kafka = pods.kafka[stream.kafka.connection]
    influx = pods.influx[stream.influx.connection]
    return [
        _Mount("kafka", KAFKA_DIR, {"projected": {"sources": kafka}}),
        _Mount("influx", INFLUX_DIR, {"projected": {"sources": influx}}),
    ]


def _source_mounts(stream: VideoStream) -> list[_Mount]:
    mounts = []
    credentials, authority = stream.source.credentials, stream.source.certificate_authority
    if credentials is not None:
        items = [
            {"key": credentials.username_key, "path": "username"},
            {"key": credentials.password_key, "path": "password"},
        ]
        mounts.append(_secret("credentials", CREDENTIALS_DIR, credentials.secret_name, items))
    if authority is not None:
        items = [{"key": authority.key, "path": "ca.crt"}]
        mounts.append(_secret("tls", TLS_DIR, authority.secret_name, items))
    return mounts + _files("media", MEDIA_DIR, stream.source.volume)


def _secret(name: str, path: str, secret_name: str, items: list[Manifest]) -> _Mount:
    # Optional: without the Secret the pod starts and reports CredentialsMissing or CaMissing.
    secret = {"secretName": secret_name, "items": items, "optional": True}
    return _Mount(name, path, {"secret": secret})


def _files(name: str, path: str, volume: Volume | None) -> list[_Mount]:
    match volume:
        case PersistentVolumeClaimVolume(claim_name=claim_name):
            claim = {"claimName": claim_name, "readOnly": True}
            return [_Mount(name, path, {"persistentVolumeClaim": claim})]
        case ConfigMapVolume(name=config_map):
            return [_Mount(name, path, {"configMap": {"name": config_map}})]
        case None:
            return []


def _volume_mount(mount: _Mount) -> Manifest:
    described: Manifest = {"name": mount.name, "mountPath": mount.path}
    return described if mount.writable else described | {"readOnly": True}


def _probes() -> Manifest:
    def probe(path: str, **timing: int) -> Manifest:
        get = {"path": path, "port": "http", "scheme": "HTTP"}
        return {"httpGet": get, "timeoutSeconds": 3, **timing}

    return {
        "startupProbe": probe("/healthz", periodSeconds=2, failureThreshold=30),
        "livenessProbe": probe("/healthz", periodSeconds=10, failureThreshold=3),
        "readinessProbe": probe("/readyz", periodSeconds=5, failureThreshold=2),
    }


def _placement(pods: PodSettings, pod: Pod) -> Manifest:
    optional: Manifest = {
        "imagePullSecrets": [{"name": name} for name in pods.image_pull_secrets],
        "nodeSelector": dict(pod.node_selector),
        "tolerations": [dict(toleration) for toleration in pod.tolerations],
        "affinity": pod.affinity,
        "serviceAccountName": pod.service_account_name,
        "priorityClassName": pod.priority_class_name,
    }
    return {name: value for name, value in optional.items() if value}
