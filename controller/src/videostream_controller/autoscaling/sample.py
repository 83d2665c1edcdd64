"""What is observed of a stream at one moment: offsets from Kafka, pods from Kubernetes.

A Sample is whole or it is not made: one partition without an answer makes the moment unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videostream_controller.autoscaling.report import Report


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition's offsets. `committed` is None while the group has committed none."""

    committed: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sample:
    """All partitions of a topic at Unix time `at_s`, in order of their numbers."""

    at_s: float
    topic_id: str
    partitions: tuple[Partition, ...]
    reports: tuple[Report, ...] = ()

    @property
    def is_behind(self) -> bool:
        """Whether any record waits, or may wait, for being processed."""
        return any((part.committed or 0) < part.end for part in self.partitions)


@dataclass(frozen=True, slots=True)
class Workload:
    """What is known of the pods without asking Kafka for offsets.

    `replicas` and `ready` are the consumer Deployment's. `source_ended`: no more frames are to be
    expected (the file is at its end, or capture is suspended). `sink_blocked`: a consumer has told
    that its sink takes nothing; such a consumer commits nothing, so no commit can tell it.
    """

    replicas: int
    ready: int
    source_ended: bool = False
    sink_blocked: bool = False
