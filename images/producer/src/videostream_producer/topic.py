"""What Kafka says about the stream's topic, asked for in a thread because the answer may not come.

The number of partitions decides where each interleaved frame goes; the time of the last answer
decides whether the pod is ready.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

REFRESH_S: Final = 10.0
RETRY_S: Final = 1.0
READY_WITHIN_S: Final = 60.0
_ANSWER_TIMEOUT_S: Final = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TopicProblem:
    """Why the topic cannot be used: `reason` is one word of docs/producer.md."""

    reason: str
    message: str


class TopicWatch:
    """Keeps the topic's partition count and Kafka's reachability up to date."""

    def __init__(self, topic: str, client: Callable[[], Producer | None]) -> None:
        self.partitions: int | None = None
        self.problem: TopicProblem | None = None
        self._topic = topic
        self._client = client
        self._reached_s: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="topic-watch", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """End without waiting for an answer under way."""
        self._stop.set()

    def unready(self) -> str | None:
        """Say why the process is not ready, None if Kafka answered within the last minute."""
        reached_s = self._reached_s
        if reached_s is not None and time.monotonic() - reached_s < READY_WITHIN_S:
            return None
        said = self.problem.message if self.problem else "it was not asked yet"
        return f"Kafka gave no metadata for {READY_WITHIN_S:g} s: {said}"

    def _run(self) -> None:
        while not self._stop.is_set():
            problem = self._ask()
            if problem is not None and problem != self.problem:
                _log.warning("%s", problem.message, extra={"reason": problem.reason})
            self.problem = problem
            self._stop.wait(RETRY_S if problem else REFRESH_S)

    def _ask(self) -> TopicProblem | None:
        """Ask once; return what is wrong."""
        client = self._client()
        if client is None:
            return TopicProblem("KafkaUnreachable", "there is no usable connection to Kafka")
        try:
            metadata = client.list_topics(self._topic, timeout=_ANSWER_TIMEOUT_S)
        except KafkaException as error:
            message = f"Kafka cannot be reached: {error.args[0].str()}"
            return TopicProblem("KafkaUnreachable", message)
        self._reached_s = time.monotonic()
        topic = metadata.topics[self._topic]
        if topic.error is None and topic.partitions:
            self.partitions = len(topic.partitions)
            return None
        if topic.error is not None and topic.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            message = f"the topic {self._topic} does not exist: the controller creates it"
            return TopicProblem("TopicMissing", message)
        message = f"the topic {self._topic} cannot be used: {topic.error}"
        return TopicProblem("TopicUnusable", message)
