"""How far each group is behind: one sweep over all streams of a cluster.

Any gap, be it one partition without a commit, makes the stream's lag unknown: an outage must never
look like "nothing to do".
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from confluent_kafka import TopicPartition

from videostream_controller.kafka.client import KafkaRefused, KafkaUnavailable
from videostream_controller.kafka.groups import committed, offsets
from videostream_controller.observed import LagSample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videostream_controller.kafka.client import KafkaClient

_IN_FLIGHT: Final = 32


@dataclass(frozen=True, slots=True)
class LagTarget:
    """A stream whose group is to be measured."""

    key: str
    group: str
    topic: str
    partitions: int


async def sweep(client: KafkaClient, targets: Sequence[LagTarget]) -> dict[str, LagSample]:
    """Return a sample for each target's key; never raises for what Kafka does."""
    # Commits first and ends second, so that a lag is at most too high, never below zero.
    asked = [(target.group, target.topic, target.partitions) for target in targets]
    try:
        commits = await committed(client, asked) if asked else []
    except KafkaUnavailable as error:
        now = datetime.now(UTC)
        return {target.key: LagSample(None, now, str(error)) for target in targets}
    limit = asyncio.Semaphore(_IN_FLIGHT)
    measured = await asyncio.gather(
        *(
            _measure(client, target, _gaps(target, commit), limit)
            for target, commit in zip(targets, commits, strict=True)
        )
    )
    return dict(zip((target.key for target in targets), measured, strict=True))


def _gaps(target: LagTarget, commit: dict[int, int | None] | Exception) -> dict[int, int] | str:
    """Return a group's offsets if there is one for every partition, else what is missing."""
    if isinstance(commit, Exception):
        return str(commit)
    missing = sorted(number for number, offset in commit.items() if offset is None)
    if missing:
        return f"group {target.group} has no offset for partitions {missing}"
    return {number: offset for number, offset in commit.items() if offset is not None}


async def _measure(
    client: KafkaClient,
    target: LagTarget,
    commits: dict[int, int] | str,
    limit: asyncio.Semaphore,
) -> LagSample:
    now = datetime.now(UTC)
    if isinstance(commits, str):
        return LagSample(None, now, commits)
    asked = [TopicPartition(target.topic, number) for number in range(target.partitions)]
    async with limit:
        try:
            firsts = await offsets(client, asked, "Earliest")
            ends = await offsets(client, asked, "Latest")
        except (KafkaUnavailable, KafkaRefused) as error:
            return LagSample(None, now, str(error))
    # Records that retention has deleted can no longer be read: they are no lag.
    behind = (max(0, ends[part] - max(commits[part[1]], firsts[part])) for part in ends)
    return LagSample(sum(behind), now)
