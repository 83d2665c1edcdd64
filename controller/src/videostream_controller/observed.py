"""What is known of the world around a stream when a decision is taken. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from videostream_controller.autoscaling import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from videostream_pipeline.status import ConsumerStatus, ProducerStatus

Ownership = Literal["Created", "Adopted"]
TopicReason = Literal[
    "Created",
    "Adopted",
    "ConfigConflict",
    "NotFound",
    "Unreachable",
    "Refused",
    "UnknownConnection",
]


@dataclass(frozen=True, slots=True)
class TopicState:
    """How the stream's topic is. `id`, `partitions`, `ownership` are None while it is not ours."""

    reason: TopicReason
    message: str = ""
    id: str | None = None
    partitions: int | None = None
    ownership: Ownership | None = None

    @property
    def is_ready(self) -> bool:
        """Whether frames can go through the topic as the spec wants it."""
        return self.reason in {"Created", "Adopted"}


@dataclass(frozen=True, slots=True)
class LagSample:
    """How far a group is behind: records it has not processed, and the age of the oldest of them.

    `records` is None when that could not be found out, `seconds` also while only one look was had.
    """

    records: int | None
    at: datetime
    message: str = ""
    seconds: float | None = None


Status = TypeVar("Status", "ProducerStatus", "ConsumerStatus")


@dataclass(frozen=True, slots=True)
class Report(Generic[Status]):
    """The last status record of a pod and when it was heard, by our own clock."""

    status: Status
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Reports:
    """The newest records of a stream's pods."""

    producer: Report[ProducerStatus] | None = None
    consumers: tuple[Report[ConsumerStatus], ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """The last successful apply: fingerprint of the manifest, stamp of what came of it."""

    fingerprint: str
    stamp: str


@dataclass(frozen=True, slots=True)
class Child:
    """A Deployment as it is, None if absent, and our last apply of it."""

    live: Mapping[str, Any] | None = None
    applied: Applied | None = None


@dataclass(frozen=True, slots=True)
class Autoscaled:
    """What the load asks for: the newest decision, and what of it a restart has to know."""

    decision: Decision
    memory: Mapping[str, Any] = field(default_factory=dict)  # status.scaling


_UNDECIDED: Final = Autoscaled(Decision(1, 1, "Holding", "nothing has been observed yet"))


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that `plan` and `status` look at beside the spec."""

    topic: TopicState
    producer: Child = Child()
    consumer: Child = Child()
    reports: Reports = Reports()
    lag: LagSample | None = None
    scaling: Autoscaled = _UNDECIDED
    refused: Mapping[str, str] = field(default_factory=dict)  # Deployment -> the server's words
