"""Finds the signal types that are installed and makes those that a stream asks for.

Types are entry points of the group `videostream.signals`, so a derived image adds one by
installing a package.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

from videostream_consumer.frame import Need
from videostream_pipeline.signal_parameters import read_signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from videostream_consumer.settings import SignalEntry
    from videostream_consumer.signals.contract import Signal

Load = Callable[[], "type[Signal]"]

_GROUP: Final = "videostream.signals"
_RESERVED: Final = frozenset({"frame", "pipeline"})  # measurements of the pipeline itself
_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class SignalsInvalid(Exception):
    """The stream asks for signals that cannot be measured; one sentence per signal."""


def installed_types() -> dict[str, Load]:
    """Find every installed signal type, by its name in spec.signals[].type.

    They are loaded when a signal is made: what nobody asked for costs nothing and cannot fail.
    """
    found = entry_points(group=_GROUP)
    twice = duplicates(entry.name for entry in found)
    return {
        entry.name: _refuse_two(entry.name) if entry.name in twice else entry.load
        for entry in found
    }


def measurement_of(signal_type: str) -> str:
    """Return the InfluxDB measurement of a signal type: its name in snake case."""
    return _WORD_START.sub("_", signal_type).lower()


def make_signal(entry: SignalEntry, types: Mapping[str, Load]) -> Signal:
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
    about = f"{about} of type {entry.type}"
    try:
        signal = read_signal(types[entry.type](), entry.raw)
    except ValueError as error:
        raise SignalsInvalid(f"{about}: {error}") from error
    except Exception as error:  # a plug-in may fail in any way, at its import too
        raise SignalsInvalid(f"{about} cannot be made: {error!r}") from error
    if not isinstance(getattr(signal, "need", None), Need):
        raise SignalsInvalid(f"{about}: its class has no `need`: expected one such as Need.GRAY")
    return signal


def duplicates(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, each once, in order."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    return [name for name, count in seen.items() if count > 1]


def _refuse_two(name: str) -> Load:
    def load() -> type[Signal]:
        raise ValueError(f"two packages of this image have a type {name!r}: expected one")

    return load
