"""Rules about the number of consumers and their group."""

from __future__ import annotations

from tests.support.crd_cases.case import Case, consumer

CONSUMER_CASES = [
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
]
