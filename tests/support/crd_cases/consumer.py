"""Rules about the number of consumers and their group."""

from __future__ import annotations

from tests.support.crd_cases.case import Case, consumer

CONSUMER_CASES = [
    *(
        Case(
            node="spec.consumer.models",
            says="must have exactly one of",
            field="spec.consumer.models",
            bad={"consumer": {"models": bad}},
            good={"consumer": {"models": {"configMap": {"name": "models"}}}},
        )
        for bad in [
            {},
            {
                "configMap": {"name": "models"},
                "persistentVolumeClaim": {"claimName": "models"},
            },
        ]
    ),
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
        bad=consumer("Lag", replicas=2),
        good=consumer("Fixed", replicas=2),
    ),
    *(
        Case(
            node="spec.consumer",
            says="consumer.replicas must be set when",
            field="spec.consumer.replicas",
            bad=consumer(mode),
            good=consumer(mode, replicas=0),
        )
        for mode in ("Fixed", "External")
    ),
    Case(
        node="spec.consumer.scaling",
        says="must be at most consumer.scaling.maxReplicas",
        field="spec.consumer.scaling.minReplicas",
        bad=consumer("Lag", scaling={"minReplicas": 5}),
        good=consumer("Lag", scaling={"minReplicas": 4}),
    ),
    *(
        Case(
            node="spec.consumer.scaling",
            says="must be at most consumer.scaling.drainTime",
            field="spec.consumer.scaling.targetLag",
            old=old,
            bad=consumer("Lag", scaling=bad),
            good=consumer("Lag", scaling=good),
        )
        for old, bad, good in [
            (None, {"targetLag": "61s"}, {"targetLag": "1m"}),
            (None, {"drainTime": "4999ms"}, {"drainTime": "5s"}),
            (
                None,
                {"targetLag": "2m", "drainTime": "119s"},
                {"targetLag": "2m", "drainTime": "2m"},
            ),
            ({}, {"targetLag": "1h"}, {"minReplicas": 0, "targetLag": "2s", "idleAfter": "30s"}),
            (
                consumer("Lag", scaling={"targetLag": "30s"}),
                {"targetLag": "30s", "drainTime": "29s"},
                {"targetLag": "30s", "drainTime": "30s", "scaleDownWindow": "500ms"},
            ),
        ]
    ),
    *(
        Case(
            node="spec.consumer.scaling.targetLag",
            says="must be at least 1s",
            field="spec.consumer.scaling.targetLag",
            bad=consumer("Lag", scaling={"targetLag": bad}),
            good=consumer("Lag", scaling={"targetLag": "1000ms"}),
        )
        for bad in ("999ms", "0h1ms")
    ),
    *(
        Case(
            node="spec.consumer.scaling.perReplicaFps",
            says="must be above 0 and at most 100000",
            field="spec.consumer.scaling.perReplicaFps",
            bad=consumer("Lag", scaling={"perReplicaFps": bad}),
            good=consumer("Lag", scaling={"perReplicaFps": good}),
        )
        for bad, good in [
            (0, 1),
            (-1, 100000),
            (100001, "100000"),
            ("100000.001", "99999.999"),
            ("0", "0.001"),
            ("0.0001", "12.5"),
            ("1e2", "007"),
            ("5 ", "5"),
        ]
    ),
]
