r"""InfluxDB line protocol, written by hand because it is on the way of every frame.

A prefix (measurement and tags) is built once per stream, signal and zone; a point is then one
formatted string. Line protocol cannot say a line break anywhere but in string fields, nor a
backslash at the end of a name or tag: the first becomes a space, the second is dropped.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FieldValue = float | int | bool | str

_LINE_BREAKS: Final = re.compile(r"[\r\n]+")
_MEASUREMENT_SPECIAL: Final = re.compile(r"([, ])")
_TAG_SPECIAL: Final = re.compile(r"([,= ])")
_STRING_SPECIAL: Final = re.compile(r'(["\\])')


def escape_measurement(name: str) -> str:
    """Return a measurement name as line protocol spells it."""
    return _MEASUREMENT_SPECIAL.sub(r"\\\1", _expressible(name))


@functools.lru_cache(maxsize=1024)  # the same few field keys stand in every frame's points
def escape_tag(text: str) -> str:
    """Return a tag key, a tag value or a field key as line protocol spells it."""
    return _TAG_SPECIAL.sub(r"\\\1", _expressible(text))


def series_prefix(measurement: str, tags: Mapping[str, str]) -> str:
    """Return measurement and tags, sorted by key; tags without a value are left out."""
    spelled = ((escape_tag(key), escape_tag(value)) for key, value in sorted(tags.items()))
    pairs = [f",{key}={value}" for key, value in spelled if key and value]
    return escape_measurement(measurement) + "".join(pairs)


def format_line(prefix: str, fields: Mapping[str, FieldValue], time_ns: int) -> str:
    """Return one point, fields in the order given.

    Raises ValueError without fields or with a number that is not finite, TypeError for a value
    that line protocol has no type for.
    """
    if not fields:
        raise ValueError(f"the point {prefix!r} has no field: expected at least one")
    spelled = [f"{escape_tag(key)}={_spell(key, value)}" for key, value in fields.items()]
    return f"{prefix} {','.join(spelled)} {time_ns}"


def _spell(key: str, value: object) -> str:
    match value:
        case float() if math.isfinite(value):  # first: most values are
            return float.__repr__(value)
        case float():
            raise ValueError(f"field {key!r} is {value}: expected a finite number")
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value}i"
        case str():
            return '"' + _STRING_SPECIAL.sub(r"\\\1", value) + '"'
        case _:
            kind = type(value).__name__
            raise TypeError(f"field {key!r} is a {kind}: expected float, int, bool or str")


def _expressible(text: str) -> str:
    return _LINE_BREAKS.sub(" ", text).rstrip("\\")
