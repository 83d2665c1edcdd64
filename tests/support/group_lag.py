"""How far a consumer group is behind, asked of Kafka itself."""

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

_ANSWER_S = 10.0


class GroupLag:
    """Asks about one group that reads one topic of the same name."""

    def __init__(self, bootstrap_servers: str, topic: str, *, partitions: int) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers})
        self._parts = [TopicPartition(topic, number) for number in range(partitions)]
        self._group = topic

    def ends(self) -> int:
        """Return how many records the topic has had."""
        spec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        found = self._admin.list_offsets(dict.fromkeys(self._parts, spec))
        return sum(int(one.result(_ANSWER_S).offset) for one in found.values())

    def records(self) -> int:
        """Return how many records wait."""
        asked = ConsumerGroupTopicPartitions(self._group, self._parts)
        answer = self._admin.list_consumer_group_offsets([asked])[self._group].result(_ANSWER_S)
        committed = sum(int(part.offset) for part in answer.topic_partitions or [])
        return self.ends() - committed
