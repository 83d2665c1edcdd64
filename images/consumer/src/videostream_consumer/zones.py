"""Zones: polygons in permille of the frame, and their masks for images of any size.

A pixel is in a zone when its centre is, by the even-odd rule: neighbouring zones share no pixel
and half a frame is exactly half of its pixels.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable

Mask = npt.NDArray[np.uint8]
"""Shape (height, width); 255 inside, 0 outside, as OpenCV takes masks. Not writable."""

WHOLE_FRAME: Final = "frame"
_PERMILLE: Final = 1000
_FEWEST_POINTS: Final = 3


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon; points are (x, y) in permille of width and height."""

    name: str
    points: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        """Refuse what is no polygon within the frame; raises ValueError."""
        if len(self.points) < _FEWEST_POINTS:
            raise ValueError(f"zone {self.name!r} has {len(self.points)} points: expected 3 to 32")
        for x, y in self.points:
            if not (0 <= x <= _PERMILLE and 0 <= y <= _PERMILLE):
                raise ValueError(f"zone {self.name!r}: point ({x}, {y}): expected 0 to 1000")

    def mask(self, shape: tuple[int, ...]) -> Mask | None:
        """Return the mask for an image of this shape (height, width, ...), cached by size."""
        return _polygon_mask(self.points, shape[0], shape[1])


@dataclass(frozen=True, slots=True)
class WholeFrame:
    """The zone that needs no mask."""

    name: str = WHOLE_FRAME

    def mask(self, shape: tuple[int, ...]) -> Mask | None:  # noqa: ARG002 (as Zone has it)
        """Return None, which OpenCV reads as everywhere."""
        return None


AnyZone = Zone | WholeFrame


def find_zones(names: Iterable[str], defined: Iterable[Zone]) -> tuple[AnyZone, ...]:
    """Return the zones of a signal by name; without names the whole frame.

    Raises LookupError that names the zone and lists those there are.
    """
    known: dict[str, AnyZone] = {zone.name: zone for zone in defined} | {WHOLE_FRAME: WholeFrame()}
    for name in names:
        if name not in known:
            raise LookupError(f"there is no zone {name!r}: expected {', '.join(sorted(known))}")
    return tuple(known[name] for name in names) or (known[WHOLE_FRAME],)


@functools.lru_cache(maxsize=128)  # 16 zones in a few image sizes; sizes come from outside
def _polygon_mask(points: tuple[tuple[int, int], ...], height: int, width: int) -> Mask:
    xs = (np.arange(width) + 0.5) * _PERMILLE / width
    ys = ((np.arange(height) + 0.5) * _PERMILLE / height)[:, np.newaxis]
    inside = np.zeros((height, width), dtype=bool)
    for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
        if y1 != y2:
            crossing = x1 + (ys - y1) * (x2 - x1) / (y2 - y1)
            inside ^= ((ys < y1) != (ys < y2)) & (xs < crossing)
    if not inside.any():  # thinner than a pixel: the one that holds the middle of its corners
        middle_x, middle_y = np.mean(points, axis=0) / _PERMILLE
        inside[min(int(middle_y * height), height - 1), min(int(middle_x * width), width - 1)] = (
            True
        )
    mask = inside.astype(np.uint8) * 255
    mask.flags.writeable = False
    return mask
