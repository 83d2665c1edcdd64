"""Consumer groups: their first offsets, and their removal.

A group gets its offsets before its first consumer starts. So "never committed", which nobody can
tell from "nothing to do", does not exist, and frames that arrive before the first consumer count.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from confluent_kafka import KafkaError, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from videostream_controller.kafka.client import REQUEST_TIMEOUT_S, KafkaRefused, KafkaUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from videostream_controller.kafka.client import KafkaClient

_T = TypeVar("_T")

_TIMED: Final = {"request_timeout": REQUEST_TIMEOUT_S}
# The first group of a new cluster waits until Kafka has made __consumer_offsets. A client that
# asked too early may wait in vain, while a new one is answered at once: so rather two tries.
_GROUP_REQUEST_S: Final = 10.0
_TRIES_UNANSWERED: Final = 2
_ATTEMPTS: Final = 8
_PAUSE_S: Final = 0.25
_RETRIABLE: Final = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.UNSTABLE_OFFSET_COMMIT,
        # A topic or partition that was just made is not known everywhere yet.
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        # The broker was restarted; the client has dropped what it knew.
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 librdkafka names its local errors so
    }
)
_HAS_MEMBERS: Final = frozenset(
    {
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.NON_EMPTY_GROUP,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.GROUP_SUBSCRIBED_TO_TOPIC,
    }
)


@dataclass(frozen=True, slots=True)
class Commits:
    """What a group has committed: offset by partition, None where none, and distinct metadata."""

    offsets: dict[int, int | None]
    metadata: tuple[str, ...]


class GroupBusy(Exception):
    """The group has members, so that its offsets or its existence are theirs."""


async def committed(
    client: KafkaClient, groups: Sequence[tuple[str, str, int]]
) -> list[Commits | KafkaUnavailable | KafkaRefused]:
    """Return what each group has committed for its topic.

    `groups` are (group, topic, number of partitions); a group that failed has its error instead.
    Raises KafkaUnavailable where nothing could be asked.
    """
    request = {"do": "committed", "groups": list(groups)}
    answer = await client.ask_groups(request, timeout_s=_GROUP_REQUEST_S)
    return [_read_commits(client, one) for one in answer["groups"]]


async def log_offsets(
    client: KafkaClient,
    topics: Sequence[tuple[str, int]],
    where: Literal["Latest", "Earliest"],
) -> list[tuple[int, ...] | KafkaUnavailable | KafkaRefused]:
    """Return the first or the end offsets of whole topics, in order of their partitions.

    `topics` are (topic, number of partitions); a topic of which any partition failed has its error
    instead. Raises KafkaUnavailable where nothing could be asked.
    """
    request = {"do": "log_offsets", "where": where, "topics": list(topics)}
    answer = await client.ask_groups(request, timeout_s=_GROUP_REQUEST_S)
    return [_read_log_offsets(client, one) for one in answer["topics"]]


async def offsets(
    client: KafkaClient, partitions: Iterable[TopicPartition], where: Literal["Latest", "Earliest"]
) -> dict[tuple[str, int], int]:
    """Return the first or the end offset of each partition, in one request."""
    make = OffsetSpec.latest if where == "Latest" else OffsetSpec.earliest
    spec = make()  # type: ignore[no-untyped-call]
    asked = dict.fromkeys(partitions, spec)
    found = await client.gather(lambda admin: admin.list_offsets(asked, **_TIMED))
    return {(part.topic, part.partition): result.offset for part, result in found.items()}


async def ensure_offsets(
    client: KafkaClient,
    group: str,
    topic: str,
    *,
    partitions: int,
    start_from: Literal["Latest", "Earliest"],
) -> int:
    """Commit a first offset for each partition that has none; gives how many it had to commit.

    Partitions that were added to a running stream start at their first record, whatever
    `start_from` says: nothing in them has been read. Raises GroupBusy where consumers are at work,
    which commit for themselves.
    """
    known = await _patiently(lambda: _committed_one(client, group, topic, partitions))
    missing = [number for number, offset in known.items() if offset is None]
    if not missing:
        return 0
    is_new = len(missing) == partitions
    where = start_from if is_new else "Earliest"
    asked = [TopicPartition(topic, number) for number in missing]
    starts = await _patiently(lambda: offsets(client, asked, where))
    await _patiently(
        lambda: _commit(client, group, topic, {number: starts[topic, number] for number in missing})
    )
    return len(missing)


async def delete_group(client: KafkaClient, group: str) -> bool:
    """Delete the group; False if there was none. Raises GroupBusy while it has members."""
    try:
        await _patiently(lambda: _ask(client, {"do": "delete", "group": group}))
    except KafkaRefused as error:
        if error.code == KafkaError.GROUP_ID_NOT_FOUND:
            return False
        if error.code in _HAS_MEMBERS:
            raise GroupBusy(f"consumer group {group} still has members") from error
        raise
    return True


async def _commit(client: KafkaClient, group: str, topic: str, starts: dict[int, int]) -> None:
    request = {"do": "commit", "group": group, "topic": topic, "offsets": starts}
    try:
        await _ask(client, request)
    except KafkaRefused as error:
        if error.code in _HAS_MEMBERS:
            raise GroupBusy(f"consumer group {group} has members") from error
        raise


async def _committed_one(
    client: KafkaClient, group: str, topic: str, partitions: int
) -> dict[int, int | None]:
    (found,) = await committed(client, [(group, topic, partitions)])
    if isinstance(found, Exception):
        raise found
    return found.offsets


async def _ask(client: KafkaClient, request: dict[str, Any]) -> dict[str, Any]:
    return client.check(await client.ask_groups(request, timeout_s=_GROUP_REQUEST_S))


def _read_commits(
    client: KafkaClient, answer: dict[str, Any]
) -> Commits | KafkaUnavailable | KafkaRefused:
    try:
        found = client.check(answer)
    except (KafkaUnavailable, KafkaRefused) as error:
        return error
    offsets = {int(number): offset for number, offset in found["offsets"].items()}
    return Commits(offsets, tuple(found["metadata"]))


def _read_log_offsets(
    client: KafkaClient, answer: dict[str, Any]
) -> tuple[int, ...] | KafkaUnavailable | KafkaRefused:
    try:
        return tuple(client.check(answer)["offsets"])
    except (KafkaUnavailable, KafkaRefused) as error:
        return error


async def _patiently(ask: Callable[[], Awaitable[_T]]) -> _T:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await ask()
        except KafkaRefused as error:
            if error.code not in _RETRIABLE or attempt == _ATTEMPTS:
                raise
        except KafkaUnavailable:
            if attempt >= _TRIES_UNANSWERED:
                raise
        await asyncio.sleep(_PAUSE_S * attempt)
    raise AssertionError("unreachable")
