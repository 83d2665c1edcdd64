"""The source's states: every way from one to the next."""

import math

import pytest

from videostream_producer.lifecycle import (
    Ended,
    Event,
    Failed,
    FrameArrived,
    Lifecycle,
    Opening,
    Policy,
    Ticked,
    backoff_s,
    step,
)

POLICY = Policy(initial_backoff_s=1, max_backoff_s=30, stall_timeout_s=10)
REFUSED = Failed("ConnectionRefused", "refused")


def play(*events: tuple[float, Event], jitter: float = 1.0) -> Lifecycle:
    life = Lifecycle()
    for now_s, event in events:
        life = step(life, event, now_s=now_s, jitter=jitter, policy=POLICY)
    return life


def test_begins_connecting() -> None:
    assert play((0, Opening())).state == "Connecting"


def test_streams_with_the_first_frame_not_before() -> None:
    life = play((0, Opening()), (1, Ticked()))
    assert life.state == "Connecting"
    assert play((0, Opening()), (1, FrameArrived())).state == "Streaming"


def test_a_failure_waits_and_says_why() -> None:
    life = play((5, Opening()), (6, REFUSED))
    assert (life.state, life.reason, life.message) == ("Backoff", "ConnectionRefused", "refused")
    assert life.retry_at_s == 7


def test_waits_double_up_to_the_limit() -> None:
    waits = [backoff_s(n, jitter=1, policy=POLICY) for n in range(1, 8)]
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_waits_never_overflow() -> None:
    assert backoff_s(10**9, jitter=1, policy=POLICY) == 30


def test_waits_are_fully_jittered() -> None:
    assert backoff_s(4, jitter=0.25, policy=POLICY) == 2
    assert backoff_s(4, jitter=0, policy=POLICY) == 0


def test_a_wrong_password_always_waits_longest_because_cameras_lock_accounts() -> None:
    life = play((0, Opening()), (1, Failed("AuthenticationFailed", "wrong")), jitter=0.0)
    assert life.retry_at_s == 31


def test_a_stream_that_held_a_minute_starts_with_short_waits_again() -> None:
    broken: list[tuple[float, Event]] = [
        (0.0, Opening()),
        (0.0, REFUSED),
        (1.0, REFUSED),
        (2.0, REFUSED),
    ]
    short = play(*broken, (3, FrameArrived()), (62, FrameArrived()), (62.5, REFUSED))
    assert short.failures == 4
    long = play(*broken, (3, FrameArrived()), (62, FrameArrived()), (63, REFUSED))
    assert long.failures == 1


def test_stalls_when_no_frame_came_for_the_time_out_and_recovers_without_a_reconnect() -> None:
    events: list[tuple[float, Event]] = [(0, Opening()), (1, FrameArrived()), (10.9, Ticked())]
    assert play(*events).state == "Streaming"
    events.append((11, Ticked()))
    assert play(*events).state == "Stalled"
    assert "10 s" in play(*events).message
    events.append((12, FrameArrived()))
    assert (play(*events).state, play(*events).reconnects) == ("Streaming", 0)


def test_a_recording_never_stalls() -> None:
    life = Lifecycle(state="Streaming", last_frame_s=0)
    policy = Policy(1, 30)
    assert policy.stall_timeout_s == math.inf
    assert step(life, Ticked(), now_s=1e9, jitter=0, policy=policy).state == "Streaming"


def test_counts_streams_that_came_back() -> None:
    once: list[tuple[float, Event]] = [(0, Opening()), (1, FrameArrived()), (2, REFUSED)]
    assert play(*once).reconnects == 0
    assert play(*once, (3, Opening()), (4, FrameArrived())).reconnects == 1


def test_completed_says_so() -> None:
    life = play((0, Opening()), (1, FrameArrived()), (2, Ended()))
    assert (life.state, life.reason) == ("Completed", "EndOfStream")


@pytest.mark.parametrize("state", ["Connecting", "Backoff", "Completed", "Stalled"])
def test_time_alone_changes_only_streaming(state: str) -> None:
    life = Lifecycle(state=state, last_frame_s=0)  # type: ignore[arg-type]
    assert step(life, Ticked(), now_s=1e6, jitter=0, policy=POLICY) == life
