"""Waiting for a condition with a deadline, so that no test sleeps for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(probe: Callable[[], T], *, timeout_s: float, what: str, period_s: float = 0.5) -> T:
    """Call `probe` until it gives something true and return that.

    An AssertionError of the probe counts as "not yet". When time is up, fails with `what` and
    with the last value or assertion, so that the reader sees how far it got.
    """
    deadline = time.monotonic() + timeout_s
    last: object = None
    while True:
        try:
            found = probe()
        except AssertionError as not_yet:
            last = not_yet
        else:
            if found:
                return found
            last = found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}; last seen: {last!r}")
        time.sleep(period_s)


def until(probe: Callable[..., object], what: str, *, timeout_s: float = 30) -> None:
    """Wait for what takes a moment: looks often, and leaves a busy machine its time."""
    eventually(probe, timeout_s=timeout_s, what=what, period_s=0.1)
