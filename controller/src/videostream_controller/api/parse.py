"""From the body of a VideoStream object to typed data, or to everything that is wrong with it.

Relations between fields are the CRD's to refuse; here only what later code relies on is checked, so
that an object stored under an older, laxer CRD cannot break the controller.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from videostream_controller.api import model
from videostream_controller.api.defaults import fill
from videostream_controller.api.fields import FieldError, Fields

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = ("rtsp://", "rtsps://", "http://", "https://", "file:///media/")
_WITH_USER = re.compile(r"[a-z]+://[^/?#]*@", re.IGNORECASE)
_USERINFO = re.compile(r"://[^/?#]*@")  # wherever it stands, in one pass also over a long text
_ON_BACKPRESSURE: tuple[model.OnBackpressure, ...] = ("Drop", "Block")
_REFERENCE_MODES: tuple[model.ReferenceMode, ...] = ("None", "Previous")
_PARTITIONINGS: tuple[model.Partitioning, ...] = ("Interleaved", "Keyed")
_DELETION_POLICIES: tuple[model.DeletionPolicy, ...] = ("Delete", "Retain")
_START_FROM: tuple[model.StartFrom, ...] = ("Latest", "Earliest")
_INPUTS: tuple[model.Input, ...] = ("Frame", "Legacy")
_SCALING_MODES: tuple[model.ScalingMode, ...] = ("Lag", "Fixed", "External")


def parse(body: Mapping[str, Any]) -> model.VideoStream | list[FieldError]:
    """Return the VideoStream of an API object, or the non-empty list of its wrong fields."""
    errors: list[FieldError] = []
    root = Fields(body, "", errors)
    raw_spec = fill(root.child("spec").values)
    spec = Fields(raw_spec, "spec", errors)
    stream = model.VideoStream(
        metadata=_metadata(root.child("metadata")),
        suspend=spec.flag("suspend"),
        source=_source(spec.child("source")),
        frames=_frames(spec.child("frames")),
        kafka=_kafka(spec.child("kafka")),
        producer=_producer(spec.child("producer")),
        consumer=_consumer(spec.child("consumer")),
        zones=tuple(_zone(zone) for zone in spec.children("zones")),
        signals=tuple(_signal(signal) for signal in spec.children("signals")),
        influx=_influx(spec.child("influx")),
        raw_spec=raw_spec,
        raw_status=root.child("status").values,
    )
    return errors or stream


def _metadata(metadata: Fields) -> model.Metadata:
    return model.Metadata(
        namespace=metadata.text("namespace"),
        name=metadata.text("name"),
        uid=metadata.text("uid"),
        generation=metadata.integer("generation", minimum=0),
        resource_version=metadata.text("resourceVersion"),
        deletion_timestamp=metadata.optional_text("deletionTimestamp"),
        annotations=metadata.text_map("annotations"),
        finalizers=metadata.texts("finalizers"),
    )


def _source(source: Fields) -> model.Source:
    url = source.text("url")
    if url and (_WITH_USER.match(url) or not url.lower().startswith(_SCHEMES)):
        _refuse_url(source, url)
    reconnect = source.child("reconnect")
    return model.Source(
        url=url,
        credentials=_credentials(source),
        certificate_authority=_certificate_authority(source.child("tls")),
        open_timeout_s=source.duration_s("openTimeout"),
        read_timeout_s=source.duration_s("readTimeout"),
        stall_timeout_s=source.duration_s("stallTimeout"),
        reconnect=model.Reconnect(
            initial_backoff_s=reconnect.duration_s("initialBackoff"),
            max_backoff_s=reconnect.duration_s("maxBackoff"),
        ),
        loop=source.flag("loop"),
        volume=_volume(source, "volume"),
    )


def _refuse_url(source: Fields, url: str) -> None:
    # The error goes to status and logs, where a password that someone wrote must not follow.
    shown = _USERINFO.sub("://***@", url)
    expected = f"a URL that starts with one of {', '.join(_SCHEMES)} and has no user or password"
    source.errors.append(FieldError(f"{source.path}.url", shown, expected))


def _credentials(source: Fields) -> model.Credentials | None:
    if not source.has("credentialsSecretRef"):
        return None
    reference = source.child("credentialsSecretRef")
    return model.Credentials(
        secret_name=reference.text("name"),
        username_key=reference.text("usernameKey"),
        password_key=reference.text("passwordKey"),
    )


def _certificate_authority(tls: Fields) -> model.CertificateAuthority | None:
    if not tls.has("caSecretRef"):
        return None
    reference = tls.child("caSecretRef")
    return model.CertificateAuthority(secret_name=reference.text("name"), key=reference.text("key"))


def _volume(owner: Fields, key: str) -> model.Volume | None:
    if not owner.has(key):
        return None
    volume = owner.child(key)
    if volume.has("persistentVolumeClaim"):
        claim = volume.child("persistentVolumeClaim")
        return model.PersistentVolumeClaimVolume(claim.text("claimName"))
    if volume.has("configMap"):
        return model.ConfigMapVolume(volume.child("configMap").text("name"))
    owner.error(key, "persistentVolumeClaim or configMap")
    return None


def _frames(frames: Fields) -> model.Frames:
    reference = frames.child("reference")
    return model.Frames(
        fps=frames.rate("fps", most=240),
        width=frames.optional_integer("width", minimum=1),
        height=frames.optional_integer("height", minimum=1),
        jpeg_quality=frames.integer("jpegQuality", minimum=1),
        on_backpressure=frames.choice("onBackpressure", _ON_BACKPRESSURE),
        reference=model.Reference(
            mode=reference.choice("mode", _REFERENCE_MODES),
            width=reference.integer("width", minimum=1),
        ),
    )


def _kafka(kafka: Fields) -> model.Kafka:
    topic = kafka.child("topic")
    return model.Kafka(
        connection=kafka.text("connection"),
        topic=model.Topic(
            name=topic.optional_text("name"),
            partitions=topic.integer("partitions", minimum=1),
            replication_factor=topic.optional_integer("replicationFactor", minimum=1),
            retention_s=topic.duration_s("retention"),
            max_message_bytes=topic.integer("maxMessageBytes", minimum=1),
            managed=topic.flag("managed"),
        ),
        partitioning=kafka.choice("partitioning", _PARTITIONINGS),
        deletion_policy=kafka.choice("deletionPolicy", _DELETION_POLICIES),
    )


def _producer(producer: Fields) -> model.Producer:
    return model.Producer(suspend=producer.flag("suspend"), pod=_pod(producer.child("pod")))


def _consumer(consumer: Fields) -> model.Consumer:
    scaling = consumer.child("scaling")
    mode = scaling.choice("mode", _SCALING_MODES)
    replicas = consumer.optional_integer("replicas", minimum=0)
    if mode != "Lag" and replicas is None:
        consumer.error("replicas", f"an integer, because scaling.mode is {mode}")
    return model.Consumer(
        group_id=consumer.optional_text("groupId"),
        start_from=consumer.choice("startFrom", _START_FROM),
        input=consumer.choice("input", _INPUTS),
        max_frame_age_s=consumer.duration_s("maxFrameAge"),
        models=_volume(consumer, "models"),
        replicas=None if mode == "Lag" else replicas,
        scaling=_scaling(scaling, mode),
        pod=_pod(consumer.child("pod")),
    )


def _scaling(scaling: Fields, mode: model.ScalingMode) -> model.Scaling:
    declares = scaling.has("perReplicaFps")
    return model.Scaling(
        mode=mode,
        min_replicas=scaling.integer("minReplicas", minimum=0),
        max_replicas=scaling.integer("maxReplicas", minimum=1),
        target_lag_s=scaling.duration_s("targetLag"),
        drain_time_s=scaling.duration_s("drainTime"),
        idle_after_s=scaling.duration_s("idleAfter"),
        scale_down_window_s=scaling.duration_s("scaleDownWindow"),
        per_replica_fps=float(scaling.rate("perReplicaFps", most=100_000)) if declares else None,
    )


def _pod(pod: Fields) -> model.Pod:
    return model.Pod(
        image=pod.optional_text("image"),
        labels=pod.text_map("labels"),
        annotations=pod.text_map("annotations"),
        node_selector=pod.text_map("nodeSelector"),
        tolerations=tuple(toleration.values for toleration in pod.children("tolerations")),
        affinity=pod.child("affinity").values if pod.has("affinity") else None,
        resources=pod.child("resources").values if pod.has("resources") else None,
        service_account_name=pod.optional_text("serviceAccountName"),
        priority_class_name=pod.optional_text("priorityClassName"),
    )


def _zone(zone: Fields) -> model.Zone:
    return model.Zone(
        name=zone.text("name"),
        points=tuple(model.Point(x=x, y=y) for x, y in zone.pairs("points")),
    )


def _signal(signal: Fields) -> model.Signal:
    # Parameters stay as they are: check_signals tells what is wrong with them.
    return model.Signal(
        name=signal.text("name"),
        type=signal.text("type"),
        zones=signal.texts("zones"),
    )


def _influx(influx: Fields) -> model.Influx:
    return model.Influx(connection=influx.text("connection"), tags=influx.text_map("tags"))
