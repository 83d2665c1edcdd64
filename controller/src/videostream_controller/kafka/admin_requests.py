"""The child process that asks Kafka about offsets: JSON lines in, JSON lines out.

librdkafka aborts the whole process when the connection to a group's coordinator breaks at the wrong
moment of an admin request (confluentinc/librdkafka#4605, fix proposed in #5397; seen with 2.16.1
at every few restarts of a broker). Here it takes only this process along; `admin_process` starts
another one. The offsets of whole topics are asked for here too: thousands of partitions would hold
up the event loop of the parent.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from videostream_controller.kafka.log_offsets import LogOffsets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Answer = dict[str, Any]

_OUT_OF_TOUCH: Final = frozenset(
    {
        KafkaError._TIMED_OUT,  # noqa: SLF001 librdkafka names its local errors so
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        # What a restarted broker says to a client that keeps the epochs it has seen.
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 the topic has grown since the client looked
    }
)


@dataclass(frozen=True, slots=True)
class _Clients:
    """What asks one cluster."""

    admin: AdminClient
    log: LogOffsets

    @classmethod
    def of(cls, connection: Mapping[str, Any]) -> Self:
        """Make clients of these librdkafka properties."""
        # Their own log would repeat in plain text what the parent says once.
        properties = {**connection, "log_level": 0}
        admin = AdminClient(properties)
        return cls(admin, LogOffsets(properties, admin))


def main() -> None:
    """Answer requests from standard input until it ends."""
    clients: dict[str, _Clients] = {}
    for line in sys.stdin:
        request = json.loads(line)
        identity = json.dumps(request["properties"], sort_keys=True)
        if identity not in clients:
            clients.clear()  # rotated credentials: the old connection is of no more use
            clients[identity] = _Clients.of(request["properties"])
        answer = _REQUESTS[request["do"]](clients[identity], request)
        if _lost_touch(answer):
            # It may wait for a connection that died with the broker: a new client asks anew.
            clients.clear()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _lost_touch(answer: Answer) -> bool:
    return any(
        one.get("error", {}).get("code") in _OUT_OF_TOUCH
        for one in answer.get("groups") or answer.get("topics") or [answer]
    )


def _committed(clients: _Clients, request: Mapping[str, Any]) -> Answer:
    """Read what groups have committed: `groups` is a list of [group, topic, partitions]."""
    timeout_s = request["timeout_s"]
    asked = [
        clients.admin.list_consumer_group_offsets(
            [
                ConsumerGroupTopicPartitions(
                    group, [TopicPartition(topic, number) for number in range(partitions)]
                )
            ],
            request_timeout=timeout_s,
        )[group]
        for group, topic, partitions in request["groups"]
    ]
    return {"groups": [_outcome(lambda one=one: _commits(one.result())) for one in asked]}  # type: ignore[misc]


def _log_offsets(clients: _Clients, request: Mapping[str, Any]) -> Answer:
    """Read first or end offsets (`where`): `topics` is a list of [topic, partitions]."""
    topics = [(name, partitions) for name, partitions in request["topics"]]
    found = clients.log.read(topics, request["where"], timeout_s=request["timeout_s"])
    return {
        "topics": [
            _error(one) if isinstance(one, KafkaError) else {"offsets": one} for one in found
        ]
    }


def _commit(clients: _Clients, request: Mapping[str, Any]) -> Answer:
    """Commit for groups: `groups` is a list of [group, topic, [[partition, offset], ...]]."""
    timeout_s = request["timeout_s"]
    asked = [
        clients.admin.alter_consumer_group_offsets(
            [
                ConsumerGroupTopicPartitions(
                    group,
                    [TopicPartition(topic, number, offset) for number, offset in offsets],
                )
            ],
            request_timeout=timeout_s,
        )[group]
        for group, topic, offsets in request["groups"]
    ]
    return {"groups": [_outcome(lambda one=one: _commits(one.result())) for one in asked]}  # type: ignore[misc]


def _delete(clients: _Clients, request: Mapping[str, Any]) -> Answer:
    """Delete `group`."""
    group = request["group"]
    asked = clients.admin.delete_consumer_groups([group], request_timeout=request["timeout_s"])
    return _outcome(lambda: {"deleted": asked[group].result() is None})


def _commits(answer: ConsumerGroupTopicPartitions) -> Answer:
    # Kafka reports some errors per partition only; the call as a whole "succeeds".
    parts = answer.topic_partitions or []
    for part in parts:
        if part.error is not None:
            return _error(part.error)
    return {
        "offsets": {
            str(part.partition): part.offset if part.offset >= 0 else None for part in parts
        },
        # A consumer writes the same to all its partitions.
        "metadata": sorted({part.metadata for part in parts if part.metadata}),
    }


def _outcome(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except KafkaException as error:
        return _error(error.args[0])


def _error(error: KafkaError) -> Answer:
    return {"error": {"code": error.code(), "text": f"{error.name()}: {error.str()}"}}


_REQUESTS: Final = {
    "committed": _committed,
    "log_offsets": _log_offsets,
    "commit": _commit,
    "delete": _delete,
}

if __name__ == "__main__":
    main()
