"""One sweep over the streams of a cluster: a Sample of each, or why there is none.

A Sample is whole or it is not made: one partition without an answer makes the stream's lag
unknown, because an outage must never look like "nothing to do".
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from videostream_controller.autoscaling import Partition, Sample, parse_report
from videostream_controller.kafka.client import KafkaRefused, KafkaUnavailable
from videostream_controller.kafka.groups import committed, log_offsets

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from videostream_controller.kafka.client import KafkaClient
    from videostream_controller.kafka.groups import Commits

_TRUSTED_S: Final = 240.0


@dataclass(frozen=True, slots=True)
class SampleTarget:
    """A stream that is to be sampled."""

    key: str
    group: str
    topic: str
    topic_id: str
    partitions: int


@dataclass(slots=True)
class Sweeper:
    """Sweeps one cluster; remembers groups at rest, whose commits need not be read each time.

    Where nothing waited and no record has come since, the group cannot have committed anything
    new. It is asked now and then all the same: offsets expire, and others can delete them.
    """

    client: KafkaClient
    _resting: dict[str, tuple[Sample, float]] = field(default_factory=dict)

    async def sweep(self, targets: Sequence[SampleTarget]) -> dict[str, Sample | str]:
        """Return a sample, or what kept it from being made, for each target's key.

        Never raises for what Kafka does.
        """
        try:
            return await self._sweep(targets) if targets else {}
        except KafkaUnavailable as error:
            return {target.key: str(error) for target in targets}

    def keep(self, keys: Collection[str]) -> None:
        """Forget all streams but these."""
        for key in self._resting.keys() - set(keys):
            del self._resting[key]

    async def _sweep(self, targets: Sequence[SampleTarget]) -> dict[str, Sample | str]:
        topics = [(target.topic, target.partitions) for target in targets]
        ends = await log_offsets(self.client, topics, "Latest")
        now_s = time.time()
        found: dict[str, Sample | str] = {}
        moving: list[tuple[SampleTarget, tuple[int, ...]]] = []
        for target, end in zip(targets, ends, strict=True):
            if isinstance(end, Exception):
                found[target.key] = str(end)
            elif (resting := self._still(target, end, now_s)) is not None:
                found[target.key] = Sample(now_s, resting.topic_id, resting.partitions)
            else:
                moving.append((target, end))
        found |= await self._sample(moving, now_s)
        for target, _ in moving:
            self._note(target, found[target.key], now_s)
        return found

    async def _sample(
        self, moving: Sequence[tuple[SampleTarget, tuple[int, ...]]], now_s: float
    ) -> dict[str, Sample | str]:
        groups = [(target.group, target.topic, target.partitions) for target, _ in moving]
        commits = await committed(self.client, groups) if groups else []
        found: dict[str, Sample | str] = {}
        behind: list[tuple[SampleTarget, Sample]] = []
        for (target, ends), commit in zip(moving, commits, strict=True):
            sample = _sample(target, ends, commit, now_s)
            found[target.key] = sample
            if isinstance(sample, Sample) and sample.is_behind:
                behind.append((target, sample))
        # Records that retention has deleted can no longer be read. Only where records wait can
        # that be; elsewhere the first offsets are not worth asking for.
        topics = [(target.topic, target.partitions) for target, _ in behind]
        starts = await log_offsets(self.client, topics, "Earliest") if topics else []
        for (target, sample), start in zip(behind, starts, strict=True):
            found[target.key] = _with_starts(sample, start)
        return found

    def _still(self, target: SampleTarget, ends: tuple[int, ...], now_s: float) -> Sample | None:
        """Return the sample of a group at rest if nothing has come since."""
        sample, until_s = self._resting.get(target.key, (None, 0.0))
        if sample is None or now_s > until_s or sample.topic_id != target.topic_id:
            return None
        return sample if tuple(part.end for part in sample.partitions) == ends else None

    def _note(self, target: SampleTarget, sample: Sample | str, now_s: float) -> None:
        if isinstance(sample, Sample) and not sample.is_behind:
            until_s = now_s + _TRUSTED_S * random.uniform(0.5, 1.0)  # noqa: S311 spreads work
            self._resting[target.key] = (sample, until_s)
        else:
            self._resting.pop(target.key, None)


def _sample(
    target: SampleTarget, ends: tuple[int, ...], commits: Commits | Exception, now_s: float
) -> Sample | str:
    if isinstance(commits, Exception):
        return str(commits)
    offsets = [commits.offsets.get(number) for number in range(target.partitions)]
    if missing := sum(offset is None for offset in offsets):
        return f"group {target.group} has no offset for {missing} of {target.partitions} partitions"
    # The ends were asked for first, so a commit may lie beyond them: no lag, none below zero.
    partitions = tuple(
        Partition(committed=min(offset, end), start=0, end=end)
        for offset, end in zip(offsets, ends, strict=True)
        if offset is not None
    )
    reports = tuple(filter(None, map(parse_report, commits.metadata)))
    return Sample(now_s, target.topic_id, partitions, reports)


def _with_starts(
    sample: Sample, starts: tuple[int, ...] | KafkaUnavailable | KafkaRefused
) -> Sample | str:
    if isinstance(starts, Exception):
        return str(starts)
    partitions = zip(sample.partitions, starts, strict=True)
    return replace(
        sample, partitions=tuple(replace(part, start=first) for part, first in partitions)
    )
