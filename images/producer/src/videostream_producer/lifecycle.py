"""How a source is, as a pure state machine: events and the time in, the next state out.

Connecting -> Streaming -> (Stalled ->) Backoff -> Connecting ...; a recording ends in Completed.
Nothing here reads a clock or draws a random number, so every history can be replayed in a test.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from videostream_pipeline.status import SourceState

HEALTHY_AFTER_S: Final = 60.0  # a stream that held so long starts with short waits again
_DOUBLINGS_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class Policy:
    """The waits of one source, in seconds; a recording has an infinite stall time-out."""

    initial_backoff_s: float
    max_backoff_s: float
    stall_timeout_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Where a source stands. Times are of one monotonic clock."""

    state: SourceState = "Connecting"
    reason: str = "Connecting"
    message: str = ""
    streams: int = 0  # how often frames began to flow
    failures: int = 0  # in a row
    retry_at_s: float | None = None
    streaming_since_s: float | None = None
    last_frame_s: float | None = None

    @property
    def reconnects(self) -> int:
        """How often a lost stream came back."""
        return max(0, self.streams - 1)


@dataclass(frozen=True, slots=True)
class Opening:
    """The source is about to be opened."""


@dataclass(frozen=True, slots=True)
class FrameArrived:
    """A frame came out of the source."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The source could not be opened, or broke; its handle is gone."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A recording was read to its end and shall not be read again."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time went by."""


Event = Opening | FrameArrived | Failed | Ended | Ticked


def step(
    life: Lifecycle, event: Event, *, now_s: float, jitter: float, policy: Policy
) -> Lifecycle:
    """Give the state after an event; `jitter` is a number of [0, 1), used for waits only."""
    match event:
        case Opening():
            return replace(life, state="Connecting", reason="Connecting", retry_at_s=None)
        case FrameArrived():
            return _frame_arrived(life, now_s)
        case Failed(reason, message):
            return _failed(life, reason, message, now_s=now_s, jitter=jitter, policy=policy)
        case Ended():
            message = "the recording was read to its end"
            return replace(life, state="Completed", reason="EndOfStream", message=message)
        case Ticked():
            return _ticked(life, now_s, policy)


def backoff_s(failures: int, *, jitter: float, policy: Policy) -> float:
    """Give the wait after a number of failures in a row: exponential, with full jitter.

    Full jitter (any time from zero to the bound) keeps a fleet of cameras that fell together
    from coming back together.
    """
    doublings = min(failures - 1, _DOUBLINGS_MAX)
    return jitter * min(policy.max_backoff_s, policy.initial_backoff_s * 2.0**doublings)


def _frame_arrived(life: Lifecycle, now_s: float) -> Lifecycle:
    if life.state == "Streaming":
        return replace(life, last_frame_s=now_s)
    # Out of a stall the same connection goes on: that is no reconnect.
    new_streams = 0 if life.state == "Stalled" else 1
    return replace(
        life,
        state="Streaming",
        reason="Streaming",
        message="",
        streams=life.streams + new_streams,
        streaming_since_s=now_s,
        last_frame_s=now_s,
    )


def _failed(
    life: Lifecycle, reason: str, message: str, *, now_s: float, jitter: float, policy: Policy
) -> Lifecycle:
    since_s = life.streaming_since_s
    was_healthy = (
        life.state in {"Streaming", "Stalled"}
        and since_s is not None
        and now_s - since_s >= HEALTHY_AFTER_S
    )
    failures = 1 if was_healthy else life.failures + 1
    if reason == "AuthenticationFailed":
        # Cameras lock accounts after a few wrong passwords: never ask in quick succession.
        wait_s = policy.max_backoff_s
    else:
        wait_s = backoff_s(failures, jitter=jitter, policy=policy)
    return replace(
        life,
        state="Backoff",
        reason=reason,
        message=message,
        failures=failures,
        retry_at_s=now_s + wait_s,
        streaming_since_s=None,
    )


def _ticked(life: Lifecycle, now_s: float, policy: Policy) -> Lifecycle:
    last_s = life.last_frame_s
    if life.state != "Streaming" or last_s is None or now_s - last_s < policy.stall_timeout_s:
        return life
    message = (
        f"no frame for {policy.stall_timeout_s:g} s, the connection is still open: "
        "look at the camera's encoder and network"
    )
    return replace(life, state="Stalled", reason="Stalled", message=message)
