"""Membership in the stream's consumer group: records in, offsets out.

Dynamic members of a KIP-848 group (a static one would keep its partitions after a scale-down);
brokers without it get the classic protocol with cooperative-sticky. Auto-commit is off: an offset
moves only through `finish`, which the loop calls when InfluxDB has the points.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from videostream_consumer.lag import OffsetProbe, lag_of
from videostream_consumer.ownership import Ownership, Reach
from videostream_pipeline.connection import fingerprint, read_kafka_connection
from videostream_pipeline.logs import Redactor, SparseLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

BATCH_RECORDS: Final = 64
_CONSUME_TIMEOUT_S: Final = 0.2
_LOOKUP_TIMEOUT_S: Final = 2.0
_BOUNDED: Final[Mapping[str, Any]] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    # The controller commits a group's first offsets; a group without any has lost them, and then
    # measuring again is better than a gap.
    "auto.offset.reset": "earliest",
    "max.poll.interval.ms": 120_000,
    # About 16 MB of frames in the client and one response of 8 MB on top, whatever the backlog.
    "queued.min.messages": 100,
    "queued.max.messages.kbytes": 16_384,
    "fetch.max.bytes": 8_388_608,
    "fetch.message.max.bytes": 2_097_152,
    "fetch.queue.backoff.ms": 50,
}
_PROTOCOLS: Final[tuple[Mapping[str, Any], ...]] = (
    {"group.protocol": "consumer"},
    {"group.protocol": "classic", "partition.assignment.strategy": "cooperative-sticky"},
)
# A broker without KIP-848 makes the client fail for good at its first heartbeat.
_FATAL: Final = KafkaError._FATAL  # noqa: SLF001 (public name)
_UNSUPPORTED: Final = KafkaError._UNSUPPORTED_FEATURE  # noqa: SLF001 (public name)
_CRITICAL: Final = 2  # of syslog
_NOTHING_TO_COMMIT: Final = KafkaError._NO_OFFSET  # noqa: SLF001 (public name)
_log = logging.getLogger(__name__)
_kafka_log = logging.getLogger("librdkafka")


class SubscriptionFailed(Exception):
    """The client cannot go on; the process has to start anew."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that were taken together, and how far they reach."""

    messages: tuple[Message, ...]
    reach: Reach


