"""Whether the capture thread keeps up: the share of time in which it did not wait for the source.

A thread that has to decode faster than it can never waits; what it reads is then older and older.
Time on a core and time in the queue for one both count, so a tight CPU limit shows as well.
"""

import time
from pathlib import Path
from typing import Final

from videostream_producer.rates import RateWindow

OVERLOADED_SHARE: Final = 0.95
_PERIOD_S: Final = 1.0
_SCHEDSTAT: Final = Path("/proc/thread-self/schedstat")


class Workload:
    """Measured by the thread itself, over the last ten seconds of one connection."""

    def __init__(self, schedstat: Path = _SCHEDSTAT) -> None:
        self._schedstat = schedstat
        self._window = RateWindow()
        self._sampled_s: float | None = None

    def sample(self, now_s: float) -> None:
        """Take note of the time used so far, once a second; cheap when it is not yet time."""
        if self._sampled_s is not None and now_s - self._sampled_s < _PERIOD_S:
            return
        self._sampled_s = now_s
        busy_ns = time.thread_time_ns() + self._queued_ns()
        self._window = self._window.add(now_s, busy_ns)

    @property
    def share(self) -> float | None:
        """Busy time by all time, None in the first five seconds of a connection."""
        busy_ns_per_s = self._window.settled_per_second
        return None if busy_ns_per_s is None else busy_ns_per_s / 1e9

    def _queued_ns(self) -> int:
        """Give the thread's time in the queue for a core; 0 if the kernel does not tell."""
        try:
            return int(self._schedstat.read_text().split()[1])
        except (OSError, ValueError, IndexError):
            return 0
