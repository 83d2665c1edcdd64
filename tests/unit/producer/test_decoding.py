"""When key frames alone are decoded, and when all frames are again."""

import random
from collections.abc import Iterable

import pytest

from videostream_producer.decoding import Decoding, automatic


def watch(decoding: Decoding, spacings_s: Iterable[float], *, others: int = 24) -> Decoding:
    """Let a key frame come after each spacing, other frames between, until a choice changes."""
    at_s = 100.0
    now = decoding.see(at_s, is_key=True)
    for spacing_s in spacings_s:
        for number in range(0 if now.key_frames_only else others):
            now = now.see(at_s + spacing_s * (number + 1) / (others + 1), is_key=False)
        at_s += spacing_s
        now = now.see(at_s, is_key=True)
        if now.key_frames_only != decoding.key_frames_only:
            break
    return now


@pytest.mark.parametrize(
    ("fps", "read_timeout_s", "spacing_s", "enough"),
    [
        (1, 5, 1.0, True),
        (1, 5, 0.2, True),
        (1, 5, 1.2, False),
        (0.5, 5, 2.0, True),
        (0.1, 30, 9.9, True),
        # One more late than that, and the read would time out.
        (0.1, 5, 3.0, False),
        (0.1, 5, 2.5, True),
    ],
)
def test_key_frames_are_enough_if_they_come_as_often_as_asked_and_in_time(
    fps: float,
    read_timeout_s: float,
    spacing_s: float,
    enough: bool,  # noqa: FBT001 (a table)
) -> None:
    begun = automatic(fps=fps, read_timeout_s=read_timeout_s)
    assert not begun.key_frames_only
    assert watch(begun, [spacing_s] * 20).key_frames_only is enough


def test_jitter_does_not_decide() -> None:
    jitter = random.Random(7)
    spacings_s = [1 + jitter.uniform(-0.05, 0.05) for _ in range(20)]
    only = watch(automatic(fps=1, read_timeout_s=5), spacings_s)
    assert only.key_frames_only
    assert watch(only, spacings_s * 10).key_frames_only


def test_a_few_key_frames_prove_nothing() -> None:
    begun = automatic(fps=1, read_timeout_s=5)
    assert not watch(begun, [0.4] * 3).key_frames_only
    assert not watch(begun, [0.4, 0.4, 0.4, 8.0] * 5).key_frames_only


def test_above_one_frame_a_second_all_are_decoded() -> None:
    assert not watch(automatic(fps=1.001, read_timeout_s=5), [0.04] * 200).key_frames_only


def test_nothing_is_saved_where_every_frame_is_a_key_frame() -> None:
    assert not watch(automatic(fps=1, read_timeout_s=5), [0.04] * 200, others=0).key_frames_only


def test_key_frames_that_become_rare_bring_all_frames_back() -> None:
    only = watch(automatic(fps=1, read_timeout_s=5), [1.0] * 10)
    assert watch(only, [1.0, 1.0, 1.6]).key_frames_only, "one late frame is none"
    assert not watch(only, [1.0, 1.3, 1.3, 1.3]).key_frames_only


def test_a_wrong_choice_makes_the_next_one_slower_but_not_impossible() -> None:
    now = automatic(fps=1, read_timeout_s=5)
    needed = []
    for _ in range(8):
        needed.append(next(n for n in range(200) if watch(now, [1.0] * n).key_frames_only))
        now = watch(now, [1.0] * 200).starved()
        assert not now.key_frames_only
    assert needed == [4, 8, 16, 32, 64, 64, 64, 64]


def test_the_choice_outlives_the_connection_and_what_was_seen_does_not() -> None:
    only = watch(automatic(fps=1, read_timeout_s=5), [1.0] * 10)
    assert only.reopened().key_frames_only
    half_way = watch(automatic(fps=1, read_timeout_s=5), [1.0] * 3)
    assert not watch(half_way.reopened(), [1.0] * 3).key_frames_only


@pytest.mark.parametrize("chosen", [True, False])
def test_what_the_user_chose_stays(chosen: bool) -> None:  # noqa: FBT001 (a table)
    decoding = Decoding(key_frames_only=chosen)
    assert watch(decoding, [0.1] * 50) == decoding
    assert decoding.starved() == decoding
