"""The camera's sensor: one picture for each instant of the frame grid, and its faults.

Frame n is the scene at Unix time n / fps, exactly, whenever it is rendered: what a viewer decodes
can be compared with the truth of that instant. Only the newest frame is kept; who is slow misses
frames, as with a real camera.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from enum import StrEnum

from . import scene


class Fault(StrEnum):
    """How a camera can fail its viewers."""

    NONE = "none"
    FREEZE = "freeze"
    STALL = "stall"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and the instant that it shows."""

    sequence: int
    time_s: float
    image: scene.Image


class Feed:
    """Holds the newest frame and the fault that is on; ``run`` makes the frames."""

    def __init__(self, *, width: int, height: int, fps: int) -> None:
        self._width = width
        self._height = height
        self._fps = fps
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._fault = Fault.NONE
        self._ticked_at_s = time.monotonic()

    @property
    def fault(self) -> Fault:
        """The fault that is on."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        with self._changed:
            self._fault = fault
            self._changed.notify_all()

    @property
    def is_alive(self) -> bool:
        """Whether frames were made, or withheld on purpose, in the last seconds."""
        return time.monotonic() - self._ticked_at_s < 2.0 + 2.0 / self._fps

    def run(self) -> None:
        """Make frames until the process ends."""
        while True:
            sequence = int(time.time() * self._fps) + 1
            time.sleep(max(0.0, sequence / self._fps - time.time()))
            self._tick(sequence)

    def wait_newer(self, sequence: int, *, timeout_s: float) -> Frame | None:
        """Return the newest frame if it is newer than ``sequence``, else wait for one.

        None means that the time is up or that the fault has changed: look at ``fault``.
        """
        with self._changed:
            before = self._fault
            self._changed.wait_for(
                lambda: self._is_newer(sequence) or self._fault is not before, timeout_s
            )
            return self._newest if self._is_newer(sequence) else None

    def _is_newer(self, sequence: int) -> bool:
        return self._newest is not None and self._newest.sequence > sequence

    def _tick(self, sequence: int) -> None:
        time_s = sequence / self._fps
        self._ticked_at_s = time.monotonic()
        with self._changed:
            match self._fault:
                case Fault.STALL | Fault.DROP:
                    return
                case Fault.FREEZE if self._newest is not None:
                    frozen = self._newest
                    self._newest = Frame(sequence, frozen.time_s, frozen.image)
                case _:
                    image = scene.render(time_s, self._width, self._height)
                    self._newest = Frame(sequence, time_s, image)
            self._changed.notify_all()
