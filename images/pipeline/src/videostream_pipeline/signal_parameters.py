"""Parameters of signals: how a type declares them, and how values in a VideoStream are read.

A signal type is a frozen dataclass and its fields are its parameters, so that a value is declared,
checked, defaulted and typed in one place. This module knows no pictures: the controller checks the
built-in types with it before a pod starts, the consumer checks all types with it at its start.
"""

from __future__ import annotations

import dataclasses
import json
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar, cast

T = TypeVar("T")

_KEY: Final = "videostream.parameter"
_DECIMAL: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_MOST_CHARACTERS: Final = 256
_MOST_BYTES: Final = 4096  # 16 signals must fit one environment variable of a pod, 128 KiB
_NAME: Final = re.compile(r"[a-z][A-Za-z0-9]{0,62}", re.ASCII)
_MISSING: Final = object()
_SHORT: Final = reprlib.Repr()
_SHORT.maxstring, _SHORT.maxother = 120, 120


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one value: where it stands in the signal's entry, what would be right."""

    field: str
    value: object
    expected: str

    def __str__(self) -> str:
        """Return a sentence for a person."""
        said = "is missing" if self.value is _MISSING else f"is {_SHORT.repr(self.value)}"
        return f"{self.field} {said}: expected {self.expected}"

    @property
    def shown(self) -> object:
        """The value, None when it is missing."""
        return None if self.value is _MISSING else self.value


class ParametersInvalid(ValueError):
    """The values do not fit the type; `faults` has all of them."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def refuse(name: str, value: object, expected: str) -> ParametersInvalid:
    """Make the error by which a type's `__post_init__` refuses a parameter, by its YAML name."""
    return ParametersInvalid(Fault(f"parameters.{name}", value, expected))


class Parameter(Protocol):
    """A declared kind of value."""

    @property
    def expected(self) -> str:
        """What would be right, for messages and documents."""

    def read(self, value: object) -> object:
        """Return the value as the signal gets it. Raises ValueError or TypeError."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number."""

    minimum: int
    maximum: int

    @property
    def expected(self) -> str:
        """Name the bounds."""
        return f"a whole number from {self.minimum} to {self.maximum}"

    def read(self, value: object) -> int:
        """Return a number within the bounds; 30.0 and "30" are not whole numbers here."""
        if isinstance(value, int) and not isinstance(value, bool):
            return _within(value, self.minimum, self.maximum)
        raise TypeError


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number with decimals, in YAML a string as Kubernetes wants it: floats differ by encoder."""

    minimum: float
    maximum: float

    @property
    def expected(self) -> str:
        """Name the bounds and the notation."""
        return f'a number in quotes from "{self.minimum:g}" to "{self.maximum:g}"'

    def read(self, value: object) -> float:
        """Return the number that a string such as "0.25", or a whole number, stands for."""
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if _DECIMAL.fullmatch(text):
            return _within(float(text), self.minimum, self.maximum)
        raise TypeError


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    expected: str = "true or false"

    def read(self, value: object) -> bool:
        """Return the boolean."""
        if isinstance(value, bool):
            return value
        raise TypeError


@dataclass(frozen=True, slots=True)
class Text:
    """A string that matches a regular expression; `expected` says in words which do."""

    pattern: str
    expected: str

    def read(self, value: object) -> str:
        """Return the string."""
        if not isinstance(value, str):
            raise TypeError
        if len(value) <= _MOST_CHARACTERS and re.fullmatch(self.pattern, value):
            return value
        raise ValueError


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of different strings, none of them empty."""

    fewest: int
    most: int

    @property
    def expected(self) -> str:
        """Name the bounds."""
        return f"a list of {self.fewest} to {self.most} different strings"

    def read(self, value: object) -> tuple[str, ...]:
        """Return the strings."""
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise TypeError
        distinct = len(set(value)) == len(value)
        if distinct and all(value) and self.fewest <= len(value) <= self.most:
            return tuple(value)
        raise ValueError


def integer(*, default: int | None = None, minimum: int, maximum: int) -> int:
    """Declare a dataclass field as a whole number; without a default it must be given."""
    return cast("int", _field(Integer(minimum, maximum), default))


