"""Laws of the plan, the manifests and the status on any spec that the CRD's schema lets in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.support.bodies import CREATED, NOW, PODS, body
from tests.support.crd import schema
from tests.support.deployments import Deployments
from tests.support.openapi import fitting
from videostream_controller import scaling
from videostream_controller import status as statuses
from videostream_controller.api import VideoStream, parse
from videostream_controller.autoscaling import Decision
from videostream_controller.observed import (
    Autoscaled,
    Child,
    LagSample,
    Observed,
    Report,
    Reports,
    TopicState,
)
from videostream_controller.plan import Apply, Plan, plan
from videostream_pipeline.status import ProducerStatus, SourceStatus

if TYPE_CHECKING:
    from videostream_controller.manifests import Manifest

_SPECS = fitting(schema()["properties"]["spec"], "spec")
_REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
_relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@st.composite
def streams(draw: st.DrawFn) -> VideoStream:
    """Draw a stream with connections that exist, running or suspended."""
    spec = dict(draw(_SPECS))
    spec["kafka"] = {**(spec.get("kafka") or {}), "connection": "default"}
    spec["influx"] = {**(spec.get("influx") or {}), "connection": "default"}
    parsed = parse(body(spec))
    assume(isinstance(parsed, VideoStream))
    assert isinstance(parsed, VideoStream)
    return parsed


@st.composite
def lives(draw: st.DrawFn, name: str) -> Manifest | None:
    """Draw what may stand in the place of a Deployment, foreign edits included."""
    if draw(st.booleans()):
        return None
    strategy = draw(
        st.sampled_from(
            [{"type": "Recreate"}, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}]
        )
    )
    owned = {
        "manager": draw(st.sampled_from(["videostream-controller", "videostream-scaler", "me"])),
        "operation": "Apply",
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
    }
    return {
        "metadata": {
            "namespace": "video",
            "name": name,
            "generation": 1,
            "resourceVersion": "5",
            "managedFields": [owned],
        },
        "spec": {"replicas": draw(st.integers(0, 9)), "strategy": strategy},
        "status": {"replicas": draw(st.integers(0, 9)), "observedGeneration": 1},
    }


TOPICS = st.sampled_from(
    [
        CREATED,
        TopicState("Adopted", id="t", partitions=3, ownership="Adopted"),
        TopicState("ConfigConflict", "differs", id="t", partitions=3, ownership="Adopted"),
        TopicState("Unreachable", "no answer"),
        TopicState("NotFound", "not there"),
    ]
)


@st.composite
def observations(draw: st.DrawFn) -> Observed:
    """Draw a state of the world around a stream."""
    lag = draw(st.none() | st.builds(LagSample, st.none() | st.integers(0, 10**9), st.just(NOW)))
    return Observed(
        topic=draw(TOPICS),
        producer=Child(draw(lives("cam-producer"))),
        consumer=Child(draw(lives("cam-consumer"))),
        lag=lag,
    )


def manifests_of(planned: Plan) -> list[Manifest]:
    return [action.manifest for action in planned.actions if isinstance(action, Apply)]


@_relaxed
@given(streams(), observations())
def test_the_plan_and_the_status_never_raise(stream: VideoStream, observed: Observed) -> None:
    planned = plan(stream, observed, PODS)
    status = statuses.build(stream, observed, planned.decision, NOW)
    json.dumps(status)
    for condition in status["conditions"]:
        assert condition["status"] in {"True", "False", "Unknown"}
        assert _REASON.fullmatch(condition["reason"]), condition
        assert len(condition["message"]) <= 32768


@_relaxed
@given(streams(), observations())
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(
    stream: VideoStream, observed: Observed
) -> None:
    deployments = Deployments(observed)
    deployments.carry_out(plan(stream, observed, PODS))
    # A scale moves the resource version after the apply, so one more (empty) apply may follow.
    deployments.carry_out(plan(stream, deployments.observed(observed), PODS))
    assert plan(stream, deployments.observed(observed), PODS).actions == ()


@_relaxed
@given(streams(), observations())
def test_a_stream_that_runs_ends_with_the_replicas_it_should_have(
    stream: VideoStream, observed: Observed
) -> None:
    deployments = Deployments(observed)
    planned = plan(stream, observed, PODS)
    deployments.carry_out(planned)
    consumer, producer = deployments.live["cam-consumer"], deployments.live["cam-producer"]
    if planned.actions:
        assert consumer is not None
        assert producer is not None
        assert consumer["spec"]["replicas"] == planned.decision.replicas
        stopped = stream.suspend or stream.producer.suspend
        assert producer["spec"]["replicas"] == (0 if stopped else 1)
        assert producer["spec"]["strategy"] == {"type": "Recreate"}


@_relaxed
@given(streams(), observations(), st.randoms())
def test_the_plan_does_not_depend_on_the_order_of_what_it_reads(
    stream: VideoStream, observed: Observed, random: Any
) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            items = list(value.items())
            random.shuffle(items)
            return {key: shuffled(item) for key, item in items}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    again = parse(shuffled(body(stream.raw_spec)))
    assert isinstance(again, VideoStream)
    mixed = Observed(
        observed.topic,
        Child(shuffled(observed.producer.live)),
        Child(shuffled(observed.consumer.live)),
    )
    first, second = plan(stream, observed, PODS), plan(again, mixed, PODS)
    assert manifests_of(first) == manifests_of(second)  # their fingerprints included
    assert [type(one) for one in first.actions] == [type(one) for one in second.actions]


@_relaxed
@given(streams(), st.none() | st.integers(0, 10**9), st.integers(0, 50))
def test_only_mode_lag_follows_the_load_and_only_by_its_decision(
    stream: VideoStream, records: int | None, wanted: int
) -> None:
    found = Autoscaled(Decision(wanted, 1, "Active", "the load"))
    observed = Observed(CREATED, lag=LagSample(records, NOW), scaling=found)
    decision = plan(stream, observed, PODS).decision
    assert decision == scaling.decide(stream, found.decision)
    if stream.suspend:
        assert decision.replicas == 0
    elif stream.consumer.scaling.mode == "Lag":
        assert decision.replicas == wanted
    else:
        assert decision.replicas == stream.consumer.replicas


@_relaxed
@given(streams())
def test_every_manifest_is_owned_labelled_and_finds_its_pods(stream: VideoStream) -> None:
    manifests = manifests_of(plan(stream, Observed(CREATED), PODS))
    assert len(manifests) == 2
    for manifest in manifests:
        (owner,) = manifest["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == (stream.metadata.uid, True)
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "videostream-controller"
        assert labels["videostream.dev/stream"] == stream.metadata.name
        template = manifest["spec"]["template"]["metadata"]["labels"]
        assert manifest["spec"]["selector"]["matchLabels"].items() <= template.items()
        assert labels.items() <= template.items()


@_relaxed
@given(
    st.sampled_from(["rtsp://u:secret@camera/live", "http://secret@camera/", "rtsp://:secret@c/"])
)
def test_a_password_in_a_url_reaches_neither_manifest_nor_status(url: str) -> None:
    # The CRD refuses such URLs; an object stored under another CRD may still have one.
    broken = body({"source": {"url": url}})
    errors = parse(broken)
    assert isinstance(errors, list)
    assert "secret" not in json.dumps(statuses.build_invalid(broken, errors, NOW))


@_relaxed
@given(streams(), st.text(max_size=5000), st.text(max_size=300), st.text(max_size=300))
def test_what_a_pod_reports_always_fits_the_status(
    stream: VideoStream, message: str, reason: str, codec: str
) -> None:
    source = SourceStatus("Backoff", reason, message, codec=codec)
    said = ProducerStatus(
        namespace="video", name="cam", uid="uid-1", pod="p", time=NOW, source=source
    )
    observed = Observed(CREATED, reports=Reports(Report(said, NOW)))
    decision = scaling.decide(stream, observed.scaling.decision)
    status = statuses.build(stream, observed, decision, NOW)
    for condition in status["conditions"]:
        assert _REASON.fullmatch(condition["reason"]), condition
        assert len(condition["reason"]) <= 63
    assert len(status["source"].get("codec", "")) <= 63
    assert len(status["source"].get("message", "")) <= 1024
