"""What becomes of a batch of records: measured, stale or invalid. Pure but for the clock given."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from videostream_consumer.measure import Plan, look, spell
from videostream_record import FrameRecord, RecordInvalid, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_NS: Final = 1_000_000_000


class Received(Protocol):
    """The parts of a Kafka message that make a frame record."""

    def key(self) -> bytes | None:
        """Return the record's key."""

    def value(self) -> bytes | None:
        """Return the record's value."""

    def headers(self) -> Any:
        """Return the record's headers, pairs of name and bytes."""


MessageT = TypeVar("MessageT", bound=Received)
Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(slots=True)
class Outcome:
    """The lines of a batch and what was left out of them, with the first error of each kind."""

    lines: list[str] = field(default_factory=list)
    capture_times_ns: list[int] = field(default_factory=list)
    stale: int = 0
    invalid: int = 0
    first_invalid: RecordInvalid | None = None
    failures: Counter[str] = field(default_factory=Counter)
    first_failure: Exception | None = None


def read_frame(message: Received, oldest_ns: int) -> FrameRecord | None:
    """Return the message as a frame record; None if captured before `oldest_ns`.

    Raises RecordInvalid.
    """
    record = decode(message.key(), message.value(), message.headers())
    return None if record.capture_time_ns < oldest_ns else record


def measure_batch(
    messages: Sequence[MessageT],
    plan: Plan,
    *,
    now_ns: int,
    max_frame_age_s: float,
    read: Callable[[MessageT, int], FrameRecord | None] = read_frame,
) -> Outcome:
    """Measure the records of a batch, which `read` makes of its messages.

    Frames captured longer ago than `max_frame_age_s` (0: no limit) are not even decoded, so a
    consumer that fell behind catches up at the speed of the network.
    """
    outcome = Outcome()
    oldest_ns = now_ns - int(max_frame_age_s * _NS) if max_frame_age_s > 0 else 0
    # Pass by pass over the batch: decoding a picture drives all other code and data out of the
    # caches, so what is not decoding costs less for many records at once than between two of them.
    found = _each(messages, lambda message: read(message, oldest_ns), outcome)
    records = [record for record in found if record is not None]
    outcome.stale = len(found) - len(records)
    for seen in _each(records, lambda record: look(record, plan), outcome):
        measured = spell(seen, plan)
        outcome.lines += measured.lines
        outcome.capture_times_ns.append(seen.record.capture_time_ns)
        for name, failure in measured.failures:
            outcome.failures[name] += 1
            outcome.first_failure = outcome.first_failure or failure
    return outcome


def _each(items: Iterable[Item], step: Callable[[Item], Made], outcome: Outcome) -> list[Made]:
    """Return what a step makes of each item; where it finds an invalid record that is counted."""
    made = []
    for item in items:
        try:
            made.append(step(item))
        except RecordInvalid as error:
            outcome.invalid += 1
            outcome.first_invalid = outcome.first_invalid or error
    return made
