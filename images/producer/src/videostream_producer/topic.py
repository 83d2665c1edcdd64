"""What Kafka says about the stream's topic, asked for in a thread because the answer may not come.

The number of partitions decides where each interleaved frame goes; the time of the last answer
decides whether the pod is ready.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

REFRESH_S: Final = 10.0
RETRY_S: Final = 1.0
READY_WITHIN_S: Final = 60.0
_ANSWER_TIMEOUT_S: Final = 5.0

Fingerprint = tuple[tuple[str, bytes], ...]

_log = logging.getLogger(__name__)


class TopicWatch:
    """Keeps the topic's partition count and Kafka's reachability up to date."""

    def __init__(self, topic: str, client: Callable[[], Producer | None]) -> None:
        self.partitions: int | None = None
        self.problem = "Kafka was not asked yet"
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
        return f"Kafka gave no metadata for {READY_WITHIN_S:g} s: {self.problem}"

    def _run(self) -> None:
        while not self._stop.is_set():
            problem = self._ask()
            if problem != self.problem and problem:
                _log.warning("topic metadata: %s", problem)
            self.problem = problem
            self._stop.wait(RETRY_S if problem else REFRESH_S)

    def _ask(self) -> str:
        """Ask once; return what is wrong, or nothing."""
        client = self._client()
        if client is None:
            return "there is no usable connection to Kafka"
        try:
            metadata = client.list_topics(self._topic, timeout=_ANSWER_TIMEOUT_S)
        except KafkaException as error:
            return f"Kafka cannot be reached: {error.args[0].str()}"
        self._reached_s = time.monotonic()
        topic = metadata.topics[self._topic]
        if topic.error is None and topic.partitions:
            self.partitions = len(topic.partitions)
            return ""
        if topic.error is not None and topic.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return f"the topic {self._topic} does not exist: the controller creates it"
        return f"the topic {self._topic} cannot be used: {topic.error}"


def fingerprint(directory: Path) -> Fingerprint:
    """Give the content of a connection directory, to see that a Secret was rotated.

    Contents, not times: the kubelet swaps whole directories, and certificates are given to Kafka
    by path. An unreadable directory gives nothing: reading it in earnest will say why.
    """
    try:
        return tuple(
            (path.name, path.read_bytes())
            for path in sorted(directory.iterdir())
            if path.name[0] != "." and path.is_file()
        )
    except OSError:
        return ()
