"""Durations as Kubernetes APIs spell them (GEP-2257: `1h30m`, `10s`, `500ms`) and as seconds."""

from __future__ import annotations

import re
from typing import Final

_PATTERN: Final = re.compile(r"(?:[0-9]{1,5}(?:h|ms|m|s)){1,4}")
_PART: Final = re.compile(r"([0-9]{1,5})(h|ms|m|s)")
_MILLISECONDS: Final = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_LARGEST_PART: Final = 99_999


def parse_duration(text: str) -> float:
    """Return the seconds that a GEP-2257 duration stands for.

    Raises ValueError that shows the text and the form it should have.
    """
    if not _PATTERN.fullmatch(text):
        raise ValueError(f"{text!r} is no duration: expected the form of 1h30m, 10s or 500ms")
    parts = _PART.findall(text)
    return sum(int(count) * _MILLISECONDS[unit] for count, unit in parts) / 1000


def format_duration(seconds: float) -> str:
    """Return the shortest GEP-2257 spelling of seconds, rounded to milliseconds.

    Raises ValueError for what GEP-2257 cannot say: negative values and more than 99999 hours.
    """
    rest = round(seconds * 1000)
    if rest < 0 or rest // _MILLISECONDS["h"] > _LARGEST_PART:
        raise ValueError(f"{seconds} s has no duration: expected 0 to 99999 hours")
    parts = []
    for unit, size in _MILLISECONDS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
