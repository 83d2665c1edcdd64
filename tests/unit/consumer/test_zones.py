"""Masks of polygons."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videostream_consumer.zones import Mask, Zone, find_zones

LEFT = Zone("left", ((0, 0), (500, 0), (500, 1000), (0, 1000)))
RIGHT = Zone("right", ((500, 0), (1000, 0), (1000, 1000), (500, 1000)))
TRIANGLE = Zone("triangle", ((0, 0), (1000, 0), (0, 1000)))


def mask_of(zone: Zone, shape: tuple[int, ...]) -> Mask:
    mask = zone.mask(shape)
    assert mask is not None
    return mask


def test_half_a_frame_is_exactly_half_of_its_pixels() -> None:
    mask = mask_of(LEFT, (72, 128))
    assert mask[:, :64].min() == 255
    assert mask[:, 64:].max() == 0


@given(height=st.integers(1, 90), width=st.integers(2, 160))
def test_neighbours_cover_the_frame_and_share_no_pixel(height: int, width: int) -> None:
    total = mask_of(LEFT, (height, width)).astype(int) + mask_of(RIGHT, (height, width))
    assert np.all(total == 255)


def test_a_triangle_has_half_of_the_frame() -> None:
    mask = mask_of(TRIANGLE, (100, 100, 3))
    assert mask.shape == (100, 100)
    assert (mask > 0).mean() == pytest.approx(0.5, abs=0.01)
    assert mask[0, 0] == 255
    assert mask[99, 99] == 0


def test_a_zone_thinner_than_a_pixel_has_one() -> None:
    mask = mask_of(Zone("dot", ((990, 990), (991, 990), (991, 991))), (48, 64))
    assert np.argwhere(mask).tolist() == [[47, 63]]


def test_masks_are_shared_and_cannot_be_written() -> None:
    assert mask_of(LEFT, (10, 10)) is mask_of(LEFT, (10, 10, 3))
    with pytest.raises(ValueError, match="read-only"):
        mask_of(LEFT, (10, 10))[0, 0] = 1


def test_without_names_a_signal_has_the_whole_frame() -> None:
    [zone] = find_zones((), (LEFT,))
    assert zone.name == "frame"
    assert zone.mask((4, 4)) is None
    assert [zone.name for zone in find_zones(("frame", "left"), (LEFT,))] == ["frame", "left"]


def test_a_zone_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(LookupError, match="there is no zone 'door': expected frame, left, right"):
        find_zones(("door",), (LEFT, RIGHT))
