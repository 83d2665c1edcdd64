"""Typed reading of a nested mapping that remembers the path and collects every error.

A reader that found an error notes it and returns a value of the right type, so that one pass
reports everything that is wrong; the caller throws the result away when there are errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from videostream_pipeline.duration import parse_duration

_RATE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?", re.ASCII)
_Choice = TypeVar("_Choice", bound=str)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that cannot be used: where it is, what it holds, what it should hold."""

    field: str
    value: object
    expected: str

    def __str__(self) -> str:
        """Return a sentence for the object's status."""
        return f"{self.field}: got {self.value!r}; expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping at `path`; `errors` is shared by all mappings of one object."""

    values: Mapping[str, Any]
    path: str
    errors: list[FieldError]

    def has(self, key: str) -> bool:
        """Return whether the field is there; a null is absent."""
        return self.values.get(key) is not None

    def child(self, key: str) -> Fields:
        """Return the object at `key`, empty when absent."""
        found = self.values.get(key)
        if found is not None and not isinstance(found, Mapping):
            self.error(key, "an object")
            found = None
        return Fields(found or {}, self._path(key), self.errors)

    def children(self, key: str) -> list[Fields]:
        """Return the objects of the list at `key`, none when absent."""
        return [
            Fields(item, f"{self._path(key)}[{index}]", self.errors)
            for index, item in enumerate(self._list(key))
            if self._is(item, Mapping, key=f"{key}[{index}]", expected="an object")
        ]

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the strings of the list at `key`, none when absent."""
        return tuple(
            item
            for index, item in enumerate(self._list(key))
            if self._is(item, str, key=f"{key}[{index}]", expected="a string")
        )

    def pairs(self, key: str) -> list[tuple[int, int]]:
        """Return the list of integer pairs at `key`, empty when absent."""
        found = []
        for index, item in enumerate(self._list(key)):
            match item:
                case [int(first), int(second)]:
                    found.append((first, second))
                case _:
                    expected = "two integers [x, y]"
                    self.errors.append(FieldError(f"{self._path(key)}[{index}]", item, expected))
        return found

    def text_map(self, key: str) -> dict[str, str]:
        """Return the string map at `key`, empty when absent."""
        child = self.child(key)
        return {
            name: item
            for name, item in child.values.items()
            if child._is(item, str, key=name, expected="a string")  # noqa: SLF001 same class
        }

    def text(self, key: str) -> str:
        """Return the non-empty string at `key`."""
        found = self.values.get(key)
        if isinstance(found, str) and found:
            return found
        self.error(key, "a string that is not empty")
        return ""

    def optional_text(self, key: str) -> str | None:
        """Return the non-empty string at `key`, or None when absent."""
        return self.text(key) if self.has(key) else None

    def integer(self, key: str, *, minimum: int) -> int:
        """Return the integer at `key`, at least `minimum`."""
        found = self.values.get(key)
        if isinstance(found, int) and not isinstance(found, bool) and found >= minimum:
            return found
        self.error(key, f"an integer of at least {minimum}")
        return minimum

    def optional_integer(self, key: str, *, minimum: int) -> int | None:
        """Return the integer at `key`, or None when absent."""
        return self.integer(key, minimum=minimum) if self.has(key) else None

    def flag(self, key: str) -> bool:
        """Return the boolean at `key`."""
        found = self.values.get(key)
        if isinstance(found, bool):
            return found
        self.error(key, "true or false")
        return False

    def choice(self, key: str, choices: tuple[_Choice, ...]) -> _Choice:
        """Return the one of `choices` that stands at `key`."""
        found = self.values.get(key)
        for choice in choices:
            if found == choice:
                return choice
        self.error(key, f"one of {', '.join(choices)}")
        return choices[0]

    def duration_s(self, key: str) -> float:
        """Return the GEP-2257 duration at `key` in seconds, greater than zero."""
        found = self.values.get(key)
        try:
            seconds = parse_duration(found) if isinstance(found, str) else 0.0
        except ValueError:
            seconds = 0.0
        if seconds <= 0:
            self.error(key, 'a duration above zero such as "10s", "1m30s" or "500ms"')
        return seconds

    def rate(self, key: str, *, most: int) -> Fraction:
        """Return the frames per second at `key`: an integer or a string of up to 3 decimals."""
        found = self.values.get(key)
        text = str(found) if isinstance(found, int | str) and not isinstance(found, bool) else ""
        rate = Fraction(text) if _RATE.fullmatch(text) else Fraction(0)
        if not 0 < rate <= most:
            self.error(key, f'an integer or a string such as "0.5", above 0, at most {most}')
        return rate

    def error(self, key: str, expected: str) -> None:
        """Note that the field at `key` should be `expected`."""
        self.errors.append(FieldError(self._path(key), self.values.get(key), expected))

    def _path(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _list(self, key: str) -> list[Any]:
        found = self.values.get(key)
        if found is not None and not isinstance(found, list):
            self.error(key, "a list")
            return []
        return found or []

    def _is(self, item: object, kind: type, *, key: str, expected: str) -> bool:
        if isinstance(item, kind):
            return True
        self.errors.append(FieldError(self._path(key), item, expected))
        return False
