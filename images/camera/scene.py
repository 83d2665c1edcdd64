"""What the camera sees, as a function of Unix time: the truth that measured signals must match.

A gray background follows a sine; a brighter object crosses the picture and then rests. Both depend
on the time alone, so a test can compute what a correct pipeline must report for any instant.
Levels are gray values 0..255, boxes are fractions of the picture, so most of the truth holds for
every picture size. docs/camera.md is the text for readers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

BACKGROUND_MEAN = 120.0
BACKGROUND_AMPLITUDE = 60.0
BACKGROUND_PERIOD_S = 60.0
# Twice the usual motion threshold of 30: a pixel that the object covers or leaves counts for sure.
OBJECT_CONTRAST = 60.0
OBJECT_WIDTH = 3 / 16  # with a third of the height: a square in a 16:9 picture
OBJECT_HEIGHT = 1 / 3
OBJECT_TOP = 1 / 3
CYCLE_S = 30.0
MOVING_S = 20.0
CROSSING_S = 5.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions (0..1) of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class _Pixels:
    left: int
    top: int
    width: int
    height: int


def background(time_s: float) -> float:
    """Return the background's gray level (60..180) at a Unix time.

    It changes by at most 6.3 levels in a second.
    """
    turn = 2 * math.pi * math.fmod(time_s, BACKGROUND_PERIOD_S) / BACKGROUND_PERIOD_S
    return BACKGROUND_MEAN + BACKGROUND_AMPLITUDE * math.sin(turn)


def brightness(time_s: float) -> float:
    """Return the mean gray level (63.75..183.75) of the whole picture at a Unix time."""
    return background(time_s) + OBJECT_CONTRAST * OBJECT_WIDTH * OBJECT_HEIGHT


def is_moving(time_s: float) -> bool:
    """Tell whether the object moves: in the first 20 s of each 30 s of Unix time."""
    return math.fmod(time_s, CYCLE_S) < MOVING_S


def object_box(time_s: float) -> Box:
    """Return where the object is: it crosses from left to right in 5 s, four times a cycle.

    Each crossing starts anew at the left edge, so that the object never turns, which could look
    like standing still. It rests at the left edge.
    """
    crossed = math.fmod(time_s, CROSSING_S) / CROSSING_S if is_moving(time_s) else 0.0
    left = crossed * (1.0 - OBJECT_WIDTH)
    return Box(left, OBJECT_TOP, left + OBJECT_WIDTH, OBJECT_TOP + OBJECT_HEIGHT)


def render(time_s: float, width: int, height: int) -> Image:
    """Return the picture at a Unix time: gray levels, shape (height, width), uint8."""
    dark, bright = _levels(time_s)
    image = np.full((height, width), dark, dtype=np.uint8)
    box = _object_pixels(time_s, width, height)
    image[box.top : box.top + box.height, box.left : box.left + box.width] = bright
    return image


def expected_changed(t0: float, t1: float, width: int, height: int, threshold: float) -> float:
    """Return the fraction (0..1) of pixels whose level differs by more than ``threshold``.

    Compares the pictures at two Unix times without rendering them: areas times level changes.
    """
    dark0, bright0 = _levels(t0)
    dark1, bright1 = _levels(t1)
    box0, box1 = _object_pixels(t0, width, height), _object_pixels(t1, width, height)
    rows, columns = box0.height, box0.width
    shared = max(0, columns - abs(box1.left - box0.left)) * rows
    single = columns * rows - shared
    areas_and_changes = (
        (shared, bright1 - bright0),
        (single, bright1 - dark0),
        (single, dark1 - bright0),
        (width * height - shared - 2 * single, dark1 - dark0),
    )
    changed = sum(area for area, change in areas_and_changes if abs(change) > threshold)
    return changed / (width * height)


def _levels(time_s: float) -> tuple[int, int]:
    level = background(time_s)
    return round(level), round(level + OBJECT_CONTRAST)


def _object_pixels(time_s: float, width: int, height: int) -> _Pixels:
    # The size is rounded apart from the place, so the object's area never flickers.
    box = object_box(time_s)
    return _Pixels(
        left=round(box.left * width),
        top=round(box.top * height),
        width=round(OBJECT_WIDTH * width),
        height=round(OBJECT_HEIGHT * height),
    )
