"""Status: what each condition says in each situation, and which changes are worth a write."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.bodies import CREATED, NOW, deployment, stream
from videostream_controller import scaling, status
from videostream_controller.autoscaling import Decision
from videostream_controller.conditions import Condition
from videostream_controller.observed import (
    Autoscaled,
    Child,
    LagSample,
    Observed,
    Report,
    Reports,
    TopicState,
)
from videostream_pipeline.status import (
    ConsumerStatus,
    ProducerStatus,
    SignalsStatus,
    SinkStatus,
    SourceStatus,
)

if TYPE_CHECKING:
    from videostream_controller.api import VideoStream

STREAMING = SourceStatus("Streaming", "Streaming", codec="h264", width=640, height=360, fps=4.93)
REACHABLE = SinkStatus("Reachable")


ACTIVE = Decision(1, 1, "Active", "the number fits the load")


def producer(source: SourceStatus = STREAMING, *, at: datetime = NOW) -> Report[ProducerStatus]:
    said = ProducerStatus(
        namespace="video", name="cam", uid="uid-1", pod="p", time=NOW, source=source
    )
    return Report(said, at)


def consumer(
    sink: SinkStatus = REACHABLE, *, at: datetime = NOW, signals: SignalsStatus | None = None
) -> Report[ConsumerStatus]:
    said = ConsumerStatus(
        namespace="video",
        name="cam",
        uid="uid-1",
        pod="c",
        time=NOW,
        sink=sink,
        signals=signals or SignalsStatus("Ready"),
    )
    return Report(said, at)


def observed(
    reports: Reports | None = None, *, lag: LagSample | None = None, **children: Any
) -> Observed:
    """Everything runs, unless said otherwise."""
    return Observed(
        topic=children.pop("topic", CREATED),
        producer=Child(children.pop("producer", deployment("cam-producer"))),
        consumer=Child(children.pop("consumer", deployment("cam-consumer"))),
        reports=reports if reports is not None else Reports(producer(), (consumer(),)),
        lag=lag or LagSample(7, NOW, seconds=1.2),
        scaling=Autoscaled(children.pop("decision", ACTIVE), {"perReplicaFps": "12.5"}),
        **children,
    )


def build(seen: Observed, of: VideoStream | None = None, *, now: datetime = NOW) -> dict[str, Any]:
    of = of or stream()
    return status.build(of, seen, scaling.decide(of, seen.scaling.decision), now)


def said(built: dict[str, Any], kind: str) -> tuple[str, str]:
    (found,) = [one for one in built["conditions"] if one["type"] == kind]
    return found["status"], found["reason"]


def test_all_is_well() -> None:
    built = build(observed())
    assert said(built, "Ready") == ("True", "Streaming")
    assert built["source"]["fps"] == "4.9"
    assert built["topic"] == {
        "name": "videostream.video.cam",
        "id": "topic-1",
        "partitions": 12,
        "ownership": "Created",
    }
    assert built["lag"] == {
        "records": 7,
        "duration": "2s",
        "observedTime": "2026-11-24T12:00:00Z",
    }
    assert built["scaling"] == {"perReplicaFps": "12.5"}
    assert said(built, "LagWithinTarget") == ("True", "Within")
    assert said(built, "Scaling") == ("True", "Active")
    assert built["consumer"]["selector"] == (
        "app.kubernetes.io/name=videostream,app.kubernetes.io/component=consumer,"
        "app.kubernetes.io/instance=cam"
    )
    types = [one["type"] for one in built["conditions"]]
    assert types == [
        *("Ready", "SourceConnected", "TopicReady", "ProducerReady", "ConsumerReady"),
        *("SinkReachable", "LagKnown", "LagWithinTarget", "Scaling"),
    ]


OLD = NOW - timedelta(seconds=46)


@pytest.mark.parametrize(
    ("seen", "kind", "expected", "ready"),
    [
        (observed(Reports()), "SourceConnected", ("Unknown", "NoReport"), "Unknown"),
        (
            observed(Reports(producer(at=OLD), (consumer(),))),
            "SourceConnected",
            ("Unknown", "ReportStale"),
            "Unknown",
        ),
        (
            observed(Reports(producer(SourceStatus("Stalled", "Stalled")), (consumer(),))),
            "SourceConnected",
            ("False", "Stalled"),
            "False",
        ),
        (
            observed(Reports(producer(SourceStatus("Completed", "EndOfStream")), (consumer(),))),
            "SourceConnected",
            ("False", "EndOfStream"),
            "True",
        ),
        (
            observed(Reports(producer(), (consumer(at=OLD),))),
            "SinkReachable",
            ("Unknown", "ReportStale"),
            "Unknown",
        ),
        (
            observed(Reports(producer(), (consumer(), consumer(SinkStatus("Rejecting", "bad"))))),
            "SinkReachable",
            ("False", "Rejecting"),
            "False",
        ),
        (
            observed(topic=TopicState("Unreachable", "no answer")),
            "TopicReady",
            ("False", "Unreachable"),
            "False",
        ),
        (
            observed(producer=deployment("cam-producer", readyReplicas=0)),
            "ProducerReady",
            ("False", "Progressing"),
            "False",
        ),
        (
            observed(producer=deployment("cam-producer", observedGeneration=0)),
            "ProducerReady",
            ("False", "Progressing"),
            "False",
        ),
        (observed(producer=None), "ProducerReady", ("False", "Creating"), "False"),
        (
            observed(producer=None, topic=TopicState("NotFound")),
            "ProducerReady",
            ("False", "WaitingForTopic"),
            "False",
        ),
        (
            observed(lag=LagSample(None, NOW, "no answer")),
            "LagKnown",
            ("False", "MetricsUnavailable"),
            "True",
        ),
    ],
)
def test_conditions(seen: Observed, kind: str, expected: tuple[str, str], ready: str) -> None:
    built = build(seen)
    assert said(built, kind) == expected
    assert said(built, "Ready")[0] == ready


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"type": "Progressing", "status": "False", "reason": "TooSlow"}, "TooSlow"),
        ({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}, "FailedCreate"),
    ],
)
def test_a_deployment_that_fails_says_why(condition: dict[str, str], reason: str) -> None:
    told = condition | {"message": "quota exceeded"}
    broken = deployment("cam-consumer", readyReplicas=0, conditions=[told])
    built = build(observed(consumer=broken))
    assert said(built, "ConsumerReady") == ("False", reason)
    assert said(built, "Ready") == ("False", reason)


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


def test_signals_that_cannot_be_measured() -> None:
    wrong = consumer(signals=SignalsStatus("Invalid", "no such type"))
    built = build(observed(Reports(producer(), (wrong,))))
    assert said(built, "ConsumerReady") == ("False", "SignalsInvalid")


def test_what_the_api_server_refused() -> None:
    built = build(observed(refused={"cam-producer": "forbidden"}))
    assert said(built, "ProducerReady") == ("False", "ApplyRefused")
    assert said(built, "ConsumerReady")[0] == "True"


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


def test_a_suspended_stream() -> None:
    built = build(observed(), stream({"suspend": True}))
    assert said(built, "Ready") == ("False", "Suspended")
    assert said(built, "SourceConnected") == ("False", "Suspended")
    assert said(built, "ProducerReady") == ("True", "Suspended")
    assert said(built, "ConsumerReady") == ("True", "ScaledToZero")
    assert built["source"] == {"state": "Suspended", "message": "spec.suspend is true"}


def test_a_suspended_producer_names_its_own_field() -> None:
    built = build(observed(), stream({"producer": {"suspend": True}}))
    assert built["source"]["message"] == "spec.producer.suspend is true"
    assert said(built, "ConsumerReady")[0] == "True"


def test_no_consumers_wanted_leaves_the_sink_out_of_ready() -> None:
    none = stream({"consumer": {"replicas": 0, "scaling": {"mode": "Fixed"}}})
    built = build(observed(Reports(producer())), none)
    assert said(built, "SinkReachable") == ("Unknown", "NoConsumers")
    assert said(built, "Ready")[0] == "True"


def test_what_is_known_of_the_topic_outlives_an_outage() -> None:
    known = {"name": "videostream.video.cam", "id": "x", "partitions": 12, "ownership": "Created"}
    of = stream(status={"topic": known})
    assert build(observed(topic=TopicState("Unreachable")), of)["topic"] == known


def test_no_empty_object_is_applied() -> None:
    assert "source" not in build(observed(Reports()))


def test_a_conflict_is_shown_with_the_topic_as_it_is() -> None:
    found = TopicState("ConfigConflict", "differs", "id-2", 5, "Adopted")
    assert build(observed(topic=found))["topic"]["partitions"] == 5


def test_the_last_frame_has_a_time_once_none_comes_any_more() -> None:
    last = NOW + timedelta(seconds=44)
    stalled = SourceStatus("Stalled", "Stalled", last_frame_time=last)
    built = build(observed(Reports(producer(stalled), (consumer(),))))
    assert built["source"]["lastFrameTime"] == "2026-11-24T12:00:30Z"
    flowing = SourceStatus("Streaming", "Streaming", last_frame_time=last)
    assert "lastFrameTime" not in build(observed(Reports(producer(flowing))))["source"]


@pytest.mark.parametrize(
    ("change", "state", "numbers"),
    [
        ({}, False, False),
        ({"source": {"state": "Streaming", "fps": "5.1"}}, False, False),
        ({"source": {"state": "Streaming", "fps": "6.0"}}, False, True),
        ({"source": {"state": "Streaming", "fps": "4.9", "reconnects": 1}}, True, True),
        ({"source": {"state": "Stalled", "fps": "4.9"}}, True, False),
        ({"lag": {"records": 7, "duration": "1s", "observedTime": "later"}}, False, False),
        ({"lag": {"records": 17, "duration": "3s", "observedTime": "t"}}, False, False),
        ({"lag": {"records": 18, "duration": "1s", "observedTime": "t"}}, False, True),
        ({"lag": {"records": 7, "duration": "4s", "observedTime": "t"}}, False, True),
        ({"lag": None}, True, True),
        ({"scaling": {"perReplicaFps": "101", "lastScaleReason": "ScaleUp"}}, False, False),
        ({"scaling": {"perReplicaFps": "130", "lastScaleReason": "ScaleUp"}}, False, True),
        ({"scaling": {"perReplicaFps": "100", "lastScaleReason": "ScaleDown"}}, True, False),
        ({"observedGeneration": 2}, True, False),
    ],
)
def test_what_is_worth_a_write(change: dict[str, Any], state: bool, numbers: bool) -> None:  # noqa: FBT001
    before = {
        "observedGeneration": 1,
        "source": {"state": "Streaming", "fps": "4.9"},
        "lag": {"records": 7, "duration": "1s", "observedTime": "t"},
        "scaling": {"perReplicaFps": "100", "lastScaleReason": "ScaleUp"},
    }
    after = before | change
    assert status.state_differs(before, after) == state
    assert status.numbers_differ(before, after) == numbers


def test_an_invalid_object_keeps_its_other_conditions() -> None:
    kept = {
        "type": "TopicReady",
        "status": "True",
        "reason": "Created",
        "message": "",
        "lastTransitionTime": "2026-11-24T11:00:00Z",
    }
    body = {"metadata": {"generation": 3}, "status": {"conditions": [kept], "topic": {"id": "x"}}}
    built = status.build_invalid(body, [], NOW)
    assert built["topic"] == {"id": "x"}
    assert [one["type"] for one in built["conditions"]] == ["Ready", "TopicReady"]
    assert built["observedGeneration"] == 3


def test_a_blocked_cleanup_comes_and_goes() -> None:
    blocked = Condition("CleanupBlocked", "True", "KafkaUnavailable", "no answer")
    first = status.build_deleting(stream(), blocked, "cleaning", NOW)
    assert said(first, "CleanupBlocked") == ("True", "KafkaUnavailable")
    assert said(first, "Ready") == ("False", "Deleting")
    after = status.build_deleting(stream(status=first), None, "cleaning", NOW)
    assert [one["type"] for one in after["conditions"]] == ["Ready"]
