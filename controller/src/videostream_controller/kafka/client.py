"""One Kafka cluster, reached by its connection directory."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from videostream_controller.kafka.admin_process import AdminProcess, AdminProcessLost
from videostream_controller.kafka.joining import Joiner
from videostream_pipeline.connection import ConnectionInvalid, read_kafka_connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from concurrent.futures import Future
    from pathlib import Path

_log = logging.getLogger(__name__)
_librdkafka = logging.getLogger("librdkafka")
_T = TypeVar("_T")
_K = TypeVar("_K")
_Item = TypeVar("_Item")

REQUEST_TIMEOUT_S: Final = 5.0
_QUIET_AFTER_FAILURE_S: Final = 10.0
_REQUEST_ATTEMPTS: Final = 3
_UNAVAILABLE: Final = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 librdkafka names its local errors so
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._TIMED_OUT_QUEUE,  # noqa: SLF001
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._AUTHENTICATION,  # noqa: SLF001
        KafkaError._RESOLVE,  # noqa: SLF001
        KafkaError._SSL,  # noqa: SLF001
        KafkaError._DESTROY,  # noqa: SLF001
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.NOT_CONTROLLER,
    }
)

# A broker says _STALE of a topic that was only just made, too: no reason for a client each time.
_RENEWED_AFTER_S: Final = 2.0
# What a restarted broker says to a client that has not noticed: it keeps the epochs it has seen.
_STALE: Final = frozenset(
    {
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.NOT_LEADER_FOR_PARTITION,
    }
)


class KafkaUnavailable(Exception):
    """Kafka cannot be reached or does not answer now; the text is for people."""


class KafkaRefused(Exception):
    """Kafka answered and said no; `code` is the protocol's error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class KafkaClient:
    """A lazily made AdminClient that follows changes of its connection directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._admin: AdminClient | None = None
        self._made_at = 0.0
        self._properties: Mapping[str, str] = {}
        self._quiet_until = 0.0
        self._answered_at = 0.0
        self._admin_process = AdminProcess()
        self._joiners: dict[object, Joiner[Any, Any]] = {}
        self._quiet_because = ""

    def properties(self) -> dict[str, str]:
        """Read the librdkafka properties; raises KafkaUnavailable where there are none."""
        try:
            return read_kafka_connection(self.directory)
        except ConnectionInvalid as error:
            raise KafkaUnavailable(str(error)) from error

    async def call(
        self, ask: Callable[[AdminClient], Future[_T]], *, timeout_s: float = REQUEST_TIMEOUT_S
    ) -> _T:
        """Ask one thing and wait for its answer, at most `timeout_s` and a little.

        Raises KafkaUnavailable or KafkaRefused.
        """
        self._fail_while_quiet()
        admin = self._current()  # to be kept until it has answered: its end ends its requests
        return await self._answer(asyncio.wrap_future(ask(admin)), admin, timeout_s=timeout_s)

    async def call_each(
        self, ask: Callable[[AdminClient], Mapping[_K, Future[_T]]], *, timeout_s: float
    ) -> dict[_K, _T | KafkaUnavailable | KafkaRefused]:
        """Ask about many things in one request; what failed has its error for an answer.

        Raises KafkaUnavailable where nothing could be asked.
        """
        self._fail_while_quiet()
        admin = self._current()
        asked = {key: asyncio.wrap_future(future) for key, future in ask(admin).items()}
        answers = (self._outcome(one, admin, timeout_s=timeout_s) for one in asked.values())
        return dict(zip(asked, await asyncio.gather(*answers), strict=True))

    async def joined(
        self,
        ask: Callable[[KafkaClient, Mapping[str, _Item]], Awaitable[Mapping[str, _T | Exception]]],
        name: str,
        item: _Item,
        *,
        linger_s: float = 0.0,
    ) -> _T:
        """Let `ask` ask about one thing, together with all others that it is to ask about.

        `linger_s` is how long to wait for others.
        """
        if ask not in self._joiners:
            self._joiners[ask] = Joiner(partial(ask, self), linger_s=linger_s)
        found: _T = await self._joiners[ask].one(name, item)
        return found

    async def request(self, request: dict[str, Any], *, timeout_s: float) -> dict[str, Any]:
        """Ask by way of the child process; an error in an answer is left for `check` to raise.

        Raises KafkaUnavailable.
        """
        self._fail_while_quiet()
        full_request = request | {"properties": self.properties()}
        for attempt in range(1, _REQUEST_ATTEMPTS + 1):
            try:
                return await self._admin_process.ask(full_request, timeout_s=timeout_s)
            except AdminProcessLost as lost:
                # Not the cluster's fault: no pause for others, and mostly gone at the next try.
                _log.warning("asking Kafka about offsets: %s", lost)
                if attempt == _REQUEST_ATTEMPTS:
                    raise KafkaUnavailable(f"Kafka could not be asked: {lost}") from lost
        raise AssertionError("unreachable")

    @staticmethod
    def check(answer: dict[str, Any]) -> dict[str, Any]:
        """Return an answer of `request` unless it is an error; raises what `call` raises."""
        error = answer.get("error")
        if error is None:
            return answer
        if error["code"] in _UNAVAILABLE:  # one coordinator, not the cluster: no pause for others
            raise KafkaUnavailable(f"Kafka cannot be reached ({error['text']})")
        raise KafkaRefused(error["code"], error["text"])

    async def close(self) -> None:
        """End what runs for this cluster."""
        await self._admin_process.close()

    async def ping(self) -> None:
        """Raise KafkaUnavailable unless the cluster answers."""
        await self.call(lambda admin: admin.describe_cluster(request_timeout=REQUEST_TIMEOUT_S))

    async def _outcome(
        self, future: Awaitable[_T], admin: AdminClient, *, timeout_s: float
    ) -> _T | KafkaUnavailable | KafkaRefused:
        try:
            return await self._answer(future, admin, timeout_s=timeout_s)
        except (KafkaUnavailable, KafkaRefused) as error:
            return error.with_traceback(None)

    async def _answer(self, future: Awaitable[_T], admin: AdminClient, *, timeout_s: float) -> _T:
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s + 2):
                answer = await future
        except KafkaException as error:
            raise self._translate(error.args[0], admin, asked_at=asked_at) from error
        except TimeoutError as error:
            raise self._unavailable("no answer in time", admin, asked_at=asked_at) from error
        finally:
            # An answer, its error and this frame would hold each other and with them the client,
            # which the collector must not end in a thread of librdkafka: that aborts.
            del future, admin
        self._answered_at = time.monotonic()
        return answer

    def _translate(
        self, error: KafkaError, admin: AdminClient, *, asked_at: float
    ) -> KafkaUnavailable | KafkaRefused:
        if error.code() in _UNAVAILABLE:
            detail = f"{error.name()}: {error.str()}"
            return self._unavailable(detail, admin, asked_at=asked_at)
        self._answered_at = time.monotonic()
        is_old = time.monotonic() - self._made_at > _RENEWED_AFTER_S
        if error.code() in _STALE and is_old and self._admin is admin:
            self._admin = None  # the next request goes through one that learns anew
        return KafkaRefused(error.code(), f"{error.name()}: {error.str()}")

    def _unavailable(self, detail: str, admin: AdminClient, *, asked_at: float) -> KafkaUnavailable:
        if self._admin is admin:
            self._admin = None  # a new one connects at once and reads rotated credentials
        servers = self._properties.get("bootstrap.servers", "")
        message = f"Kafka at {servers} cannot be reached ({detail})"
        if asked_at > self._answered_at:  # else the outage was over while this one waited
            self._quiet_because = message
            self._quiet_until = time.monotonic() + _QUIET_AFTER_FAILURE_S
        return KafkaUnavailable(message)

    def _fail_while_quiet(self) -> None:
        if time.monotonic() < self._quiet_until:
            raise KafkaUnavailable(self._quiet_because)

    def _current(self) -> AdminClient:
        properties = self.properties()
        if self._admin is None or properties != self._properties:
            try:
                self._admin = AdminClient({**properties}, logger=_librdkafka)
            except (KafkaException, ValueError) as error:
                raise KafkaUnavailable(f"{self.directory}: {error}") from error
            self._properties, self._made_at = properties, time.monotonic()
        self._admin.poll(0)  # librdkafka's own log lines
        return self._admin
