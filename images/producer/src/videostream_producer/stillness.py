"""For how long the source has given the very same picture. Pure.

A camera's sensor is never without noise: pictures that are equal byte for byte come from an
encoder or a server that repeats itself, or from a test card.
"""

from dataclasses import dataclass, replace
from typing import Final

# At slow rates time alone proves little: one picture may well be like the one before.
FROZEN_FRAMES: Final = 5


@dataclass(frozen=True, slots=True)
class Stillness:
    """The picture seen last, since when (s, monotonic) and how often in a row it was seen."""

    jpeg: bytes = b""
    since_s: float = 0.0
    seen_s: float = 0.0
    frames: int = 0

    def see(self, jpeg: bytes, now_s: float) -> "Stillness":
        """Give the state after one more picture, compared as it is sent."""
        if jpeg != self.jpeg:
            return Stillness(jpeg, now_s, now_s, 1)
        return replace(self, seen_s=now_s, frames=self.frames + 1)

    @property
    def lasts_s(self) -> float:
        """Time from the first to the last of the equal pictures, 0 before there are enough."""
        return self.seen_s - self.since_s if self.frames >= FROZEN_FRAMES else 0.0
