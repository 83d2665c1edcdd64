"""Offsets never run ahead of the sink, whatever the order of events."""

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from videostream_consumer.ownership import Ownership, Reach


@dataclass(frozen=True)
class At:
    """A message's place."""

    place: tuple[int, int]

    def partition(self) -> int:
        return self.place[0]

    def offset(self) -> int:
        return self.place[1]


def test_the_highest_offset_of_each_partition_counts() -> None:
    owner = Ownership()
    owner.claim([0, 1])
    owner.finish(owner.reach([At((0, 4)), At((1, 9)), At((0, 5))]))
    assert owner.uncommitted() == {0: 6, 1: 10}
    assert owner.uncommitted([1, 2]) == {1: 10}
    owner.committed({0: 6, 1: 10})
    assert owner.uncommitted() == {}


def test_work_of_a_revoked_partition_does_not_count() -> None:
    owner = Ownership()
    owner.claim([0, 1])
    reach = owner.reach([At((0, 4)), At((1, 4))])
    owner.give_up([1])
    owner.finish(reach)
    assert owner.uncommitted() == {0: 5}


def test_work_of_an_old_claim_does_not_move_the_offsets_of_a_new_one() -> None:
    owner = Ownership()
    owner.claim([0])
    old = owner.reach([At((0, 4))])
    owner.give_up([0])
    owner.claim([0])
    owner.finish(owner.reach([At((0, 90))]))
    owner.finish(old)
    assert owner.uncommitted() == {0: 91}


class Life(RuleBasedStateMachine):
    """Any order of claims, losses, batches and commits of one partition."""

    def __init__(self) -> None:
        super().__init__()
        self.owner = Ownership()
        self.owned = False
        self.written = 0  # all offsets below are in the sink
        self.position = 0
        self.in_flight: Reach | None = None
        self.group_offset = 0  # what the broker would have

    @rule()
    def assigned(self) -> None:
        if not self.owned:
            self.owner.claim([0])
            self.owned, self.position = True, self.group_offset

    @rule()
    def lost(self) -> None:
        if self.owned:
            self.owner.give_up([0])
            self.owned = False

    @rule(count=st.integers(1, 5))
    def take(self, count: int) -> None:
        if self.owned and self.in_flight is None:
            places = [At((0, self.position + n)) for n in range(count)]
            self.in_flight = self.owner.reach(places)
            self.position += count

    @rule()
    def stored(self) -> None:
        if self.in_flight is not None:
            self.written = max(self.written, self.in_flight.next_offsets[0])
            self.owner.finish(self.in_flight)
            self.in_flight = None

    @rule()
    def commit(self) -> None:
        offsets = self.owner.uncommitted()
        if 0 in offsets:
            assert self.owned
            self.group_offset = offsets[0]
        self.owner.committed(offsets)

    @invariant()
    def nothing_is_committed_that_is_not_written(self) -> None:
        assert self.group_offset <= self.written


TestLife = Life.TestCase
