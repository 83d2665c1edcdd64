"""For each rule of the CRD an object that keeps it and one that breaks it and nothing else.

Specs are written as what differs from the smallest one; `None` removes. A case with `old` is an
update from that to `good` or to `bad`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Spec = Mapping[str, Any]

_SQUARE = [[0, 0], [1000, 0], [1000, 1000], [0, 1000]]
_LONGEST_NAME = "a" * 52


@dataclass(frozen=True, slots=True)
class Case:
    """A rule (node and a piece of its message), the field it complains of, and two objects."""

    node: str
    says: str
    field: str
    bad: Spec
    good: Spec
    old: Spec | None = None
    bad_name: str = "stream"
    good_name: str = "stream"

    @property
    def label(self) -> str:
        """Name the case for the test report."""
        return f"{self.node or 'root'}: {self.says}"


def whole(difference: Spec) -> dict[str, Any]:
    """Return the smallest valid spec with a difference merged into it."""
    smallest = {"source": {"url": "rtsp://camera.example/stream"}}
    return _merge(smallest, difference)


def _merge(base: Spec, difference: Spec) -> dict[str, Any]:
    merged = dict(base)
    for key, value in difference.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = _merge(merged.get(key, {}), value)
        else:
            merged[key] = value
    return merged


def _source(**fields: Any) -> Spec:
    return {"source": fields}


def _file(**fields: Any) -> Spec:
    source = {"url": "file:///media/clip.mp4", "volume": {"configMap": {"name": "clips"}}}
    return {"source": {**source, **fields}}


def _topic(**fields: Any) -> Spec:
    return {"kafka": {"topic": fields}}


def _consumer(mode: str, **fields: Any) -> Spec:
    scaling = {"mode": mode, **fields.pop("scaling", {})}
    return {"consumer": {"scaling": scaling, **fields}}


def _signal(**fields: Any) -> Spec:
    return {"signals": [{"name": "light", "type": "Brightness", **fields}]}


def _zone(name: str) -> Spec:
    return {"zones": [{"name": name, "points": _SQUARE}]}


def _tags(**tags: str) -> Spec:
    return {"influx": {"tags": tags}}


def _at(path: str, value: Any) -> Spec:
    """Return the spec that holds one value, by its path below `spec.`."""
    for part in reversed(path.removeprefix("spec.").split(".")):
        value = {part: value}
    spec: Spec = value
    return spec


_WHOLE_CASES = [
    Case(
        node="",
        says="metadata.name must have at most 52 characters",
        field="metadata.name",
        bad={},
        good={},
        bad_name=_LONGEST_NAME + "a",
        good_name=_LONGEST_NAME,
    ),
    Case(
        node="",
        says="only a-z, 0-9 and '-'",
        field="metadata.name",
        bad={},
        good={},
        bad_name="gate.north",
        good_name="0-gate-north",
    ),
    Case(
        node="spec",
        says="each zone that a signal names",
        field="spec.signals",
        bad={**_zone("door"), **_signal(zones=["door", "gate"])},
        good={**_zone("door"), **_signal(zones=["door"])},
    ),
    Case(
        node="spec",
        says="must be Previous",
        field="spec.frames.reference.mode",
        bad={"frames": {"reference": {"mode": "None"}}},
        good={"frames": {"reference": {"mode": "None"}}, **_signal()},
    ),
    Case(
        node="spec",
        says="must be at most kafka.topic.partitions",
        field="spec.consumer.scaling.maxReplicas",
        bad={**_topic(partitions=3), **_consumer("Lag", scaling={"maxReplicas": 4})},
        good={**_topic(partitions=4), **_consumer("Lag", scaling={"maxReplicas": 4})},
    ),
    Case(
        node="spec",
        says="must be 1 with kafka.partitioning Keyed",
        field="spec.consumer.scaling.maxReplicas",
        bad={"kafka": {"partitioning": "Keyed"}, **_consumer("Lag", scaling={"maxReplicas": 2})},
        good={"kafka": {"partitioning": "Keyed"}, **_consumer("Lag", scaling={"maxReplicas": 1})},
    ),
]

_SOURCE_CASES = [
    Case(
        node="spec.source",
        says="needs source.volume",
        field="spec.source.volume",
        bad=_file(volume=None),
        good=_file(),
    ),
    Case(
        node="spec.source",
        says="source.volume is only for",
        field="spec.source.volume",
        bad=_source(volume={"configMap": {"name": "clips"}}),
        good=_file(volume={"configMap": None, "persistentVolumeClaim": {"claimName": "clips"}}),
    ),
    Case(
        node="spec.source",
        says="source.loop is only for",
        field="spec.source.loop",
        bad=_source(loop=True),
        good=_file(loop=True),
    ),
    Case(
        node="spec.source",
        says="a file needs no login",
        field="spec.source.credentialsSecretRef",
        bad=_file(credentialsSecretRef={"name": "camera"}),
        good=_source(credentialsSecretRef={"name": "camera"}),
    ),
    Case(
        node="spec.source",
        says="must be at most source.stallTimeout",
        field="spec.source.readTimeout",
        bad=_source(readTimeout="1m1s", stallTimeout="60s"),
        good=_source(readTimeout="1m", stallTimeout="60s"),
    ),
    *(
        Case(
            node="spec.source.url",
            says="must be rtsp://, rtsps://, http:// or https:// with a host",
            field="spec.source.url",
            bad=_source(url=bad),
            good=_source(url=good),
        )
        for bad, good in [
            ("ftp://camera.example/a", "rtsp://camera.example/a"),
            ("RTSP://camera.example/a", "rtsps://camera.example/a"),
            ("rtsp:///stream", "http://camera.example/a?b=c#d"),
            ("camera.example", "https://10.0.0.1:8443"),
            ("rtsp://camera.example/a b", "rtsp://[fd00::1]:554/a"),
        ]
    ),
    *(
        Case(
            node="spec.source.url",
            says="must not hold a user or password",
            field="spec.source.url",
            bad=_source(url=bad),
            good=_source(url="http://camera.example/a?mail=a@b.example"),
        )
        for bad in [
            "rtsp://user:password@camera.example/a",
            "rtsp://user@camera.example/a",
            "http://user:p%40ss@camera.example/a",
        ]
    ),
    *(
        Case(
            node="spec.source.url",
            says="must be file:///media/<path>",
            field="spec.source.url",
            bad=_file(url=bad),
            good=_file(url="file:///media/2026/clip%20one..mp4"),
        )
        for bad in [
            "file:///etc/clip.mp4",
            "file:///media/",
            "file:///media/../clip.mp4",
            "file:///media/a/..",
            "file://media/clip.mp4",
        ]
    ),
    Case(
        node="spec.source.url",
        says="cannot change its kind",
        field="spec.source.url",
        old=_source(url="rtsp://camera.example/a"),
        bad=_source(url="http://camera.example/a"),
        good=_source(url="rtsps://camera.example/b"),
    ),
    Case(
        node="spec.source.reconnect",
        says="must be at most source.reconnect.maxBackoff",
        field="spec.source.reconnect.initialBackoff",
        bad=_source(reconnect={"initialBackoff": "31s"}),
        good=_source(reconnect={"initialBackoff": "30s"}),
    ),
    *(
        Case(
            node="spec.source.volume",
            says="must have exactly one of",
            field="spec.source.volume",
            bad=bad,
            good=_file(),
        )
        for bad in [
            _file(volume={"configMap": None}),
            _file(
                volume={
                    "configMap": {"name": "clips"},
                    "persistentVolumeClaim": {"claimName": "clips"},
                }
            ),
        ]
    ),
]

_KAFKA_CASES = [
    Case(
        node="spec.kafka",
        says="cannot change with kafka.partitioning Keyed",
        field="spec.kafka.topic.partitions",
        old={"kafka": {"partitioning": "Keyed"}, **_consumer("Fixed", replicas=1)},
        bad={
            "kafka": {"partitioning": "Keyed", "topic": {"partitions": 24}},
            **_consumer("Fixed", replicas=1),
        },
        good={
            "kafka": {"partitioning": "Keyed", "topic": {"retention": "1h"}},
            **_consumer("Fixed", replicas=1),
        },
    ),
    Case(
        node="spec.kafka",
        says="kafka.connection cannot change",
        field="spec.kafka.connection",
        old={"kafka": {"connection": "north"}},
        bad={},
        good={"kafka": {"connection": "north", "deletionPolicy": "Retain"}},
    ),
    Case(
        node="spec.kafka",
        says="must be Retain when kafka.topic.managed is false",
        field="spec.kafka.deletionPolicy",
        bad=_topic(managed=False),
        good={"kafka": {"topic": {"managed": False}, "deletionPolicy": "Retain"}},
    ),
    *(
        Case(
            node="spec.kafka.topic",
            says="kafka.topic.name cannot be set, changed or removed",
            field="spec.kafka.topic.name",
            old=old,
            bad=bad,
            good={**old, "suspend": True},
        )
        for old, bad in [
            (_topic(name="gate"), _topic(name="door")),
            (_topic(name="gate"), {}),
            ({}, _topic(name="gate")),
        ]
    ),
    *(
        Case(
            node="spec.kafka.topic.name",
            says="belong to Kafka and to the controller",
            field="spec.kafka.topic.name",
            bad=_topic(name=bad),
            good=_topic(name="Gate_1.frames-v1"),
        )
        for bad in [".", "..", "videostream.status", "__consumer_offsets"]
    ),
    Case(
        node="spec.kafka.topic.partitions",
        says="must not shrink",
        field="spec.kafka.topic.partitions",
        old=_topic(partitions=12),
        bad=_topic(partitions=6),
        good=_topic(partitions=24),
    ),
    Case(
        node="spec.kafka.partitioning",
        says="kafka.partitioning cannot change",
        field="spec.kafka.partitioning",
        old=_consumer("Lag", scaling={"maxReplicas": 1}),
        bad={
            **_consumer("Lag", scaling={"maxReplicas": 1}),
            "kafka": {"partitioning": "Keyed"},
        },
        good=_consumer("Lag", scaling={"maxReplicas": 12}),
    ),
]

_CONSUMER_CASES = [
    *(
        Case(
            node="spec.consumer",
            says="consumer.groupId cannot be set, changed or removed",
            field="spec.consumer.groupId",
            old=old,
            bad=bad,
            good={**old, "suspend": True},
        )
        for old, bad in [
            ({"consumer": {"groupId": "a"}}, {"consumer": {"groupId": "b"}}),
            ({"consumer": {"groupId": "a"}}, {}),
            ({}, {"consumer": {"groupId": "a"}}),
        ]
    ),
    Case(
        node="spec.consumer",
        says="consumer.replicas must not be set while",
        field="spec.consumer.replicas",
        bad=_consumer("Lag", replicas=2),
        good=_consumer("Fixed", replicas=2),
    ),
    *(
        Case(
            node="spec.consumer",
            says="consumer.replicas must be set when",
            field="spec.consumer.replicas",
            bad=_consumer(mode),
            good=_consumer(mode, replicas=0),
        )
        for mode in ("Fixed", "External")
    ),
    Case(
        node="spec.consumer.scaling",
        says="must be at most consumer.scaling.maxReplicas",
        field="spec.consumer.scaling.minReplicas",
        bad=_consumer("Lag", scaling={"minReplicas": 5}),
        good=_consumer("Lag", scaling={"minReplicas": 4}),
    ),
]

_MEASURING_CASES = [
    Case(
        node="spec.frames.fps",
        says="must be above 0 and at most 240",
        field="spec.frames.fps",
        bad=_at("spec.frames.fps", bad),
        good=_at("spec.frames.fps", good),
    )
    for bad, good in [
        *[(0, 1), (241, 240), (-1, 30), ("0", "0.5"), ("0.0001", "0.001"), ("", "5")],
        *[("240.001", "240.000"), ("five", "25"), ("1e2", "29.97"), (".5", "007.5")],
    ]
]
_MEASURING_CASES += [
    Case(
        node="spec.zones[].name",
        says="a zone must not have the name 'frame'",
        field="spec.zones[0].name",
        bad=_zone("frame"),
        good=_zone("frame-2"),
    ),
    Case(
        node="spec.zones[].name",
        says="must have only a-z, 0-9 and '-'",
        field="spec.zones[0].name",
        bad=_zone("Front door"),
        good=_zone("front-door"),
    ),
    Case(
        node="spec.signals[].name",
        says="must have only a-z, 0-9 and '-'",
        field="spec.signals[0].name",
        bad=_signal(name="light_1"),
        good=_signal(name="light-1"),
    ),
    Case(
        node="spec.signals[].type",
        says="must be Brightness, Motion or a type of your own",
        field="spec.signals[0].type",
        bad=_signal(type="brightness"),
        good=_signal(type="PlateCount2"),
    ),
    Case(
        node="spec.signals[]",
        says="'motion' is only for signals of type Motion",
        field="spec.signals[0].motion",
        bad=_signal(motion={"threshold": 20}),
        good=_signal(type="Motion", motion={"threshold": 20}),
    ),
    *(
        Case(
            node="spec.influx.tags",
            says="influx.tags must not have the keys",
            field="spec.influx.tags",
            bad=_tags(**{key: "a"}),
            good=_tags(**{f"{key}_2": "a"}),
        )
        for key in ("namespace", "stream", "signal", "zone", "role", "time")
    ),
    *(
        Case(
            node="spec.influx.tags",
            says="influx.tags must have keys of a-z",
            field="spec.influx.tags",
            bad=_tags(**{key: "a"}),
            good=_tags(site_2="North Gate, left"),
        )
        for key in ("Site", "_site", "site-2", "s" * 64)
    ),
    *(
        Case(
            node="spec.influx.tags{}",
            says="a tag must not hold line breaks",
            field="spec.influx.tags[site]",
            bad=_tags(site=value),
            good=_tags(site="C:\\gate"),
        )
        for value in ("a\nb", "a\tb", "north\\")
    ),
]

_DURATION_FIELDS = [
    "spec.source.openTimeout",
    "spec.source.readTimeout",
    "spec.source.stallTimeout",
    "spec.source.reconnect.initialBackoff",
    "spec.source.reconnect.maxBackoff",
    "spec.kafka.topic.retention",
    "spec.consumer.maxFrameAge",
]
_SHARED_CASES = [
    *(
        Case(
            node=field,
            says="must be a duration above zero",
            field=field,
            bad=_at(field, bad),
            # Whatever this is, it keeps readTimeout <= stallTimeout, initialBackoff <= maxBackoff.
            good=_at(field, "0h7500ms" if field.endswith("stallTimeout") else "2s500ms"),
        )
        for field in _DURATION_FIELDS
        for bad in ("0s", "2d", "1.5s", "10 s", "100000s", "-1s")
    ),
    *(
        Case(
            node=field,
            says="must have only a-z, 0-9 and '-'",
            field=field,
            bad=_at(field, "Default"),
            good=_at(field, "north-2"),
        )
        for field in ("spec.kafka.connection", "spec.influx.connection")
    ),
    *(
        Case(
            node=f"spec.{role}.pod.labels",
            says="labels videostream.dev/*",
            field=f"spec.{role}.pod.labels",
            bad=_at(f"spec.{role}.pod", {"labels": {key: "a"}}),
            good=_at(f"spec.{role}.pod", {"labels": {"app.kubernetes.io/part-of": "a"}}),
        )
        for role in ("producer", "consumer")
        for key in ("videostream.dev/stream", "app.kubernetes.io/name")
    ),
    *(
        Case(
            node=f"spec.{role}.pod.resources.{kind}",
            says="must hold Kubernetes quantities",
            field=f"spec.{role}.pod.resources.{kind}",
            bad=_at(f"spec.{role}.pod.resources.{kind}", {"memory": bad}),
            good=_at(f"spec.{role}.pod.resources.{kind}", {"memory": "1Gi", "cpu": 1}),
        )
        for role in ("producer", "consumer")
        for kind in ("requests", "limits")
        for bad in ("1GB", "half")
    ),
]

CASES = [
    *_WHOLE_CASES,
    *_SOURCE_CASES,
    *_KAFKA_CASES,
    *_CONSUMER_CASES,
    *_MEASURING_CASES,
    *_SHARED_CASES,
]
