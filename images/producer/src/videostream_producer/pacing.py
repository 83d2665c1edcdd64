"""Which frames to keep, and when a recording's frames are due. Pure: time comes in as numbers."""

import math
from dataclasses import dataclass, replace
from typing import Final

# A frame may come this part of a period early and still count: without it a camera that runs at
# exactly the target rate would lose every frame that jitter brings a millisecond too soon.
_EARLY: Final = 0.25


@dataclass(frozen=True, slots=True)
class Sampler:
    """Picks frames at a target rate off any source rate, on average exactly.

    `due_s` walks a fixed grid, so early and late frames do not add up to a wrong rate.
    """

    period_s: float
    due_s: float = -math.inf

    def decide(self, time_s: float) -> tuple["Sampler", bool]:
        """Tell whether the frame of this time is kept, with the sampler for the next one."""
        if time_s < self.due_s - _EARLY * self.period_s:
            return self, False
        # After a gap the grid starts anew: what was missed is not made up for in a burst.
        behind = time_s - self.due_s >= (1 - _EARLY) * self.period_s
        grid_s = time_s if behind else self.due_s
        return replace(self, due_s=grid_s + self.period_s), True


@dataclass(frozen=True, slots=True)
class Playback:
    """Maps a recording's own time to the clock, so that it plays at its own speed."""

    clock_s: float
    position_s: float

    def due_s(self, position_s: float) -> float:
        """Give the clock time at which the frame of a position is due."""
        return self.clock_s + position_s - self.position_s

    def resumed(self, position_s: float, *, now_s: float, slack_s: float) -> "Playback":
        """Give the playback that goes on from here, if it is late by more than the slack.

        What was late stays late: playing faster to catch up would flood the topic.
        """
        late = now_s > self.due_s(position_s) + slack_s
        return Playback(now_s, position_s) if late else self


def position_s(reported_ms: float, *, index: int, fps: float, previous_s: float) -> float:
    """Give a frame's time within a recording, in seconds, never before the previous one's.

    Containers without time stamps report zeros: then the frame's number and the nominal rate say.
    """
    reported = reported_ms / 1000
    if index == 0 or (math.isfinite(reported) and reported > previous_s):
        return max(reported, 0.0) if math.isfinite(reported) else 0.0
    return max(previous_s, index / fps if fps > 0 else previous_s)
