"""A frame as images, decoded once, and only those images that the signals declared to need.

Most of a consumer's time is JPEG decoding. A gray image comes out of the decoder already reduced
(it skips most of the inverse transform), a thumbnail is a hundred times smaller than its frame.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from videostream_record import FrameRecord, RecordInvalid

cv2.setNumThreads(1)  # frames scale over pods; threads would only contend for a pod's CPU share

Image = npt.NDArray[np.uint8]
"""Shape (height, width) when gray, (height, width, 3) in BGR when colour."""

_REDUCE_BY_4_FROM_PX: Final = 640
_REDUCE_BY_2_FROM_PX: Final = 320


class Need(enum.Flag):
    """Which images a signal looks at."""

    THUMBNAIL = enum.auto()
    """The gray thumbnails of this frame and of the one before it."""
    GRAY = enum.auto()
    """The frame in gray, reduced so that it is 160 pixels wide or more."""
    FULL_GRAY = enum.auto()
    """The frame in gray at full size, for what is in its finest detail."""
    SMALL_COLOUR = enum.auto()
    """The frame in BGR, reduced as GRAY is."""
    COLOUR = enum.auto()
    """The frame in BGR at full size: the expensive one."""


NOTHING: Final = Need(0)


@dataclass(frozen=True, slots=True)
class Frame:
    """The decoded images of a record. An image that nobody declared to need is not there."""

    record: FrameRecord
    needs: Need
    _thumbnail: Image | None = None
    _reference: Image | None = None
    _gray: Image | None = None
    _full_gray: Image | None = None
    _small_colour: Image | None = None
    _colour: Image | None = None

    @property
    def thumbnail(self) -> Image | None:
        """This frame's thumbnail; None when the record came without one."""
        self._declared(Need.THUMBNAIL)
        return self._thumbnail

    @property
    def reference(self) -> Image | None:
        """The previous frame's thumbnail; None for the first frame after a (re)connect."""
        self._declared(Need.THUMBNAIL)
        return self._reference

    @property
    def thumbnails(self) -> tuple[Image, Image] | None:
        """This thumbnail and the previous frame's; None unless both are there in one size."""
        now, before = self.thumbnail, self.reference
        return None if now is None or before is None or now.shape != before.shape else (now, before)

    @property
    def gray(self) -> Image:
        """The frame in gray, reduced by 4 from 640 pixels of width on, by 2 from 320 on."""
        self._declared(Need.GRAY)
        assert self._gray is not None  # noqa: S101 (decode_frame made what was declared)
        return self._gray

    @property
    def full_gray(self) -> Image:
        """The frame in gray at full size."""
        self._declared(Need.FULL_GRAY)
        assert self._full_gray is not None  # noqa: S101 (as above)
        return self._full_gray

    @property
    def small_colour(self) -> Image:
        """The frame in BGR, reduced as `gray` is."""
        self._declared(Need.SMALL_COLOUR)
        assert self._small_colour is not None  # noqa: S101 (as above)
        return self._small_colour

    @property
    def colour(self) -> Image:
        """The frame at full size in BGR."""
        self._declared(Need.COLOUR)
        assert self._colour is not None  # noqa: S101 (as above)
        return self._colour

    def _declared(self, need: Need) -> None:
        if need not in self.needs:
            raise LookupError(f"a signal looks at {need.name} without declaring Need.{need.name}")


def decode_frame(record: FrameRecord, needs: Need) -> Frame:
    """Decode the images that are needed. Raises RecordInvalid naming the one that is no JPEG."""
    gray_flag, colour_flag = _reduced_flags(record.width)

    def value(need: Need, flag: int) -> Image | None:
        return _decode("value", record.jpeg, flag) if need in needs else None

    def thumbnail(field: str, jpeg: bytes | None) -> Image | None:
        if jpeg is None or Need.THUMBNAIL not in needs:
            return None
        return _decode(field, jpeg, cv2.IMREAD_GRAYSCALE)

    return Frame(
        record,
        needs,
        _thumbnail=thumbnail("vst-thumbnail", record.thumbnail),
        _reference=thumbnail("vst-reference", record.reference),
        _gray=value(Need.GRAY, gray_flag),
        _full_gray=value(Need.FULL_GRAY, cv2.IMREAD_GRAYSCALE),
        _small_colour=value(Need.SMALL_COLOUR, colour_flag),
        _colour=value(Need.COLOUR, cv2.IMREAD_COLOR_BGR),
    )


def _reduced_flags(width: int) -> tuple[int, int]:
    """Return how the decoder reduces a frame of this width: in gray, in colour."""
    if width >= _REDUCE_BY_4_FROM_PX:
        return cv2.IMREAD_REDUCED_GRAYSCALE_4, cv2.IMREAD_REDUCED_COLOR_4
    if width >= _REDUCE_BY_2_FROM_PX:
        return cv2.IMREAD_REDUCED_GRAYSCALE_2, cv2.IMREAD_REDUCED_COLOR_2
    return cv2.IMREAD_GRAYSCALE, cv2.IMREAD_COLOR_BGR


def _decode(field: str, jpeg: bytes, flag: int) -> Image:
    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flag)
    except cv2.error:  # the picture claims more pixels than OPENCV_IO_MAX_IMAGE_PIXELS
        image = None
    if image is None:
        raise RecordInvalid(field, jpeg, "a JPEG that can be decoded")
    return image.astype(np.uint8, copy=False)
