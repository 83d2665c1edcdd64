"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from typing import Final

_FIRST_S: Final = 0.5
_LONGEST_S: Final = 15.0
_LONGEST_ASKED_S: Final = 60.0


def delay_s(attempt: int, *, asked_s: float | None = None) -> float:
    """Return the seconds to wait after the attempt of this number, counted from 0.

    Doubles from 0.5 to 15 s, of which the upper half is random: consumers that failed together
    come back one by one. A wait that the server asked for is kept to, up to a minute.
    """
    if asked_s is not None:
        return min(asked_s, _LONGEST_ASKED_S)
    longest = min(_FIRST_S * 2.0 ** min(attempt, 16), _LONGEST_S)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, guards nothing)
