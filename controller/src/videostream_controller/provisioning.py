"""A stream's place in Kafka: its topic and its group, made, kept right, and removed.

What to do is decided in `topic`; here it is done, and remembered for a while so that a reconcile
without news costs Kafka nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from videostream_controller import kafka
from videostream_controller import topic as topics
from videostream_controller.kafka import GroupBusy, KafkaRefused, KafkaUnavailable
from videostream_controller.observed import TopicState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from videostream_controller.api import VideoStream
    from videostream_controller.kafka import KafkaClient
    from videostream_controller.topic import FoundTopic, WantedTopic

_log = logging.getLogger(__name__)
_TRUSTED_S: Final = 500.0  # below the pause of a stream at rest
_DOUBTED_S: Final = 8.0  # below the pause of a stream without a topic
_VISIBLE_WITHIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Checked:
    generation: int
    at: float
    state: TopicState


class Provisioner:
    """Keeps topics and groups of all streams; `claim` writes into status that a topic is ours.

    That is written before the topic is made: a controller that dies in between must not take its
    own topic for a stranger's afterwards.
    """

    def __init__(
        self,
        clients: Mapping[str, KafkaClient],
        claim: Callable[[VideoStream, Mapping[str, object]], Awaitable[None]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = clients
        self._claim = claim
        self._clock = clock
        self._checked: dict[str, _Checked] = {}

    async def ensure(self, stream: VideoStream, *, doubtful: bool) -> TopicState:
        """Make topic and group as the spec says, and tell how they are.

        `doubtful` says that something else hints at a change in Kafka, so that an older result
        should not be trusted.
        """
        client = self._clients.get(stream.kafka.connection)
        if client is None:
            known = ", ".join(sorted(self._clients))
            message = (
                f"spec.kafka.connection: there is no {stream.kafka.connection!r}, only {known}"
            )
            return TopicState("UnknownConnection", message)
        held = self._checked.get(stream.metadata.uid)
        if held is not None and self._is_valid(held, stream, doubtful=doubtful):
            return held.state
        trusted = None if held is None or doubtful else held.state
        try:
            state = await self._check(client, stream, trusted)
        except KafkaUnavailable as error:
            return TopicState("Unreachable", f"{error}; it is tried again by itself")
        except KafkaRefused as error:
            return TopicState("Refused", f"Kafka refused to manage topic or group: {error}")
        checked = _Checked(stream.metadata.generation, self._clock(), state)
        self._checked[stream.metadata.uid] = checked
        return state

    async def remove(self, stream: VideoStream) -> None:
        """Delete the group, and the topic if this stream created it.

        Raises KafkaUnavailable, KafkaRefused or GroupBusy; what is gone already counts as done.
        """
        client = self._clients.get(stream.kafka.connection)
        if client is None:
            raise KafkaUnavailable(f"there is no Kafka connection {stream.kafka.connection!r}")
        if not stream.raw_status.get("topic"):
            return  # nothing was ever made
        await kafka.delete_group(client, stream.group_id)
        found = await kafka.describe_topic(client, stream.topic_name)
        if found is not None and topics.ownership(stream, found) == "Created":
            await kafka.delete_topic(client, stream.topic_name)

    def forget(self, uid: str) -> None:
        """Drop what is remembered of a stream that is gone."""
        self._checked.pop(uid, None)

    def _is_valid(self, held: _Checked, stream: VideoStream, *, doubtful: bool) -> bool:
        trusted_s = _DOUBTED_S if doubtful or not held.state.is_ready else _TRUSTED_S
        is_recent = self._clock() - held.at < trusted_s
        return is_recent and held.generation == stream.metadata.generation

    async def _check(
        self, client: KafkaClient, stream: VideoStream, trusted: TopicState | None
    ) -> TopicState:
        """Make everything right; the group of a topic that is as `trusted` has it is right.

        Whether its offsets are still there the lag sampler sees, and then nothing is trusted.
        """
        want = topics.wanted(stream)
        found = await kafka.describe_topic(client, want.name)
        managed = stream.kafka.topic.managed
        if found is None and not managed:
            message = (
                f"topic {want.name} does not exist, and spec.kafka.topic.managed is false: "
                "create it, or let the controller do so with managed: true"
            )
            return TopicState("NotFound", message)
        if found is None:
            stream, found = await self._create(client, stream, want)
        elif managed and topics.ownership(stream, found) == "Created":
            found = await _correct(client, want, found)
        state = topics.judge(stream, found)
        if state.is_ready and state != trusted:
            await _ensure_group(client, stream, found.partitions)
        return state

    async def _create(
        self, client: KafkaClient, stream: VideoStream, want: WantedTopic
    ) -> tuple[VideoStream, FoundTopic]:
        claimed = {"name": want.name, "ownership": "Created"}
        await self._claim(stream, claimed)
        made = await kafka.create_topic(client, want)
        found = await _await_topic(client, want.name)
        _log.info("topic %s %s", want.name, "created" if made else "was created by others")
        record = {"topic": claimed} if made else {"topic": None}
        return replace(stream, raw_status={**stream.raw_status, **record}), found


async def _await_topic(client: KafkaClient, name: str) -> FoundTopic:
    deadline = time.monotonic() + _VISIBLE_WITHIN_S
    while time.monotonic() < deadline:
        found = await kafka.describe_topic(client, name)
        if found is not None:
            return found
        await asyncio.sleep(0.1)
    raise KafkaUnavailable(f"topic {name} was created and is not visible yet")


async def _correct(client: KafkaClient, want: WantedTopic, found: FoundTopic) -> FoundTopic:
    fix = topics.corrections(want, found)
    if fix.config:
        _log.info("topic %s: setting %s", want.name, dict(fix.config))
        await kafka.alter_config(client, want.name, fix.config)
    if fix.partitions is not None:
        _log.info("topic %s: growing to %d partitions", want.name, fix.partitions)
        await kafka.grow_topic(client, want.name, fix.partitions)
    return replace(
        found,
        config={**found.config, **fix.config},
        partitions=fix.partitions or found.partitions,
    )


async def _ensure_group(client: KafkaClient, stream: VideoStream, partitions: int) -> None:
    try:
        await kafka.ensure_offsets(
            client,
            stream.group_id,
            stream.topic_name,
            partitions=partitions,
            start_from=stream.consumer.start_from,
        )
    except GroupBusy as busy:
        _log.debug("%s: consumers commit for themselves: %s", stream.key, busy)
