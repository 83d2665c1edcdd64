"""Topics: describe, create, correct, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import KafkaError, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from videostream_controller.kafka.client import REQUEST_TIMEOUT_S, KafkaRefused
from videostream_controller.topic import FoundTopic, WantedTopic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videostream_controller.kafka.client import KafkaClient, KafkaUnavailable

_ABSENT: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.UNKNOWN_TOPIC_ID})
_TIMED: Final = {"request_timeout": REQUEST_TIMEOUT_S}
_CREATION_S: Final = 20.0  # of fifty topics at once, on a broker that has other things to do
# A request costs the broker much by itself, and little more for each topic in it.
_LINGER_S: Final = 0.1
_STATUS_RETENTION_MS: Final = 3_600_000


async def describe_topic(client: KafkaClient, name: str) -> FoundTopic | None:
    """Return the topic, None if there is none."""
    try:
        return await client.joined(_describe_each, name, None)
    except KafkaRefused as error:
        if error.code in _ABSENT:
            return None
        raise


async def create_topic(client: KafkaClient, topic: WantedTopic) -> bool:
    """Create the topic; False if one of that name exists already."""
    try:
        await client.joined(_create_each, topic.name, topic, linger_s=_LINGER_S)
    except KafkaRefused as error:
        if error.code == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise
    return True


async def _describe_each(
    client: KafkaClient, names: Mapping[str, None]
) -> dict[str, FoundTopic | Exception]:
    topics = await client.call_each(
        lambda admin: admin.describe_topics(TopicCollection([*names]), **_TIMED),
        timeout_s=REQUEST_TIMEOUT_S,
    )
    resources = {
        name: ConfigResource(ResourceType.TOPIC, name)
        for name, topic in topics.items()
        if not isinstance(topic, Exception)
    }
    configs = await client.call_each(
        lambda admin: admin.describe_configs([*resources.values()], **_TIMED) if resources else {},
        timeout_s=REQUEST_TIMEOUT_S,
    )
    found = {name: configs[resource] for name, resource in resources.items()}
    return {name: _found_topic(topic, found.get(name)) for name, topic in topics.items()}


def _found_topic(topic: Any, config: Any) -> FoundTopic | Exception:
    for answer in (topic, config):
        if isinstance(answer, Exception):
            return answer
    return FoundTopic(
        id=str(topic.topic_id),
        partitions=len(topic.partitions),
        replication_factor=min(len(part.replicas) for part in topic.partitions),
        config={entry.name: entry.value for entry in config.values()},
    )


async def _create_each(
    client: KafkaClient, topics: Mapping[str, WantedTopic]
) -> dict[str, KafkaUnavailable | KafkaRefused | None]:
    wanted = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=topic.replication_factor or -1,  # -1: the broker's default
            config=dict(topic.config),
        )
        for topic in topics.values()
    ]
    return await client.call_each(
        lambda admin: admin.create_topics(wanted, request_timeout=_CREATION_S),
        timeout_s=_CREATION_S,
    )


async def alter_config(client: KafkaClient, name: str, config: Mapping[str, str]) -> None:
    """Set these properties of a topic and leave the others."""
    entries = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        for key, value in config.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
    await client.call(lambda admin: admin.incremental_alter_configs([resource], **_TIMED)[resource])


async def grow_topic(client: KafkaClient, name: str, partitions: int) -> None:
    """Raise the number of partitions to this total."""
    growth = NewPartitions(name, partitions)
    await client.call(lambda admin: admin.create_partitions([growth], **_TIMED)[name])


async def delete_topic(client: KafkaClient, name: str) -> bool:
    """Delete the topic; False if there was none."""
    try:
        await client.call(lambda admin: admin.delete_topics([name], **_TIMED)[name])
    except KafkaRefused as error:
        if error.code in _ABSENT:
            return False
        raise
    return True


async def ensure_status_topic(client: KafkaClient, name: str) -> None:
    """Create the topic of status records unless it is there.

    Compaction keeps the last word of each pod; the retention forgets pods that are long gone.
    """
    config: dict[str, Any] = {
        "cleanup.policy": "compact,delete",
        "retention.ms": str(_STATUS_RETENTION_MS),
        "segment.ms": "600000",
    }
    await create_topic(
        client, WantedTopic(name, partitions=1, replication_factor=None, config=config)
    )
