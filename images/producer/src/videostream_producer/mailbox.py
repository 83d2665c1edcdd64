"""The one-slot mailbox between the thread that captures and the loop that publishes.

One slot means no queue of old frames: a live source overwrites what was not fetched in time, a
recording waits until it was.
"""

import threading
from dataclasses import dataclass

from videostream_producer.encode import Image, decode
from videostream_producer.jpeg import Jpeg


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """A frame as it came from the source.

    `connection` counts openings of the source: frames of different ones must not be compared.
    """

    picture: Image | Jpeg
    capture_time_ns: int
    connection: int

    @property
    def image(self) -> Image:
        """The picture decoded; raises ValueError if it cannot be."""
        return decode(self.picture) if isinstance(self.picture, Jpeg) else self.picture


class Mailbox:
    """Holds at most one frame. One thread puts, one takes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: CapturedFrame | None = None

    def replace(self, frame: CapturedFrame) -> bool:
        """Put a frame; return whether one that nobody took was lost by that."""
        with self._changed:
            lost = self._frame is not None
            self._frame = frame
            self._changed.notify_all()
        return lost

    def put_when_empty(self, frame: CapturedFrame, *, timeout_s: float) -> bool:
        """Put a frame once the slot is empty; return False if it was not empty in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._frame is None, timeout_s):
                return False
            self._frame = frame
            self._changed.notify_all()
        return True

    def take(self, *, timeout_s: float) -> CapturedFrame | None:
        """Take the frame out, waiting for one if there is none; None if none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None, timeout_s)
            frame, self._frame = self._frame, None
            self._changed.notify_all()
        return frame
