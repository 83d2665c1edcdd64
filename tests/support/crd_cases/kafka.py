"""Rules about the topic."""

from __future__ import annotations

from tests.support.crd_cases.case import Case, consumer, topic

KAFKA_CASES = [
    Case(
        node="spec.kafka",
        says="cannot change with kafka.partitioning Keyed",
        field="spec.kafka.topic.partitions",
        old={"kafka": {"partitioning": "Keyed"}, **consumer("Fixed", replicas=1)},
        bad={
            "kafka": {"partitioning": "Keyed", "topic": {"partitions": 24}},
            **consumer("Fixed", replicas=1),
        },
        good={
            "kafka": {"partitioning": "Keyed", "topic": {"retention": "1h"}},
            **consumer("Fixed", replicas=1),
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
        bad=topic(managed=False),
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
            (topic(name="gate"), topic(name="door")),
            (topic(name="gate"), {}),
            ({}, topic(name="gate")),
        ]
    ),
    *(
        Case(
            node="spec.kafka.topic.name",
            says="belong to Kafka and to the controller",
            field="spec.kafka.topic.name",
            bad=topic(name=bad),
            good=topic(name="Gate_1.frames-v1"),
        )
        for bad in [".", "..", "videostream.status", "__consumer_offsets"]
    ),
    Case(
        node="spec.kafka.topic.partitions",
        says="must not shrink",
        field="spec.kafka.topic.partitions",
        old=topic(partitions=12),
        bad=topic(partitions=6),
        good=topic(partitions=24),
    ),
    Case(
        node="spec.kafka.partitioning",
        says="kafka.partitioning cannot change",
        field="spec.kafka.partitioning",
        old=consumer("Lag", scaling={"maxReplicas": 1}),
        bad={
            **consumer("Lag", scaling={"maxReplicas": 1}),
            "kafka": {"partitioning": "Keyed"},
        },
        good=consumer("Lag", scaling={"maxReplicas": 12}),
    ),
]
