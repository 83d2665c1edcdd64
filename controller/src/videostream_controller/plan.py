"""The only place where it is decided what happens to a stream's Deployments. Pure.

`plan` compares what the spec asks for with what was observed and answers with actions as data. It
is level-triggered: it needs to know nothing of what happened before, so a lost event, a restart or
a foreign edit all end in the same actions. After its actions have been carried out it gives none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from videostream_controller import manifests, scaling
from videostream_controller.applied import is_applied, signed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_controller.api import VideoStream
    from videostream_controller.manifests import Manifest
    from videostream_controller.observed import Child, Observed
    from videostream_controller.settings import PodSettings

CONTROLLER_MANAGER = "videostream-controller"


@dataclass(frozen=True, slots=True)
class Apply:
    """Server-side apply this manifest."""

    manifest: Manifest

    @property
    def name(self) -> str:
        """The Deployment's name."""
        return str(self.manifest["metadata"]["name"])


@dataclass(frozen=True, slots=True)
class Scale:
    """Write the replicas of this Deployment through its scale subresource."""

    name: str
    replicas: int


@dataclass(frozen=True, slots=True)
class ForceRecreate:
    """Take away a stranger's rolling update, beside which the API server refuses Recreate.

    An apply cannot do that: it leaves fields alone that it does not own.
    """

    name: str


Action = Apply | Scale | ForceRecreate


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in this order, and the decision about consumers behind it."""

    actions: tuple[Action, ...]
    decision: scaling.Decision


def plan(stream: VideoStream, observed: Observed, pods: PodSettings) -> Plan:
    """Return the actions that bring the stream's Deployments to its spec."""
    decision = scaling.decide(stream, observed.scaling.decision)
    if not may_run(stream, observed, pods):
        return Plan((), decision)
    capturing = 0 if stream.suspend or stream.producer.suspend else 1
    producer = signed(manifests.producer(stream, pods, replicas=capturing))
    replicas = None if decision.by_scaler else decision.replicas
    consumer = signed(manifests.consumer(stream, pods, replicas=replicas))
    # Consumers first: they are there when the first frame comes.
    return Plan(
        (
            *_consumer_actions(consumer, observed.consumer, decision),
            *_producer_actions(producer, observed.producer),
        ),
        decision,
    )


def may_run(stream: VideoStream, observed: Observed, pods: PodSettings) -> bool:
    """Tell whether the Deployments may be made or changed.

    A stream starts only on a topic that is as its spec says. Once it has started, an outage of
    Kafka or a conflict about the topic is shown and does not take the running pipeline away.
    """
    if stream.kafka.connection not in pods.kafka or stream.influx.connection not in pods.influx:
        return False
    known = (stream.raw_status.get("topic") or {}).get("id") is not None
    return observed.topic.is_ready or known or observed.producer.live is not None


def _consumer_actions(
    manifest: Manifest, child: Child, decision: scaling.Decision
) -> tuple[Action, ...]:
    apply = _apply(manifest, child)
    if not decision.by_scaler:
        return apply
    scale = Scale(manifest["metadata"]["name"], decision.replicas)
    if child.live is None:
        # One is what a new Deployment has anyway.
        return apply if decision.replicas == 1 else (*apply, scale)
    is_due = child.live["spec"].get("replicas", 1) != decision.replicas
    # The scaler takes the replicas over before the apply lets go of them: without an owner they
    # would fall back to 1.
    return (*((scale,) if is_due or _we_own_replicas(child.live) else ()), *apply)


def _producer_actions(manifest: Manifest, child: Child) -> tuple[Action, ...]:
    apply = _apply(manifest, child)
    if child.live is not None and "rollingUpdate" in child.live["spec"].get("strategy", {}):
        return (ForceRecreate(manifest["metadata"]["name"]), *apply)
    return apply


def _apply(manifest: Manifest, child: Child) -> tuple[Action, ...]:
    return () if is_applied(manifest, child) else (Apply(manifest),)


def _we_own_replicas(live: Mapping[str, Any]) -> bool:
    return any(
        entry.get("manager") == CONTROLLER_MANAGER
        and entry.get("operation") == "Apply"
        and "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
        for entry in live["metadata"].get("managedFields", [])
    )
