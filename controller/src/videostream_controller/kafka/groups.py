"""Consumer groups: their first offsets, and their removal.

A group gets its offsets before its first consumer starts. So "never committed", which nobody can
tell from "nothing to do", does not exist, and frames that arrive before the first consumer count.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from confluent_kafka import KafkaError, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from videostream_controller.kafka.client import REQUEST_TIMEOUT_S, KafkaRefused, KafkaUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from videostream_controller.kafka.client import KafkaClient

_T = TypeVar("_T")

# The first group of a new cluster waits until Kafka has made __consumer_offsets. A client that
# asked too early may wait in vain, while a new one is answered at once: so rather two tries.
_REQUEST_S: Final = 10.0
_TRIES_UNANSWERED: Final = 2
_ATTEMPTS: Final = 12  # 16 s in all: a broker that is given many topics at once needs its time
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
    answer = await client.request(request, timeout_s=_REQUEST_S)
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
    answer = await client.request(request, timeout_s=_REQUEST_S)
    return [_read_log_offsets(client, one) for one in answer["topics"]]


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
    found = await _patiently(lambda: client.joined(_committed_each, group, (topic, partitions)))
    missing = [number for number, offset in found.offsets.items() if offset is None]
    if not missing:
        return 0
    where = start_from if len(missing) == partitions else "Earliest"
    log = await _patiently(lambda: client.joined(_LOG_OFFSETS_EACH[where], topic, partitions))
    starts = [(number, log[number]) for number in missing]
    try:
        await _patiently(lambda: client.joined(_commit_each, group, (topic, starts)))
    except KafkaRefused as error:
        if error.code in _HAS_MEMBERS:
            raise GroupBusy(f"consumer group {group} has members") from error
        raise
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


async def _committed_each(
    client: KafkaClient, groups: Mapping[str, tuple[str, int]]
) -> dict[str, Commits | KafkaUnavailable | KafkaRefused]:
    """Read the commits of each group for its (topic, number of partitions)."""
    asked = [(group, topic, partitions) for group, (topic, partitions) in groups.items()]
    return dict(zip(groups, await committed(client, asked), strict=True))


async def _commit_each(
    client: KafkaClient, groups: Mapping[str, tuple[str, list[tuple[int, int]]]]
) -> dict[str, Commits | KafkaUnavailable | KafkaRefused]:
    """Commit, for each group, the (partition, offset) pairs of its topic."""
    asked = [(group, topic, starts) for group, (topic, starts) in groups.items()]
    answer = await client.request({"do": "commit", "groups": asked}, timeout_s=_REQUEST_S)
    commits = (_read_commits(client, one) for one in answer["groups"])
    return dict(zip(groups, commits, strict=True))


async def _log_offsets_each(
    client: KafkaClient, topics: Mapping[str, int], *, where: Literal["Latest", "Earliest"]
) -> dict[str, tuple[int, ...] | KafkaUnavailable | KafkaRefused]:
    """Read the offsets of each topic, which has that many partitions.

    Not by way of the child process: its client may remember a topic of that name that is gone, and
    would look for its leaders until the time is up.
    """
    spec = OffsetSpec.latest() if where == "Latest" else OffsetSpec.earliest()  # type: ignore[no-untyped-call]
    asked = {topic: [TopicPartition(topic, n) for n in range(topics[topic])] for topic in topics}
    wanted = {part: spec for parts in asked.values() for part in parts}
    found = await client.call_each(
        lambda admin: admin.list_offsets(wanted, request_timeout=REQUEST_TIMEOUT_S),
        timeout_s=REQUEST_TIMEOUT_S,
    )
    return {topic: _offsets_of(found, parts) for topic, parts in asked.items()}


def _offsets_of(
    found: Mapping[TopicPartition, Any], parts: Sequence[TopicPartition]
) -> tuple[int, ...] | KafkaUnavailable | KafkaRefused:
    for part in parts:
        if isinstance(found[part], KafkaUnavailable | KafkaRefused):
            error: KafkaUnavailable | KafkaRefused = found[part]
            return error
    return tuple(found[part].offset for part in parts)


_LOG_OFFSETS_EACH: Final = {
    "Latest": partial(_log_offsets_each, where="Latest"),
    "Earliest": partial(_log_offsets_each, where="Earliest"),
}


async def _ask(client: KafkaClient, request: dict[str, Any]) -> dict[str, Any]:
    return client.check(await client.request(request, timeout_s=_REQUEST_S))


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
