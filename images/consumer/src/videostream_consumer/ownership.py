"""Which partitions are ours, and how far their records are done: pure bookkeeping.

A partition that goes away and comes back is a new claim: work taken under the old claim must not
move the offsets of the new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Positioned(Protocol):
    """Something with a place in the topic, as a Kafka message has it."""

    def partition(self) -> int | None:
        """Return the partition."""

    def offset(self) -> int | None:
        """Return the offset within the partition."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a batch reaches: per partition the claim it was taken under and the next offset."""

    claims: Mapping[int, int]
    next_offsets: Mapping[int, int]


class Ownership:
    """The claims of this consumer with the next offset to commit for each."""

    def __init__(self) -> None:
        self._claims: dict[int, int] = {}
        self._done: dict[int, int] = {}
        self._committed: dict[int, int] = {}
        self._last_claim = 0

    @property
    def partitions(self) -> tuple[int, ...]:
        """The partitions that are ours."""
        return tuple(sorted(self._claims))

    @property
    def done(self) -> Mapping[int, int]:
        """The next offset of each partition that had a record done."""
        return self._done

    def claim(self, partitions: Iterable[int]) -> None:
        """Take partitions that became ours."""
        for partition in partitions:
            self._last_claim += 1
            self._claims[partition] = self._last_claim

    def give_up(self, partitions: Iterable[int]) -> None:
        """Drop partitions that are ours no more, and what was not committed of them."""
        for partition in partitions:
            for table in (self._claims, self._done, self._committed):
                table.pop(partition, None)

    def reach(self, messages: Iterable[Positioned]) -> Reach:
        """Return how far messages just taken reach."""
        next_offsets: dict[int, int] = {}
        for message in messages:
            partition, offset = message.partition(), message.offset()
            if partition is not None and offset is not None:
                next_offsets[partition] = max(next_offsets.get(partition, 0), offset + 1)
        claims = {p: self._claims[p] for p in next_offsets if p in self._claims}
        return Reach(claims, next_offsets)

    def finish(self, reach: Reach) -> None:
        """Note that the sink has a batch: what is still under the same claim is done."""
        for partition, claim in reach.claims.items():
            if self._claims.get(partition) == claim:
                self._done[partition] = reach.next_offsets[partition]

    def uncommitted(self, partitions: Iterable[int] | None = None) -> dict[int, int]:
        """Return the offsets that are done but not committed, of all or of some partitions."""
        wanted = self._done.keys() if partitions is None else self._done.keys() & set(partitions)
        return {p: self._done[p] for p in wanted if self._committed.get(p) != self._done[p]}

    def committed(self, offsets: Mapping[int, int]) -> None:
        """Note offsets that were committed."""
        self._committed |= {p: o for p, o in offsets.items() if p in self._claims}
