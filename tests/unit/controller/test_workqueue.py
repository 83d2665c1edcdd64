"""The work queue with workers of a real event loop."""

from __future__ import annotations

import asyncio
import time

from videostream_controller.workqueue import WorkQueue

SOON_S = 10  # at once, on a machine that has other things to do


async def test_workers_wait_for_a_key() -> None:
    queue: WorkQueue[str] = WorkQueue()
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add("a")
    assert await asyncio.wait_for(waiting, SOON_S) == "a"


async def test_every_waiting_worker_gets_its_key() -> None:
    queue: WorkQueue[str] = WorkQueue()
    workers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    for key in ("a", "b", "c"):
        queue.add(key)
    found = await asyncio.wait_for(asyncio.gather(*workers), SOON_S)
    assert sorted(str(key) for key in found) == ["a", "b", "c"]


async def test_a_delay_ends_the_wait() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("late", 5)
    queue.add_after("a", 0.05)
    started = time.monotonic()
    assert await asyncio.wait_for(queue.get(), SOON_S) == "a"
    assert time.monotonic() - started >= 0.05


async def test_a_shorter_delay_wakes_a_worker_that_waits_for_a_longer_one() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 60)
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add_after("a", 0.01)
    assert await asyncio.wait_for(waiting, SOON_S) == "a"


async def test_a_key_touched_while_worked_on_comes_again_once() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    assert await queue.get() == "a"
    queue.add("a")
    queue.add("a")
    assert queue.pop() is None
    queue.done("a")
    assert queue.pop() == "a"
    queue.done("a")
    assert queue.pop() is None


async def test_closing_lets_all_workers_go_and_takes_nothing_more() -> None:
    queue: WorkQueue[str] = WorkQueue()
    workers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    queue.close()
    queue.add("a")
    queue.add_after("b", 0)
    assert await asyncio.wait_for(asyncio.gather(*workers), SOON_S) == [None, None, None]
    assert queue.pop() is None


async def test_gauges_tell_how_long_keys_wait_and_work() -> None:
    now = 0.0
    queue: WorkQueue[str] = WorkQueue(clock=lambda: now)
    queue.add("a")
    queue.add("b")
    queue.pop()
    now = 7.0
    assert (queue.depth, queue.oldest_wait_s, queue.longest_work_s) == (1, 7.0, 7.0)
