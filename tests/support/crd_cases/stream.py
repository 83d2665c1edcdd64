"""Rules about the object as a whole: its name, and relations between parts of the spec."""

from __future__ import annotations

from tests.support.crd_cases.case import Case, consumer, signal, topic, zone
from videostream_pipeline.built_in_signals import COMPARING

_LONGEST_NAME = "a" * 52

WHOLE_CASES = [
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
        bad={**zone("door"), **signal(zones=["door", "gate"])},
        good={**zone("door"), **signal(zones=["door"])},
    ),
    Case(
        node="spec",
        says="must be Previous",
        field="spec.frames.reference.mode",
        bad={"frames": {"reference": {"mode": "None"}}},
        good={"frames": {"reference": {"mode": "None"}}, **signal()},
    ),
    *(
        Case(
            node="spec",
            says="must be Previous",
            field="spec.frames.reference.mode",
            bad={"frames": {"reference": {"mode": "None"}}, **signal(type=kind)},
            good={"frames": {"reference": {"mode": "None"}}, **signal(type="Sharpness")},
        )
        for kind in sorted(COMPARING)
    ),
    Case(
        node="spec",
        says="must be at most kafka.topic.partitions",
        field="spec.consumer.scaling.maxReplicas",
        bad={**topic(partitions=3), **consumer("Lag", scaling={"maxReplicas": 4})},
        good={**topic(partitions=4), **consumer("Lag", scaling={"maxReplicas": 4})},
    ),
    Case(
        node="spec",
        says="must be 1 with kafka.partitioning Keyed",
        field="spec.consumer.scaling.maxReplicas",
        bad={"kafka": {"partitioning": "Keyed"}, **consumer("Lag", scaling={"maxReplicas": 2})},
        good={"kafka": {"partitioning": "Keyed"}, **consumer("Lag", scaling={"maxReplicas": 1})},
    ),
]
