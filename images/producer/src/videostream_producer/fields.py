"""Looking values up in nested settings, gathering every fault instead of stopping at the first.

A parser takes what was found and returns what it means, or raises ValueError saying what would
have been right.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from videostream_pipeline.duration import parse_duration

T = TypeVar("T")
Parser = Callable[[Any], T]

_ABSENT: Final = object()
_SHOWN_LENGTH: Final = 120
_USERINFO: Final = re.compile(r"//[^/]*@")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault: where it is, what is there, what would be right."""

    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.field} is {self.value}, expected {self.expected}"


class Fields:
    """A nested mapping that is read field by field; `errors` gathers what is wrong with it."""

    def __init__(self, values: Mapping[str, Any], *, prefix: str, errors: list[FieldError]) -> None:
        self._values = values
        self._prefix = prefix
        self.errors = errors

    def take(self, path: str, parse: Parser[T], default: object = _ABSENT) -> T:
        """Return the meaning of the value at a dotted path, or `default` if it is absent.

        After a fault the answer is a placeholder that must not be used: look at `errors` first.
        """
        found = self._find(path)
        if found is None and default is not _ABSENT:
            return cast("T", default)
        try:
            return parse(found)
        except (ValueError, TypeError) as error:
            shown = "absent" if found is None else _shorten(_USERINFO.sub("//***@", repr(found)))
            self.errors.append(FieldError(self._prefix + path, shown, str(error)))
            return cast("T", None)

    def has(self, path: str) -> bool:
        """Tell whether there is a value at a dotted path."""
        return self._find(path) is not None

    def _find(self, path: str) -> object:
        node: object = self._values
        for name in path.split("."):
            node = node.get(name) if isinstance(node, Mapping) else None
        return node


def text(value: object) -> str:
    """Take a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value


def json_object(value: object) -> dict[str, Any]:
    """Take a JSON text that is an object."""
    try:
        parsed = json.loads(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ValueError("a JSON object")  # noqa: TRY004 (one kind of fault for all parsers)
    return parsed


def flag(value: object) -> bool:
    """Take a boolean."""
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 (one kind of fault for all parsers)
    return value


def whole(low: int, high: int) -> Parser[int]:
    """Take a whole number of a range, as a number or in digits (the environment has only text)."""

    def parse(value: object) -> int:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return number

    return parse


def positive(high: float) -> Parser[float]:
    """Take a number above zero, whole or not."""

    def parse(value: object) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 < (number := float(cast("float", value))) <= high:
            raise ValueError(f"a number above 0, at most {high:g}")
        return number

    return parse


def duration(value: object) -> float:
    """Take a duration above zero; gives seconds."""
    seconds = 0.0
    if isinstance(value, str):
        try:
            seconds = parse_duration(value)
        except ValueError:
            seconds = 0.0
    if seconds <= 0:
        raise ValueError("a duration above 0 such as 500ms, 10s or 1m30s")
    return seconds


def choice(*allowed: str) -> Parser[Any]:
    """Take one of a few words."""

    def parse(value: object) -> object:
        if value not in allowed:
            raise ValueError("one of " + ", ".join(allowed))
        return value

    return parse


def texts(value: object) -> dict[str, str]:
    """Take a mapping of texts to texts."""
    is_texts = isinstance(value, dict) and all(
        isinstance(part, str) for pair in value.items() for part in pair
    )
    if not is_texts:
        raise ValueError("an object of texts")
    return cast("dict[str, str]", value)


def video_url(schemes: Sequence[str]) -> Parser[str]:
    """Take a URL of a video source, free of user name and password."""

    def parse(value: object) -> str:
        expected = f"a URL beginning with one of {', '.join(f'{s}://' for s in schemes)}"
        if not isinstance(value, str):
            raise ValueError(expected)  # noqa: TRY004 (one kind of fault for all parsers)
        if "@" in value.partition("://")[2].partition("/")[0]:
            raise ValueError("a URL without user name and password: use credentialsSecretRef")
        try:
            parts = urlsplit(value)
            parts.port  # noqa: B018 (raises for a port that is none)
        except ValueError:
            raise ValueError(expected + " with a host and a port from 0 to 65535") from None
        if parts.scheme not in schemes:
            raise ValueError(expected)
        if parts.scheme == "file" and (parts.netloc or not parts.path.strip("/")):
            raise ValueError("file:// and an absolute path, such as file:///media/entrance.mp4")
        if parts.scheme != "file" and not parts.hostname:
            raise ValueError(expected + " with a host")
        return value

    return parse


def _shorten(shown: str) -> str:
    return shown if len(shown) <= _SHOWN_LENGTH else shown[:_SHOWN_LENGTH] + "..."
