"""Rules that several fields share: durations, names of connections, settings of pods."""

from __future__ import annotations

from tests.support.crd_cases.case import Case, at

_DURATION_FIELDS = [
    "spec.source.openTimeout",
    "spec.source.readTimeout",
    "spec.source.stallTimeout",
    "spec.source.reconnect.initialBackoff",
    "spec.source.reconnect.maxBackoff",
    "spec.kafka.topic.retention",
    "spec.consumer.maxFrameAge",
    "spec.consumer.scaling.targetLag",
    "spec.consumer.scaling.drainTime",
    "spec.consumer.scaling.idleAfter",
    "spec.consumer.scaling.scaleDownWindow",
]
SHARED_CASES = [
    *(
        Case(
            node=field,
            says="must be a duration above zero",
            field=field,
            bad=at(field, bad),
            # Whatever this is, it keeps readTimeout <= stallTimeout, initialBackoff <= maxBackoff
            # and targetLag <= drainTime.
            good=at(
                field, "0h7500ms" if field.endswith(("stallTimeout", "drainTime")) else "2s500ms"
            ),
        )
        for field in _DURATION_FIELDS
        for bad in ("0s", "2d", "1.5s", "10 s", "100000s", "-1s")
    ),
    *(
        Case(
            node=field,
            says="must have only a-z, 0-9 and '-'",
            field=field,
            bad=at(field, "Default"),
            good=at(field, "north-2"),
        )
        for field in ("spec.kafka.connection", "spec.influx.connection")
    ),
    *(
        Case(
            node=f"spec.{role}.pod.labels",
            says="labels videostream.dev/*",
            field=f"spec.{role}.pod.labels",
            bad=at(f"spec.{role}.pod", {"labels": {key: "a"}}),
            good=at(f"spec.{role}.pod", {"labels": {"app.kubernetes.io/part-of": "a"}}),
        )
        for role in ("producer", "consumer")
        for key in ("videostream.dev/stream", "app.kubernetes.io/name")
    ),
    *(
        Case(
            node=f"spec.{role}.pod.resources.{kind}",
            says="must hold Kubernetes quantities",
            field=f"spec.{role}.pod.resources.{kind}",
            bad=at(f"spec.{role}.pod.resources.{kind}", {"memory": bad}),
            good=at(f"spec.{role}.pod.resources.{kind}", {"memory": "1Gi", "cpu": 1}),
        )
        for role in ("producer", "consumer")
        for kind in ("requests", "limits")
        for bad in ("1GB", "half")
    ),
]
