"""Requests that are made while one is under way become one request, which is sent next.

Kafka's controller writes its metadata once per request, however many topics are in it. What is
cheap goes out at once; what is dear waits a moment for others to come along.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")

_TOGETHER: Final = 50  # a request of a thousand topics would run into its time-out


class Joiner(Generic[_Item, _Found]):
    """Turns `ask`, which asks about many things at once, into questions about one.

    `ask` is given an item for each name, and returns what it found, or the error, for each. What it
    raises, all its callers get. Before each request it waits `linger_s` for more to ask about.
    """

    def __init__(
        self,
        ask: Callable[[Mapping[str, _Item]], Awaitable[Mapping[str, _Found | Exception]]],
        *,
        linger_s: float = 0.0,
    ) -> None:
        self._ask = ask
        self._linger_s = linger_s
        self._waiting: list[tuple[str, _Item, asyncio.Future[_Found]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def one(self, name: str, item: _Item) -> _Found:
        """Ask about one thing, together with all others that wait."""
        future: asyncio.Future[_Found] = asyncio.get_running_loop().create_future()
        self._waiting.append((name, item, future))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        return await future

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                if self._linger_s:
                    await asyncio.sleep(self._linger_s)
                await self._ask_some()
        finally:
            self._asking = None

    async def _ask_some(self) -> None:
        items, futures = self._take()
        try:
            found = await self._ask(items)
        except Exception as error:  # noqa: BLE001 it is raised where it was asked
            found = dict.fromkeys(items, error)
        for name, future in futures.items():
            if future.done():  # who asked has given up
                continue
            answer = found[name]
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _take(self) -> tuple[dict[str, _Item], dict[str, asyncio.Future[_Found]]]:
        """Take what waits, but of two with one name only the first: the second comes next."""
        items: dict[str, _Item] = {}
        futures: dict[str, asyncio.Future[_Found]] = {}
        left = []
        for name, item, future in self._waiting:
            if name in items or len(items) == _TOGETHER:
                left.append((name, item, future))
            elif not future.done():
                items[name] = item
                futures[name] = future
        self._waiting = left
        return items, futures
