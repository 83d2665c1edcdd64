"""Requests that wait for each other's end go out together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from videostream_controller.kafka.joining import Joiner

if TYPE_CHECKING:
    from collections.abc import Mapping


class Broker:
    """Doubles numbers, one request at a time, when it is told to."""

    def __init__(self) -> None:
        self.asked: list[dict[str, int]] = []
        self.may_answer = asyncio.Event()

    async def ask(self, items: Mapping[str, int]) -> dict[str, int | Exception]:
        self.asked.append(dict(items))
        await self.may_answer.wait()
        refused = ValueError("below zero")
        return {name: refused if item < 0 else 2 * item for name, item in items.items()}


async def test_one_request_goes_out_at_once_and_those_that_wait_go_together() -> None:
    broker = Broker()
    joiner = Joiner(broker.ask)
    first = asyncio.create_task(joiner.one("a", 1))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(joiner.one(name, item)) for name, item in (("b", 2), ("c", 3))]
    await asyncio.sleep(0.01)
    broker.may_answer.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6]
    assert broker.asked == [{"a": 1}, {"b": 2, "c": 3}]


async def test_what_is_dear_waits_for_others() -> None:
    broker = Broker()
    broker.may_answer.set()
    joiner = Joiner(broker.ask, linger_s=0.2)
    first = asyncio.create_task(joiner.one("a", 1))
    await asyncio.sleep(0.01)
    assert tuple(await asyncio.gather(first, joiner.one("b", 2))) == (2, 4)
    assert broker.asked == [{"a": 1, "b": 2}]


async def test_one_refusal_is_that_of_its_caller_only() -> None:
    broker = Broker()
    broker.may_answer.set()
    joiner = Joiner(broker.ask)
    good, bad = await asyncio.gather(
        joiner.one("a", 1), joiner.one("b", -1), return_exceptions=True
    )
    assert good == 2
    assert isinstance(bad, ValueError)


async def test_what_fails_as_a_whole_fails_for_each_and_does_not_stay() -> None:
    fails = [True]

    async def ask(items: Mapping[str, int]) -> Mapping[str, int]:
        if fails.pop():
            raise OSError("away")
        return items

    joiner = Joiner(ask)
    answers = await asyncio.gather(joiner.one("a", 1), joiner.one("b", 2), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OSError, OSError]
    fails.append(False)
    assert await joiner.one("a", 1) == 1


async def test_the_same_name_is_asked_about_twice() -> None:
    broker = Broker()
    broker.may_answer.set()
    joiner = Joiner(broker.ask)
    first, second = await asyncio.gather(joiner.one("a", 1), joiner.one("a", 5))
    assert (first, second) == (2, 10)
    assert broker.asked == [{"a": 1}, {"a": 5}]


async def test_a_request_is_bounded() -> None:
    broker = Broker()
    broker.may_answer.set()
    joiner = Joiner(broker.ask)
    await asyncio.gather(*(joiner.one(str(number), number) for number in range(120)))
    assert [len(items) for items in broker.asked] == [50, 50, 20]


async def test_a_caller_that_gives_up_does_not_stop_the_others() -> None:
    broker = Broker()
    joiner = Joiner(broker.ask)
    under_way = asyncio.create_task(joiner.one("a", 1))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(joiner.one("b", 2), 0.01)
    waiting = asyncio.create_task(joiner.one("c", 3))
    broker.may_answer.set()
    assert await asyncio.wait_for(under_way, 5) == 2
    assert await asyncio.wait_for(waiting, 5) == 6
    assert broker.asked[1:] == [{"c": 3}]
