"""The heart of the controller: a queue of keys with the semantics of client-go's work queue.

A key waits at most once; at most one worker has it; a key that is added while a worker has it is
queued again when that worker is done. Failures come back later and later, per key, with jitter so
that many streams that failed together do not return together.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import random
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Key = TypeVar("Key", bound="Hashable")

_MAX_EXPONENT = 32  # 2**32 s is beyond any maximum, and a float never overflows


class WorkQueue(Generic[Key]):
    """Deduplicating, delaying, retrying queue for the workers of one event loop."""

    def __init__(
        self,
        *,
        first_retry_s: float = 1.0,
        last_retry_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first_retry_s = first_retry_s
        self._last_retry_s = last_retry_s
        self._clock = clock
        self._ready: dict[Key, float] = {}  # in order of arrival: key -> since when it waits
        self._delayed: dict[Key, float] = {}  # key -> when it is due
        self._due: list[tuple[float, int, Key]] = []  # heap; entries may be outdated
        self._sequence = 0
        self._working: dict[Key, float] = {}  # key -> since when a worker has it
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._closed = False

    def add(self, key: Key) -> None:
        """Queue the key now; if a worker has it, when that worker is done."""
        if self._closed:
            return
        if key in self._working:
            self._again.add(key)
        else:
            self._ready.setdefault(key, self._clock())
            self._changed.set()

    def add_after(self, key: Key, delay_s: float) -> None:
        """Queue the key in a while; of several delays the earliest counts."""
        due = self._clock() + delay_s
        if self._closed or self._delayed.get(key, due) < due:
            return
        self._delayed[key] = due
        self._sequence += 1
        heapq.heappush(self._due, (due, self._sequence, key))
        self._changed.set()

    def retry(self, key: Key) -> float:
        """Queue the key after its back-off, one step longer than the last; gives the delay."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        full_s = min(self._last_retry_s, self._first_retry_s * 2.0 ** min(failures, _MAX_EXPONENT))
        delay_s = full_s * random.uniform(0.8, 1.0)  # noqa: S311 jitter is no secret
        self.add_after(key, delay_s)
        return delay_s

    def forget(self, key: Key) -> None:
        """Reset the key's back-off."""
        self._failures.pop(key, None)

    def pop(self) -> Key | None:
        """Give the key that waits longest to the caller, who must call `done`; None if none."""
        self._release_due()
        for key in self._ready:
            del self._ready[key]
            self._working[key] = self._clock()
            return key
        return None

    def done(self, key: Key) -> None:
        """Take the key back from its worker."""
        del self._working[key]
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    async def get(self) -> Key | None:
        """Wait for a key; None when the queue is closed."""
        async with self._turn:  # one waits for a change: to wake them all would cost more than work
            while not self._closed:
                key = self.pop()
                if key is not None:
                    return key
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), timeout=self._until_next_s())
        return None

    def close(self) -> None:
        """Take no more keys and let the workers go."""
        self._closed = True
        self._changed.set()

    @property
    def depth(self) -> int:
        """How many keys wait for a worker now."""
        return len(self._ready)

    @property
    def oldest_wait_s(self) -> float:
        """For how long the first key has been waiting for a worker."""
        return max((self._clock() - since for since in self._ready.values()), default=0.0)

    @property
    def longest_work_s(self) -> float:
        """For how long the slowest worker has had its key."""
        return max((self._clock() - since for since in self._working.values()), default=0.0)

    def _release_due(self) -> None:
        now = self._clock()
        while self._due and self._due[0][0] <= now:
            due, _, key = heapq.heappop(self._due)
            if self._delayed.get(key) == due:
                del self._delayed[key]
                self.add(key)

    def _until_next_s(self) -> float | None:
        return max(0.0, self._due[0][0] - self._clock()) if self._due else None
