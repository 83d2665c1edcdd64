"""The built-in signal types by name, with their parameters: what can be checked without pictures.

The consumer's classes inherit from these, so there is one declaration. docs/signals.md describes
what each measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from videostream_pipeline.signal_parameters import decimal, integer, refuse, text, texts

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class NoParameters:
    """For types that have nothing to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionParameters:
    """A pixel has changed when its gray level differs by more than `threshold`.

    Connected changed pixels of less than `min_area_permille` of the picture do not count.
    """

    threshold: int = integer(default=30, minimum=0, maximum=254)
    min_area_permille: int = integer(default=0, minimum=0, maximum=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class TamperParameters:
    """From which gray levels on a picture counts as black, flat, or suddenly another one."""

    blackout_mean: int = integer(default=16, minimum=0, maximum=255)
    covered_stddev: int = integer(default=10, minimum=0, maximum=127)
    threshold: int = integer(default=30, minimum=0, maximum=254)
    sudden_permille: int = integer(default=800, minimum=1, maximum=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeParameters:
    """Mean difference of gray levels up to which two pictures are the same."""

    tolerance: float = decimal(default=0.0, minimum=0, maximum=255)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectsParameters:
    """A detection model: its file, its classes in its order, and which detections count.

    `count` names the classes that become fields, without it all do; `max_overlap` is the
    intersection over union from which two boxes of a class are one object.
    """

    model: str = text(pattern=r"/[^\0]*[^/\0]", expected="the absolute path of an ONNX file")
    classes: tuple[str, ...] = texts(fewest=1)
    count: tuple[str, ...] = texts(default=())
    min_confidence: float = decimal(default=0.25, minimum=0, maximum=1)
    max_overlap: float = decimal(default=0.45, minimum=0, maximum=1)
    input_size: int = integer(default=640, minimum=32, maximum=2048)

    def __post_init__(self) -> None:
        """Refuse a class to count that the model does not know."""
        unknown = [name for name in self.count if name not in self.classes]
        if unknown:
            raise refuse("count", unknown, "names that parameters.classes has")


BUILT_IN: Final[Mapping[str, type]] = {
    "Brightness": NoParameters,
    "Colour": NoParameters,
    "Contrast": NoParameters,
    "Freeze": FreezeParameters,
    "Motion": MotionParameters,
    "Objects": ObjectsParameters,
    "Sharpness": NoParameters,
    "Tamper": TamperParameters,
}

COMPARING: Final = frozenset({"Freeze", "Motion", "Tamper"})
"""Types that look at the thumbnails, so they need `frames.reference.mode: Previous`."""
