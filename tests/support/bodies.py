"""VideoStream bodies as an API server gives them, for tests of pure decisions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from videostream_controller.api import API_VERSION, FINALIZER, KIND, VideoStream, parse
from videostream_controller.observed import TopicState
from videostream_controller.settings import PodSettings, Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

Body = dict[str, Any]

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
URL = "rtsp://camera.test/live"
CREATED = TopicState("Created", id="topic-1", partitions=12, ownership="Created")
PODS = PodSettings(
    producer=Workload("producer:1", {"limits": {"memory": "256Mi"}}),
    consumer=Workload("consumer:1", {}),
    image_pull_policy="IfNotPresent",
    image_pull_secrets=(),
    kafka={"default": [{"secret": {"name": "vs-kafka-default"}}]},
    influx={"default": [{"secret": {"name": "vs-influx-default"}}]},
    status_topic="videostream.status",
    log_level="INFO",
)


def body(
    spec: Mapping[str, Any] | None = None,
    *,
    status: Mapping[str, Any] | None = None,
    name: str = "cam",
    **metadata: Any,
) -> Body:
    """Return the body of VideoStream video/cam."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "namespace": "video",
            "name": name,
            "uid": "uid-1",
            "generation": 1,
            "resourceVersion": "10",
            "finalizers": [FINALIZER],
            **metadata,
        },
        "spec": {"source": {"url": URL}, **(spec or {})},
        "status": dict(status or {}),
    }


def stream(
    spec: Mapping[str, Any] | None = None,
    *,
    status: Mapping[str, Any] | None = None,
    name: str = "cam",
    **metadata: Any,
) -> VideoStream:
    """Return the parsed VideoStream video/cam."""
    parsed = parse(body(spec, status=status, name=name, **metadata))
    assert isinstance(parsed, VideoStream), parsed
    return parsed


def deployment(
    name: str, *, replicas: int = 1, generation: int = 1, version: str = "20", **status: Any
) -> Body:
    """Return a Deployment whose pods run, as the Deployment controller leaves it."""
    return {
        "metadata": {
            "namespace": "video",
            "name": name,
            "generation": generation,
            "resourceVersion": version,
        },
        "spec": {"replicas": replicas},
        "status": {
            "observedGeneration": generation,
            "replicas": replicas,
            "readyReplicas": replicas,
            **status,
        },
    }
