"""Pictures: sizes, aspect, and a thumbnail that shows the same scene in gray."""

import cv2
import numpy as np
import pytest

from videostream_producer.encode import Image, Pictures, make_pictures, target_size


def halves(width: int = 640, height: int = 360) -> Image:
    """Left half black, right half white."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, width // 2 :] = 255
    return image


def pictures(image: Image, **changes: int | None) -> Pictures:
    wanted = {"width": None, "height": None, "thumbnail_width": 128} | changes
    return make_pictures(
        image,
        width=wanted["width"],
        height=wanted["height"],
        jpeg_quality=changes.get("jpeg_quality") or 80,
        thumbnail_width=wanted["thumbnail_width"],
    )


def decoded(jpeg: bytes | None) -> Image:
    assert jpeg is not None
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return np.asarray(image, np.uint8)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (None, None, (1280, 720)),
        (640, None, (640, 360)),
        (None, 100, (178, 100)),
        (300, 300, (300, 300)),
        (1, None, (1, 1)),
    ],
)
def test_one_side_keeps_the_aspect(
    width: int | None, height: int | None, expected: tuple[int, int]
) -> None:
    assert target_size(1280, 720, width=width, height=height) == expected


def test_jpeg_has_the_size_that_is_said() -> None:
    made = pictures(halves(), width=320)
    assert (made.width, made.height) == (320, 180)
    assert decoded(made.jpeg).shape == (180, 320, 3)


def test_thumbnail_is_gray_and_shows_the_same_scene() -> None:
    small = decoded(pictures(halves(), width=320).thumbnail)
    assert small.shape == (72, 128)
    assert small[:, :56].mean() < 10
    assert small[:, 72:].mean() > 245


def test_thumbnail_is_never_wider_than_the_frame() -> None:
    assert decoded(pictures(halves(64, 36)).thumbnail).shape == (36, 64)


def test_no_thumbnail_when_none_is_wanted() -> None:
    assert pictures(halves(), thumbnail_width=None).thumbnail is None


def test_gray_frames_are_pictured_as_well() -> None:
    made = pictures(np.full((90, 160), 77, np.uint8))
    assert abs(decoded(made.jpeg).mean() - 77) < 1
    assert decoded(made.thumbnail).shape == (72, 128)


def test_lower_quality_is_smaller() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (180, 320, 3), np.uint8)
    assert len(pictures(noise, jpeg_quality=30).jpeg) < len(pictures(noise, jpeg_quality=90).jpeg)


def test_equal_frames_have_equal_thumbnails() -> None:
    assert pictures(halves()).thumbnail == pictures(halves()).thumbnail
