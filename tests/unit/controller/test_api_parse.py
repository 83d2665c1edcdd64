"""What `parse` makes of bodies: names, units, unions, and every error at once."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from videostream_controller.api import (
    CertificateAuthority,
    ConfigMapVolume,
    FieldError,
    PersistentVolumeClaimVolume,
    Point,
    Scaling,
    Signal,
    VideoStream,
    parse,
)


def _body(spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    identity = {"namespace": "video", "name": "gate", "uid": "u-1", "generation": 3}
    return {
        "metadata": {**identity, "resourceVersion": "77", **metadata},
        "spec": {"source": {"url": "rtsp://camera.example/a"}, **(spec or {})},
    }


def _stream(spec: dict[str, Any] | None = None, **metadata: Any) -> VideoStream:
    found = parse(_body(spec, **metadata))
    assert isinstance(found, VideoStream), found
    return found


def _errors(spec: dict[str, Any] | None = None, **metadata: Any) -> list[FieldError]:
    found = parse(_body(spec, **metadata))
    assert isinstance(found, list)
    return found


def test_names_are_derived_from_namespace_and_name() -> None:
    stream = _stream()
    assert stream.key == "video/gate"
    assert stream.topic_name == "videostream.video.gate"
    assert stream.group_id == "videostream.video.gate"
    assert stream.producer_name == "gate-producer"
    assert stream.consumer_name == "gate-consumer"


def test_names_of_the_user_win() -> None:
    stream = _stream({"kafka": {"topic": {"name": "frames"}}, "consumer": {"groupId": "measuring"}})
    assert stream.topic_name == "frames"
    assert stream.group_id == "measuring"


def test_metadata_is_carried() -> None:
    metadata = _stream(finalizers=["videostream.dev/kafka-topic"]).metadata
    assert metadata.uid == "u-1"
    assert metadata.generation == 3
    assert metadata.resource_version == "77"
    assert metadata.finalizers == ("videostream.dev/kafka-topic",)


def test_deletion_and_annotations_are_questions() -> None:
    plain = _stream()
    assert (plain.is_deleting, plain.is_paused, plain.skips_cleanup) == (False, False, False)
    marks = {"videostream.dev/paused": "true", "videostream.dev/skip-cleanup": "true"}
    marked = _stream(deletionTimestamp="2026-11-24T12:00:00Z", annotations=marks)
    assert (marked.is_deleting, marked.is_paused, marked.skips_cleanup) == (True, True, True)


def test_durations_are_seconds() -> None:
    stream = _stream(
        {
            "source": {
                "url": "rtsp://camera.example/a",
                "openTimeout": "1m30s",
                "reconnect": {"initialBackoff": "250ms"},
            },
            "kafka": {"topic": {"retention": "24h"}},
        }
    )
    assert stream.source.open_timeout_s == 90
    assert stream.source.reconnect.initial_backoff_s == 0.25
    assert stream.source.reconnect.max_backoff_s == 30
    assert stream.kafka.topic.retention_s == 86400


@pytest.mark.parametrize(
    ("fps", "expected"),
    [(25, Fraction(25)), ("0.5", Fraction(1, 2)), ("29.97", Fraction(2997, 100))],
)
def test_frame_rate_is_exact(fps: int | str, expected: Fraction) -> None:
    assert _stream({"frames": {"fps": fps}}).frames.fps == expected


@pytest.mark.parametrize("fps", [0, -1, 241, 0.5, True, "0", "1e2", "0.0001", "٣", "5 ", None, []])
def test_bad_frame_rate_is_refused(fps: Any) -> None:
    if fps is None:  # absent: the default
        assert _stream({"frames": {"fps": fps}}).frames.fps == 5
        return
    [error] = _errors({"frames": {"fps": fps}})
    assert (error.field, error.value) == ("spec.frames.fps", fps)


def test_an_authority_has_its_secret_and_key() -> None:
    source = {"url": "https://camera.example/a", "tls": {"caSecretRef": {"name": "plant-ca"}}}
    found = _stream({"source": source}).source.certificate_authority
    assert found == CertificateAuthority("plant-ca", "ca.crt")
    source["tls"] = {"insecureSkipVerify": True}
    assert _stream({"source": source}).source.certificate_authority is None
    source["tls"] = {"caSecretRef": {}}
    [error] = _errors({"source": source})
    assert error.field == "spec.source.tls.caSecretRef.name"


def test_a_long_url_is_refused_in_one_pass() -> None:
    # With a second pass for each letter this would not end within the test's time-out.
    [error] = _errors({"source": {"url": "a" * 500_000}})
    assert error.field == "spec.source.url"


def test_file_source_has_its_volume() -> None:
    source = {"url": "file:///media/a.mp4", "volume": {"configMap": {"name": "clips"}}}
    stream = _stream({"source": source})
    assert stream.source.is_file
    assert stream.source.volume == ConfigMapVolume("clips")
    source["volume"] = {"persistentVolumeClaim": {"claimName": "disk"}}
    assert _stream({"source": source}).source.volume == PersistentVolumeClaimVolume("disk")
    source["volume"] = {}
    [error] = _errors({"source": source})
    assert error.field == "spec.source.volume"


def test_consumers_have_their_models() -> None:
    assert _stream().consumer.models is None
    models: dict[str, Any] = {"configMap": {"name": "models"}}
    assert _stream({"consumer": {"models": models}}).consumer.models == ConfigMapVolume("models")
    [error] = _errors({"consumer": {"models": {}}})
    assert error.field == "spec.consumer.models"


def test_replicas_count_only_outside_mode_lag() -> None:
    assert _stream().consumer.replicas is None
    fixed = {"replicas": 0, "scaling": {"mode": "Fixed"}}
    assert _stream({"consumer": fixed}).consumer.replicas == 0
    [error] = _errors({"consumer": {"scaling": {"mode": "External"}}})
    assert error.field == "spec.consumer.replicas"
    assert "External" in error.expected


def test_aims_of_scaling_are_seconds() -> None:
    assert _stream().consumer.scaling == Scaling(
        mode="Lag",
        min_replicas=1,
        max_replicas=4,
        target_lag_s=5,
        drain_time_s=60,
        idle_after_s=300,
        scale_down_window_s=180,
        per_replica_fps=None,
    )
    aims = {"targetLag": "1500ms", "drainTime": "2m", "idleAfter": "1h", "scaleDownWindow": "90s"}
    scaling = {"minReplicas": 0, "perReplicaFps": "12.5", **aims}
    assert _stream({"consumer": {"scaling": scaling}}).consumer.scaling == Scaling(
        mode="Lag",
        min_replicas=0,
        max_replicas=4,
        target_lag_s=1.5,
        drain_time_s=120,
        idle_after_s=3600,
        scale_down_window_s=90,
        per_replica_fps=12.5,
    )


@pytest.mark.parametrize("fps", [0, -1, 100001, 2.5, True, "0", "1e2", "0.0001", "٣", "5 ", []])
def test_bad_capacity_is_refused(fps: Any) -> None:
    [error] = _errors({"consumer": {"scaling": {"perReplicaFps": fps}}})
    assert (error.field, error.value) == ("spec.consumer.scaling.perReplicaFps", fps)
    assert "at most 100000" in error.expected


@pytest.mark.parametrize("name", ["targetLag", "drainTime", "idleAfter", "scaleDownWindow"])
def test_bad_aim_is_refused(name: str) -> None:
    [error] = _errors({"consumer": {"scaling": {name: "soon"}}})
    assert (error.field, error.value) == (f"spec.consumer.scaling.{name}", "soon")


def test_signals_default_to_brightness_and_motion() -> None:
    assert _stream().signals == (
        Signal(name="brightness", type="Brightness", zones=()),
        Signal(name="motion", type="Motion", zones=()),
    )


def test_zone_is_a_polygon_of_points() -> None:
    stream = _stream({"zones": [{"name": "door", "points": [[0, 0], [1000, 0], [5, 6]]}]})
    assert stream.zones[0].points == (Point(0, 0), Point(1000, 0), Point(5, 6))


def test_pod_settings_are_carried_as_they_are() -> None:
    pod = {
        "image": "registry.example/mine:1",
        "tolerations": [{"key": "camera", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"future": None}},
        "resources": {"limits": {"memory": "1Gi"}},
    }
    found = _stream({"producer": {"pod": pod}}).producer.pod
    assert found.image == "registry.example/mine:1"
    assert found.tolerations == ({"key": "camera", "operator": "Exists"},)
    assert found.affinity == {"nodeAffinity": {"future": None}}
    assert found.resources == {"limits": {"memory": "1Gi"}}
    assert _stream().producer.pod.affinity is None


def test_raw_spec_is_the_whole_in_the_crs_spelling() -> None:
    raw = _stream({"source": {"url": "rtsp://camera.example/a", "readTimeout": "3s"}}).raw_spec
    assert raw["source"]["readTimeout"] == "3s"
    assert raw["source"]["reconnect"] == {"initialBackoff": "1s", "maxBackoff": "30s"}


def test_all_errors_come_at_once() -> None:
    errors = _errors(
        {
            "suspend": "no",
            "frames": {"width": 0, "onBackpressure": "Wait"},
            "zones": [{"name": "a", "points": [[0, 1], [2]]}, "b"],
            "signals": [{"name": "", "type": "Motion", "zones": [1]}],
            "influx": {"tags": {"site": 1}},
        },
        uid=None,
    )
    assert {error.field for error in errors} == {
        "metadata.uid",
        "spec.suspend",
        "spec.frames.width",
        "spec.frames.onBackpressure",
        "spec.zones[0].points[1]",
        "spec.zones[1]",
        "spec.signals[0].name",
        "spec.signals[0].zones[0]",
        "spec.influx.tags.site",
    }


def test_error_reads_as_a_sentence() -> None:
    [error] = _errors({"frames": {"onBackpressure": "Wait"}})
    assert str(error) == "spec.frames.onBackpressure: got 'Wait'; expected one of Drop, Block"


@pytest.mark.parametrize(
    "url", ["rtsp://me:hunter2@camera/a", "FTP://me:hunter2@camera", "ftp://hunter2@camera"]
)
def test_error_about_a_url_hides_user_and_password(url: str) -> None:
    [error] = _errors({"source": {"url": url}})
    assert error.field == "spec.source.url"
    assert "hunter2" not in repr(error)
    assert "camera" in str(error)


@pytest.mark.parametrize("body", [{}, {"metadata": [], "spec": []}, {"spec": {"source": None}}])
def test_hopeless_body_gives_errors(body: dict[str, Any]) -> None:
    errors = parse(body)
    assert isinstance(errors, list)
    assert {"metadata.name", "spec.source.url"} <= {error.field for error in errors}
