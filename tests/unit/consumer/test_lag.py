"""Lag from offsets."""

from videostream_consumer.lag import lag_of


def test_lag_is_what_lies_between_done_and_the_end() -> None:
    assert lag_of({0: (0, 100), 1: (0, 50)}, {0: 90, 1: 50}) == 10


def test_expired_records_are_not_waited_for() -> None:
    assert lag_of({0: (80, 100)}, {0: 10}) == 20


def test_without_an_offset_everything_that_is_there_waits() -> None:
    assert lag_of({0: (80, 100), 1: (7, 7)}, {}) == 20


def test_an_offset_behind_a_topic_made_anew_is_no_negative_lag() -> None:
    assert lag_of({0: (0, 5)}, {0: 1000}) == 0
