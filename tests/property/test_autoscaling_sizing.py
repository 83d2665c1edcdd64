"""How many consumers a load asks for: more load never fewer, faster consumers never more."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from videostream_controller.autoscaling.sizing import (
    Aims,
    Group,
    Load,
    fit,
    sizes,
    throughput,
    wake,
)

RATES = st.floats(0.01, 1000)
PARTITIONS = st.integers(1, 60)
AIMS = st.builds(
    Aims,
    target_lag_s=st.floats(1, 60),
    drain_time_s=st.floats(60, 600),
    pod_start_s=st.integers(1, 60),
)


@given(RATES, PARTITIONS, RATES)
def test_fit_copes_and_one_less_does_not(need: float, partitions: int, fps: float) -> None:
    size = fit(need, partitions, fps)
    assert 1 <= size <= partitions
    if size < partitions:
        assert throughput(size, partitions, fps) >= need * (1 - 1e-6)
    if size > 1:
        assert throughput(size - 1, partitions, fps) < need * (1 + 1e-6)


@given(
    rates=st.tuples(RATES, RATES).map(sorted),
    lags=st.tuples(st.integers(0, 10**5), st.integers(0, 10**5)).map(sorted),
    group=st.builds(Group, st.integers(1, 60), PARTITIONS, RATES),
    aims=AIMS,
)
@example(rates=[18.0, 18.3], lags=[100, 100], group=Group(1, 240, 1.0), aims=Aims(5.0, 60.0, 20))
def test_more_load_never_needs_less(
    rates: list[float], lags: list[int], group: Group, aims: Aims
) -> None:
    # Drain times are at least ten times what pods take to start, as the CRD's bounds have it.
    assume(aims.target_lag_s <= 5 + aims.pod_start_s)

    def load(rate: float, lag: int) -> Load:
        return Load(rate, 0.0, lag, (rate / group.partitions,) * group.partitions, 0)

    for less, more in (
        (load(rates[0], lags[0]), load(rates[1], lags[0])),
        (load(rates[0], lags[0]), load(rates[0], lags[1])),
    ):
        few, many = sizes(less, group, aims), sizes(more, group, aims)
        assert few.up <= many.up
        assert few.down <= many.down


@given(st.tuples(RATES, RATES).map(sorted), RATES, st.integers(0, 10**5), PARTITIONS, AIMS)
def test_faster_consumers_never_need_more(
    fps: list[float], rate: float, lag: int, partitions: int, aims: Aims
) -> None:
    load = Load(rate, 0.0, lag, (rate / partitions,) * partitions, 0)
    slow, fast = (sizes(load, Group(2, partitions, each), aims) for each in fps)
    assert fast.up <= slow.up
    assert fast.down <= slow.down
    assert wake(rate, lag, partitions, capacity=fps[1], aims=aims) <= wake(
        rate, lag, partitions, capacity=fps[0], aims=aims
    )
