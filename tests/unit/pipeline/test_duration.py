"""GEP-2257 durations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videostream_pipeline.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("500ms", 0.5), ("1h30m", 5400), ("1m1s1ms", 61.001), ("0s", 0), ("90s", 90)],
)
def test_durations_mean_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "-1s", "1.5s", "1d", "100000s", "1h1m1s1ms1ms", "1s "])
def test_what_gep_2257_does_not_know_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="expected the form of 1h30m"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.25, "250ms"), (5400.5, "1h30m500ms"), (60, "1m")]
)
def test_seconds_get_their_shortest_spelling(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 99_999 * 3_600_000 + 3_599_999))
def test_every_duration_reads_as_it_was_written(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


@pytest.mark.parametrize("seconds", [-1, 1e12])
def test_seconds_without_a_spelling_are_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="expected 0 to 99999 hours"):
        format_duration(seconds)
