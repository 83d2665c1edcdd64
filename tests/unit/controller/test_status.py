"""Status: what each condition says in each situation, and which changes are worth a write."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.bodies import NOW, deployment, stream
from tests.support.observations import build, consumer, observed, producer, said
from videostream_controller import status
from videostream_controller.autoscaling import Decision
from videostream_controller.conditions import Condition
from videostream_controller.observed import LagSample, Observed, Reports, TopicState
from videostream_pipeline.status import SignalsStatus, SinkStatus, SourceStatus


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


def test_signals_that_cannot_be_measured() -> None:
    wrong = consumer(signals=SignalsStatus("Invalid", "no such type"))
    built = build(observed(Reports(producer(), (wrong,))))
    assert said(built, "ConsumerReady") == ("False", "SignalsInvalid")


def test_what_the_api_server_refused() -> None:
    built = build(observed(refused={"cam-producer": "forbidden"}))
    assert said(built, "ProducerReady") == ("False", "ApplyRefused")
    assert said(built, "ConsumerReady")[0] == "True"


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


@pytest.mark.parametrize(
    ("records", "seconds", "differs"),
    [(7, 0.4, False), (18, 0.4, True), (7, 5.0, True), (None, None, True), (7, None, True)],
)
def test_a_lag_is_told_when_it_has_moved_noticeably(
    records: int | None, seconds: float | None, *, differs: bool
) -> None:
    decision = Decision(1, 1, "Active", "the number fits the load")
    lag = LagSample(records, NOW, seconds=seconds)
    told = stream(status={"lag": {"records": 7, "duration": "1s", "observedTime": "t"}})
    assert status.is_outdated(told, decision, lag) == differs
    assert status.is_outdated(stream(), decision, lag) == (records is not None)


def test_what_holds_the_number_is_told_soon() -> None:
    told = {"type": "Scaling", "reason": "Active", "message": "more is needed, if it lasts"}
    of = stream(status={"conditions": [{"type": "Ready", "message": "x"}, told]})
    lag = LagSample(None, NOW)
    assert not status.is_outdated(of, Decision(1, 1, "Active", told["message"]), lag)
    assert status.is_outdated(of, Decision(1, 1, "Active", "the number fits the load"), lag)


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
