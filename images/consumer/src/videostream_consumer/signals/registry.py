"""Finds the signal types that are installed and makes those that a stream asks for.

Types are entry points of the group `videostream.signals`, so a derived image adds one by
installing a package.
"""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from videostream_consumer.settings import SignalEntry
    from videostream_consumer.signals.contract import Signal

_GROUP: Final = "videostream.signals"
_RESERVED: Final = frozenset({"frame", "pipeline"})  # measurements of the pipeline itself
_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class SignalsInvalid(Exception):
    """The stream asks for signals that cannot be measured; one sentence per signal."""


def installed_types() -> dict[str, type[Signal]]:
    """Load every installed signal type, by its name in spec.signals[].type."""
    return {entry.name: entry.load() for entry in entry_points(group=_GROUP)}


def measurement_of(signal_type: str) -> str:
    """Return the InfluxDB measurement of a signal type: its name in snake case."""
    return _WORD_START.sub("_", signal_type).lower()


def make_signal(entry: SignalEntry, types: Mapping[str, type[Signal]]) -> Signal:
    """Make the signal of an entry. Raises SignalsInvalid with the reason."""
    about = f"signal {entry.name!r}"
    if entry.type not in types:
        known = ", ".join(sorted(types)) or "none"
        raise SignalsInvalid(
            f"{about}: there is no type {entry.type!r} in this image: expected one of {known}"
        )
    if measurement_of(entry.type) in _RESERVED:
        raise SignalsInvalid(
            f"{about}: the type {entry.type!r} would write to the pipeline's own"
            f" measurement {measurement_of(entry.type)!r}: expected another name"
        )
    try:
        return types[entry.type].from_entry(entry.parameters)
    except (ValueError, TypeError, LookupError) as error:
        raise SignalsInvalid(f"{about}: {error}") from error


def duplicates(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, each once, in order."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    return [name for name, count in seen.items() if count > 1]