class Subscription:
    """One member of the group; all calls come from one thread, callbacks run within them.

    `metadata` gives the text that goes with each commit.
    """

    def __init__(
        self,
        *,
        directory: Path,
        topic: str,
        group_id: str,
        pod: str,
        redactor: Redactor,
        metadata: Callable[[], str],
    ) -> None:
        self._directory = directory
        self._topic = topic
        self._identity = {"group.id": group_id, "client.id": pod}
        self._redactor = redactor
        self._metadata = metadata
        self._ownership = Ownership()
        self._held: deque[Message] = deque()
        self._paused = False
        self._joined = False
        self._unreached = False
        self._sparse = SparseLog(_log)
        self._protocols = list(_PROTOCOLS)
        self.problem: str | None = "has not reached Kafka yet"
        self._consumer = self._open()

    @property
    def partitions(self) -> tuple[int, ...]:
        """The partitions that this member owns."""
        return self._ownership.partitions

    @property
    def is_outdated(self) -> bool:
        """Whether Kafka is out of reach while the connection has changed since it was read.

        A client keeps the password and the certificate that it began with.
        """
        return self._unreached and fingerprint(self._directory) != self._read_from

    def take(self, records: int = BATCH_RECORDS) -> Batch:
        """Return up to so many records: what is there, or the first within 0.2 s; possibly none."""
        self._resume()
        messages = list(self._held)
        self._held.clear()
        if not messages:
            # `consume` waits for all records that it may return: a live frame would wait as well.
            messages = self._usable(self._consumer.consume(1, _CONSUME_TIMEOUT_S))
            if messages and records > 1:
                messages += self._usable(self._consumer.consume(records - 1, 0))
        return Batch(tuple(messages), self._ownership.reach(messages))

    def stay(self, timeout_s: float) -> None:
        """Remain a member for a while without taking records."""
        self._pause()
        # A record that was on its way when the pause began is kept for the next batch.
        self._held.extend(self._usable(self._consumer.consume(1, timeout_s)))

    def finish(self, batch: Batch) -> None:
        """Note that the sink has the batch: its offsets may be committed."""
        self._ownership.finish(batch.reach)

    def commit(self) -> bool:
        """Commit what is finished; False when Kafka did not take it, then it stays to be done."""
        return self._commit(self._ownership.uncommitted())

    def lag_records(self) -> int | None:
        """Return the records of the owned partitions that are not finished; None if unknown.

        Asks the brokers, so this is also the proof that they can be reached.
        """
        try:
            lag = self._lag()
        except (KafkaException, TimeoutError) as error:
            self.problem = f"cannot reach Kafka: {self._redactor.redact(str(error))}"
            self._unreached = True
            return None
        self.problem, self._unreached = None, False
        return lag

    def close(self) -> None:
        """Commit what is finished and leave the group, so that others take over at once."""
        self.commit()
        self._consumer.close()

    def _open(self) -> Consumer:
        self._read_from = fingerprint(self._directory)
        properties = read_kafka_connection(self._directory)
        self._redactor.register(properties.get("sasl.password", ""))
        # In an outage librdkafka logs every attempt to connect; `error_cb` tells it now and then.
        quiet = {"logger": _kafka_log, "log_level": _CRITICAL}
        client_id = {"client.id": f"{self._identity['client.id']}-lag"}
        self._probe = OffsetProbe({**properties, **quiet, **client_id}, topic=self._topic)
        consumer = Consumer(
            {
                **properties,
                **_BOUNDED,
                **self._identity,
                **self._protocols[0],
                **quiet,
                "error_cb": self._on_error,
            }
        )
        consumer.subscribe(
            [self._topic],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )
        return consumer

    def _usable(self, polled: list[Message]) -> list[Message]:
        """Return the records among what was polled; the rest are errors as messages."""
        for message in polled:
            error = message.error()
            if error is None:
                continue
            if error.fatal() or error.code() in {_FATAL, _UNSUPPORTED}:
                self._fall_back(error)
                return []
            self._sparse.warning("kafka", "Kafka reports for %s: %s", self._topic, error)
        return [message for message in polled if message.error() is None]

    def _fall_back(self, error: KafkaError) -> None:
        """Join with the next protocol. Raises SubscriptionFailed once one has worked."""
        if self._joined or len(self._protocols) == 1:
            raise SubscriptionFailed(str(error))
        refused = self._protocols.pop(0)["group.protocol"]
        _log.warning("the broker refuses group.protocol=%s, using classic: %s", refused, error)
        self._consumer.close()
        self._consumer = self._open()

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in {KafkaError._ALL_BROKERS_DOWN, KafkaError._AUTHENTICATION}:  # noqa: SLF001
            self.problem, self._unreached = f"cannot reach Kafka: {error}", True
        self._sparse.warning(error.name(), "Kafka client: %s", error)

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._joined = True
        consumer.incremental_assign(partitions)
        if self._paused:
            consumer.pause(partitions)
        self._ownership.claim(item.partition for item in partitions)
        self.problem, self._unreached = None, False
        _log.info("assigned", extra={"partitions": [item.partition for item in partitions]})

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        revoked = [item.partition for item in partitions]
        self._commit(self._ownership.uncommitted(revoked))
        self._forget(revoked)
        consumer.incremental_unassign(partitions)
        _log.info("revoked", extra={"partitions": revoked})

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        lost = [item.partition for item in partitions]
        self._forget(lost)
        consumer.incremental_unassign(partitions)
        _log.warning("lost", extra={"partitions": lost})

    def _forget(self, partitions: list[int]) -> None:
        self._ownership.give_up(partitions)
        self._held = deque(m for m in self._held if m.partition() not in partitions)

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._consumer.pause(self._consumer.assignment())

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._consumer.resume(self._consumer.assignment())

    def _commit(self, offsets: Mapping[int, int]) -> bool:
        if not offsets:
            return True
        if self.is_outdated:
            return False  # it would only wait; who reads these records next stores the same points
        metadata = self._metadata()
        wanted = [TopicPartition(self._topic, p, o, metadata) for p, o in offsets.items()]
        try:
            results = self._consumer.commit(offsets=wanted, asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() != _NOTHING_TO_COMMIT:
                self._sparse.warning("commit", "offsets were not committed: %s", error)
                return False
            results = wanted
        failed = [item for item in results or () if item.error is not None]
        for item in failed:
            self._sparse.warning("commit", "partition %d: %s", item.partition, item.error)
        refused = {item.partition for item in failed}
        self._ownership.committed({p: o for p, o in offsets.items() if p not in refused})
        return not failed

    def _lag(self) -> int:
        done = dict(self._ownership.done)
        unknown = [TopicPartition(self._topic, p) for p in self.partitions if p not in done]
        if unknown:
            stored = self._consumer.committed(unknown, timeout=_LOOKUP_TIMEOUT_S)
            done |= {item.partition: item.offset for item in stored if item.offset >= 0}
        return lag_of(self._probe.bounds(self.partitions), done)
