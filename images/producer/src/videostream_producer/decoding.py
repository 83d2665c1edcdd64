"""Whether decoding the key frames alone is enough for the frames that are asked for. Pure.

A key frame can be decoded without any other, so where they come often enough the others need not
be.  Only watching tells: cameras name no such rate, and change it.  Switching opens the source
anew, because FFmpeg takes that choice at no other time.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

_SLOW_FPS: Final = 1.0
_SPACINGS_FIRST: Final = 4
_SPACINGS_MAX: Final = 64
_SPACINGS_BACK: Final = 3
# A camera's clock and the network's jitter must not decide whether one a second is one a second.
_OFTEN: Final = 1.05
_SELDOM: Final = 1.25


@dataclass(frozen=True, slots=True)
class Decoding:
    """What is decoded, and the key frames that speak for a change; times in s of one clock.

    `spacing_s`: the most by which key frames may be apart; None: nothing is watched or changed.
    `spacings`: how many must be so in a row; each wrong choice doubles it.
    """

    key_frames_only: bool
    spacing_s: float | None = None
    spacings: int = _SPACINGS_FIRST
    seen_s: tuple[float, ...] = ()
    others: int = 0  # frames since the last key frame

    def see(self, time_s: float, *, is_key: bool) -> "Decoding":
        """Give what is to be decoded after a frame of this time."""
        if self.spacing_s is None:
            return self
        if not is_key:
            return replace(self, others=self.others + 1)
        seen_s = (*self.seen_s[-self.spacings :], time_s)
        after = replace(self, seen_s=seen_s, others=0)
        if self.key_frames_only:
            return after.starved() if _mean_s(seen_s, _SPACINGS_BACK) > self._seldom_s else after
        # Where every frame is a key frame, as in motion JPEG, nothing is to be saved.
        often = self.others > 0 and _mean_s(seen_s, self.spacings) <= _OFTEN * self.spacing_s
        return replace(self.reopened(), key_frames_only=True) if often else after

    def starved(self) -> "Decoding":
        """Give what is to be decoded when key frames came too seldom, or none came in time."""
        if self.spacing_s is None or not self.key_frames_only:
            return self
        spacings = min(2 * self.spacings, _SPACINGS_MAX)
        return replace(self.reopened(), key_frames_only=False, spacings=spacings)

    def reopened(self) -> "Decoding":
        """Give the same choice for a new connection, of which nothing has been seen."""
        return replace(self, seen_s=(), others=0)

    @property
    def _seldom_s(self) -> float:
        return math.inf if self.spacing_s is None else _SELDOM * self.spacing_s


def automatic(*, fps: float, read_timeout_s: float) -> Decoding:
    """Give how to begin where the choice is ours: all frames, until key frames prove enough."""
    if fps > _SLOW_FPS:
        return Decoding(key_frames_only=False)
    # One late key frame must not look like a camera that fell silent.
    return Decoding(key_frames_only=False, spacing_s=min(1 / fps, read_timeout_s / 2))


def _mean_s(times_s: tuple[float, ...], spacings: int) -> float:
    """Give the mean of the last spacings, NaN while there are fewer."""
    if len(times_s) <= spacings:
        return math.nan
    return (times_s[-1] - times_s[-1 - spacings]) / spacings
