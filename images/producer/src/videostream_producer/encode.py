"""Pictures: a captured frame as JPEG and as the gray thumbnail that motion is measured on."""

from dataclasses import dataclass
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

THUMBNAIL_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class Pictures:
    """One frame as it is sent: sizes are pixels of `jpeg`."""

    jpeg: bytes
    width: int
    height: int
    thumbnail: bytes | None


def make_pictures(
    image: Image,
    *,
    width: int | None,
    height: int | None,
    jpeg_quality: int,
    thumbnail_width: int | None,
) -> Pictures:
    """Scale and compress a frame (height x width x 3, BGR, or height x width, gray).

    The thumbnail is made of the scaled frame before compression: it shows the same part of the
    scene as the JPEG, so zones fit both.
    """
    source_height, source_width = image.shape[:2]
    size = target_size(source_width, source_height, width=width, height=height)
    scaled = _scale(image, *size)
    thumbnail = None if thumbnail_width is None else _thumbnail(scaled, thumbnail_width)
    return Pictures(_jpeg(scaled, jpeg_quality), *size, thumbnail)


def target_size(
    source_width: int, source_height: int, *, width: int | None, height: int | None
) -> tuple[int, int]:
    """Give (width, height) in pixels; with one side given the other keeps the aspect."""
    match width, height:
        case None, None:
            return source_width, source_height
        case int(), None:
            return width, max(1, round(source_height * width / source_width))
        case None, int():
            return max(1, round(source_width * height / source_height)), height
        case _:
            return cast("int", width), cast("int", height)


def _thumbnail(image: Image, width: int) -> bytes:
    height_px, width_px = image.shape[:2]
    gray = image if image.ndim == 2 else _array(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))  # noqa: PLR2004 (a gray picture has two axes)
    size = target_size(width_px, height_px, width=min(width, width_px), height=None)
    return _jpeg(_scale(gray, *size), THUMBNAIL_QUALITY)


def _scale(image: Image, width: int, height: int) -> Image:
    height_px, width_px = image.shape[:2]
    if (width, height) == (width_px, height_px):
        return image
    # INTER_AREA averages what it drops: no moire, and sensor noise does not look like motion.
    shrinks = width * height < width_px * height_px
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return _array(cv2.resize(image, (width, height), interpolation=method))


def _jpeg(image: Image, quality: int) -> bytes:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of shape {image.shape} cannot be made a JPEG")
    return data.tobytes()


def _array(image: object) -> Image:
    return cast("Image", image)
