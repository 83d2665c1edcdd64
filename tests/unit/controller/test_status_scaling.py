"""Status of a stream whose consumers are scaled: how many, why, and what holds them back."""

from __future__ import annotations

import pytest

from tests.support.bodies import NOW, deployment, stream
from tests.support.observations import build, observed, producer, said
from videostream_controller.autoscaling import Decision
from videostream_controller.observed import LagSample, Reports


@pytest.mark.parametrize(("ready", "status"), [(2, "True"), (1, "False")])
def test_a_scale_out_is_no_trouble_while_the_fewest_are_there(ready: int, status: str) -> None:
    of = stream({"consumer": {"scaling": {"minReplicas": 2, "maxReplicas": 8}}})
    growing = deployment("cam-consumer", replicas=6, readyReplicas=ready)
    seen = observed(consumer=growing, decision=Decision(6, 2, "Active", "the load needs more"))
    assert said(build(seen, of), "ConsumerReady")[0] == status


def test_a_change_of_the_number_alone_does_not_make_a_stream_unready() -> None:
    scaled = deployment("cam-consumer", replicas=3, generation=2, observedGeneration=1)
    seen = observed(consumer=scaled, decision=Decision(3, 4, "Active", "the load needs less"))
    assert said(build(seen), "ConsumerReady") == ("True", "Available")


@pytest.mark.parametrize(
    ("decision", "scaling", "ready"),
    [
        (Decision(0, 0, "Idle", "no record waits"), ("True", "Idle"), "True"),
        (Decision(1, 1, "CapacityUnknown", "m"), ("Unknown", "CapacityUnknown"), "True"),
        (Decision(1, 1, "Holding", "m"), ("False", "Holding"), "True"),
        (Decision(1, 1, "SinkBlocked", "m"), ("False", "SinkBlocked"), "True"),
        (
            Decision(1, 1, "AllPartitionsStalled", "m"),
            ("False", "AllPartitionsStalled"),
            "False",
        ),
    ],
)
def test_what_scaling_does_and_what_ready_makes_of_it(
    decision: Decision, scaling: tuple[str, str], ready: str
) -> None:
    built = build(observed(decision=decision))
    assert said(built, "Scaling") == scaling
    assert said(built, "Ready")[0] == ready
    assert built["consumer"]["desiredReplicas"] == decision.replicas


def test_what_keeps_consumers_from_helping_is_there_only_while_it_does() -> None:
    limited = Decision(
        4, 4, "Active", "m", limited_by="AtMax", stalled=(0, 7), hot=tuple(range(20))
    )
    built = build(observed(decision=limited))
    assert said(built, "ScalingLimited") == ("True", "AtMax")
    assert said(built, "PartitionsStalled") == ("True", "NoProgress")
    assert said(built, "HotPartition") == ("True", "AboveCapacity")
    messages = {one["type"]: one["message"] for one in built["conditions"]}
    assert "partitions 0, 7;" in messages["PartitionsStalled"]
    assert "11 and 8 more" in messages["HotPartition"]
    after = {one["type"] for one in build(observed(), stream(status=built))["conditions"]}
    assert not after & {"ScalingLimited", "PartitionsStalled", "HotPartition"}


@pytest.mark.parametrize(
    ("lag", "expected"),
    [
        (LagSample(70, NOW, seconds=5.1), ("False", "Behind")),
        (LagSample(7, NOW, seconds=5.0), ("True", "Within")),
        (LagSample(7, NOW), ("Unknown", "NotMeasured")),
        (LagSample(None, NOW, "no answer"), ("Unknown", "MetricsUnavailable")),
    ],
)
def test_lag_as_a_time_against_its_target(lag: LagSample, expected: tuple[str, str]) -> None:
    assert said(build(observed(lag=lag)), "LagWithinTarget") == expected


def test_no_consumers_wanted_leaves_the_sink_out_of_ready() -> None:
    none = stream({"consumer": {"replicas": 0, "scaling": {"mode": "Fixed"}}})
    built = build(observed(Reports(producer())), none)
    assert said(built, "SinkReachable") == ("Unknown", "NoConsumers")
    assert said(built, "Ready")[0] == "True"