def decimal(*, default: float | None = None, minimum: float, maximum: float) -> float:
    """Declare a dataclass field as a number with decimals."""
    return cast("float", _field(Decimal(minimum, maximum), default))


def flag(*, default: bool | None = None) -> bool:
    """Declare a dataclass field as true or false."""
    return cast("bool", _field(Flag(), default))


def text(
    *,
    default: str | None = None,
    pattern: str = r"(?s).+",
    expected: str = "a string of 1 to 256 characters",
) -> str:
    """Declare a dataclass field as a string; `expected` must say in words what `pattern` does."""
    return cast("str", _field(Text(pattern, expected), default))


def texts(
    *, default: tuple[str, ...] | None = None, fewest: int = 0, most: int = 128
) -> tuple[str, ...]:
    """Declare a dataclass field as a list of strings."""
    return cast("tuple[str, ...]", _field(Texts(fewest, most), default))


def declared(kind: type) -> dict[str, tuple[Parameter, object]]:
    """Return the parameters of a type by their YAML names, each with its default or None."""
    found = {}
    for field in dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ():
        if _KEY in field.metadata:
            default = None if field.default is dataclasses.MISSING else field.default
            found[_camel_case(field.name)] = (field.metadata[_KEY], default)
    return found


def read_signal(kind: type[T], entry: Mapping[str, Any]) -> T:
    """Make a signal of a type from its entry in spec.signals.

    Values stand in `parameters`, those of `motion` mean the same. Raises ParametersInvalid with
    everything that is unknown, missing, ill-typed or out of bounds.
    """
    known = declared(kind)
    faults: list[Fault] = []
    given = _given(entry, faults)
    values: dict[str, object] = {}
    for name, (place, value) in given.items():
        if name not in known:
            faults.append(Fault(place, value, _no_such_parameter(known)))
            continue
        parameter = known[name][0]
        try:
            values[_snake_case(name)] = parameter.read(value)
        except (TypeError, ValueError):
            faults.append(Fault(place, value, parameter.expected))
    for name, (parameter, default) in known.items():
        if default is None and name not in given:
            faults.append(Fault(f"parameters.{name}", _MISSING, parameter.expected))
    if faults:
        raise ParametersInvalid(*faults)
    return kind(**values)


def check_values(entry: Mapping[str, Any]) -> None:
    """Check what can be checked without knowing the type. Raises ParametersInvalid."""
    faults: list[Fault] = []
    for place, value in _given(entry, faults).values():
        texts_only = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if not texts_only and not isinstance(value, int | str):
            expected = "a whole number, a string, true or false, or a list of strings"
            faults.append(Fault(place, value, expected))
    if faults:
        raise ParametersInvalid(*faults)


def _given(entry: Mapping[str, Any], faults: list[Fault]) -> dict[str, tuple[str, Any]]:
    """Return the values by name, each with its place; a null counts as absent, as in the API."""
    found: dict[str, tuple[str, Any]] = {}
    for section in ("parameters", "motion"):
        values = entry.get(section)
        if values is None:
            continue
        if not isinstance(values, Mapping):
            faults.append(Fault(section, values, "an object"))
            continue
        if (size := len(json.dumps(values))) > _MOST_BYTES:
            faults.append(Fault(section, f"{size} bytes", f"at most {_MOST_BYTES} bytes as JSON"))
            continue
        for name, value in values.items():
            place = f"{section}.{name}"
            if not _NAME.fullmatch(name):
                faults.append(Fault(section, name, "names of letters and digits, such as size2"))
            elif name in found:
                faults.append(Fault(place, value, f"it once: {found[name][0]} is there too"))
            elif value is not None:
                found[name] = (place, value)
    return found


def _no_such_parameter(known: Mapping[str, object]) -> str:
    return f"no such parameter, only {', '.join(sorted(known))}" if known else "no parameters"


def _field(parameter: Parameter, default: object) -> object:
    metadata = {_KEY: parameter}
    if default is None:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


_Number = TypeVar("_Number", int, float)


def _within(value: _Number, minimum: float, maximum: float) -> _Number:
    if minimum <= value <= maximum:
        return value
    raise ValueError


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _snake_case(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()
