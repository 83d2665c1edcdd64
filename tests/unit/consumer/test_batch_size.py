"""The size of a batch: what can be measured in half a second, so that partitions change hands."""

import pytest

from videostream_consumer.loop import _fitting


@pytest.mark.parametrize(
    ("records", "took_s", "fits"),
    [
        (4, 0.004, 64),  # quick: as many as are taken at most
        (64, 1.0, 32),
        (4, 1.6, 1),  # 0.4 s each
        (1, 30.0, 1),  # never none
        (1, 0.0, 64),
    ],
)
def test_a_batch_fits_into_half_a_second(records: int, took_s: float, fits: int) -> None:
    assert _fitting(records, took_s) == fits
