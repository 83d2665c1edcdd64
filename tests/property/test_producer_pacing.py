"""Laws of sampling and of waits, for any rate and any jitter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videostream_producer.lifecycle import Policy, backoff_s
from videostream_producer.pacing import Playback, Sampler, position_s

RATES = st.floats(0.05, 120)


def kept(times: list[float], fps: float) -> list[float]:
    sampler, chosen = Sampler(1 / fps), []
    for time_s in times:
        sampler, keep = sampler.decide(time_s)
        if keep:
            chosen.append(time_s)
    return chosen


@given(source_fps=RATES, target_fps=RATES, start_s=st.floats(0, 1e6))
def test_a_steady_source_is_sampled_at_the_lower_of_both_rates(
    source_fps: float, target_fps: float, start_s: float
) -> None:
    times = [start_s + i / source_fps for i in range(400)]
    span_s = 400 / source_fps
    expected = span_s * min(source_fps, target_fps)
    assert abs(len(kept(times, target_fps)) - expected) <= 2


@given(
    fps=st.floats(1, 60),
    jitter=st.lists(st.floats(-0.12, 0.12), min_size=200, max_size=200),
)
def test_a_source_at_the_target_rate_loses_nothing_to_jitter(
    fps: float, jitter: list[float]
) -> None:
    times = [(i + shift) / fps for i, shift in enumerate(jitter, start=1)]
    assert len(kept(times, fps)) == len(times)


@given(times=st.lists(st.floats(0, 1000), max_size=300).map(sorted), fps=RATES)
def test_no_stretch_of_any_source_gives_more_than_the_target_rate(
    times: list[float], fps: float
) -> None:
    chosen = kept(times, fps)
    for first, from_s in enumerate(chosen):
        for last in range(first, len(chosen)):
            assert last - first <= (chosen[last] - from_s) * fps + 1.001
    assert not times or chosen[0] == times[0]


@given(
    failures=st.integers(1, 10_000),
    jitter=st.floats(0, 1, exclude_max=True),
    initial=st.floats(0.001, 10),
    factor=st.floats(1, 1000),
)
def test_no_wait_is_negative_or_beyond_the_limit(
    failures: int, jitter: float, initial: float, factor: float
) -> None:
    policy = Policy(initial, initial * factor)
    assert 0 <= backoff_s(failures, jitter=jitter, policy=policy) <= policy.max_backoff_s


@given(
    reported=st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=50),
    fps=st.floats(0, 120),
)
def test_positions_never_go_back_whatever_a_container_says(
    reported: list[float], fps: float
) -> None:
    at_s = 0.0
    for index, milliseconds in enumerate(reported):
        later_s = position_s(milliseconds, index=index, fps=fps, previous_s=at_s)
        assert later_s >= at_s
        at_s = later_s


@given(late_s=st.floats(0, 100), slack_s=st.floats(0, 1))
def test_a_held_up_recording_goes_on_at_its_own_speed(late_s: float, slack_s: float) -> None:
    playback = Playback(clock_s=1000, position_s=0)
    now_s = playback.due_s(5) + late_s
    resumed = playback.resumed(5, now_s=now_s, slack_s=slack_s)
    if late_s > slack_s + 1e-6:
        assert resumed.due_s(5) == pytest.approx(now_s)
        assert resumed.due_s(6) == pytest.approx(now_s + 1)
    elif late_s < slack_s - 1e-6:
        assert resumed == playback
