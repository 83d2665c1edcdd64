"""The only door to Kafka: topics, groups, lag and the reading of status records.

Nothing outside this package imports confluent_kafka. All calls are bounded in time, and a cluster
that just failed is not asked again at once, so that an outage cannot occupy every worker.
"""

from videostream_controller.kafka.client import KafkaClient, KafkaRefused, KafkaUnavailable
from videostream_controller.kafka.echo import echo
from videostream_controller.kafka.follow import Batch, Record, follow
from videostream_controller.kafka.groups import GroupBusy, delete_group, ensure_offsets
from videostream_controller.kafka.sweep import SampleTarget, Sweeper
from videostream_controller.kafka.topics import (
    alter_config,
    create_topic,
    delete_topic,
    describe_topic,
    ensure_status_topic,
    grow_topic,
)

__all__ = [
    "Batch",
    "GroupBusy",
    "KafkaClient",
    "KafkaRefused",
    "KafkaUnavailable",
    "Record",
    "SampleTarget",
    "Sweeper",
    "alter_config",
    "create_topic",
    "delete_group",
    "delete_topic",
    "describe_topic",
    "echo",
    "ensure_offsets",
    "ensure_status_topic",
    "follow",
    "grow_topic",
]
