"""How many consumers a load asks for, and how long a high number is remembered."""

from __future__ import annotations

import pytest

from videostream_controller.autoscaling.sizing import Aims, Group, Load, fit, sizes, throughput
from videostream_controller.autoscaling.window import Window, length_s


@pytest.mark.parametrize(
    ("need", "partitions", "replicas"),
    [
        (0, 12, 0),
        (1, 12, 1),
        (10, 12, 1),
        (10.1, 12, 2),
        (59, 12, 6),
        (61, 12, 12),  # 7 to 11 replicas are no faster than 6
        (500, 12, 12),
        (90, 24, 12),
        (33, 7, 4),
    ],
)
def test_sizes_between_two_spreads_are_never_chosen(
    need: float, partitions: int, replicas: int
) -> None:
    assert fit(need, partitions, 10) == replicas


def test_replicas_between_two_spreads_are_no_faster() -> None:
    assert {throughput(n, 12, 10) for n in range(6, 12)} == {60}
    assert throughput(12, 12, 10) == 120


def test_a_hot_partition_gets_a_replica_nearly_for_itself() -> None:
    slow = (1.0,) * 23
    found = sizes(Load(23, 0, 0, slow, hot=1), Group(4, 24, 10), Aims(5, 60, 8))
    assert found.up == 12  # one other partition beside it takes a tenth of its replica


def test_lag_that_drains_in_time_adds_nothing() -> None:
    aims, rates = Aims(5, 60, 8), (1.0,) * 12
    drains = sizes(Load(12, 0, 400, rates, 0), Group(2, 12, 10), aims)
    late = sizes(Load(12, 0, 900, rates, 0), Group(2, 12, 10), aims)
    assert (drains.up, late.up) == (2, 4)


def test_a_window_gives_its_peak_once_it_is_filled() -> None:
    window = Window()
    for second, size in ((0, 2), (10, 5), (20, 3), (30, 4), (40, 1)):
        window = window.add(second, size, 40)
        assert window.peak(second, 40) == (5 if second == 40 else None)
    assert window.add(51, 1, 40).peak(51, 40) == 4
    assert window.add(75, 1, 40).peak(75, 40) is None  # begun anew: nobody watched


@pytest.mark.parametrize(
    ("reversals", "window_s"), [(0, 180), (1, 180), (2, 360), (3, 720), (5, 1800), (20, 1800)]
)
def test_the_window_doubles_with_late_reversals(reversals: int, window_s: float) -> None:
    assert length_s(180, [1000] * reversals, 2000) == window_s
    assert length_s(180, [1000] * reversals, 5000) == 180


def test_a_backlog_in_few_partitions_is_that_of_one_replica() -> None:
    aims, rates = Aims(5, 60, 8), (1.0,) * 12
    spread = sizes(Load(12, 0, 240, rates, 0, (20,) * 12), Group(4, 12, 5), aims)
    assert spread.up <= 4, "each of four gets through its share in time"
    heaped = sizes(Load(12, 0, 240, rates, 0, (80, 80, 80) + (0,) * 9), Group(4, 12, 5), aims)
    assert heaped.up > 4, "three partitions of one replica hold it all"
