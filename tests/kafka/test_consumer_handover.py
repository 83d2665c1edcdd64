"""A consumer that ends in the midst of work hands its partitions over within a second or two."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.support.consumer_process import PARTITIONS, ConsumerProcess, Stage
from tests.support.eventually import eventually
from tests.support.records import flat, record

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kafka, pytest.mark.influx]

HANDED_OVER_S = 5.0  # a second or two of its own, and a busy machine


@pytest.fixture
def busy_stage(stage: Stage) -> Iterator[Stage]:
    """A stage on which 50 frames come in each second."""
    stop = threading.Event()

    def publish() -> None:
        sequence = 0
        while not stop.wait(0.2):
            stage.publish(record(flat(n % 250), sequence=n) for n in range(sequence, sequence + 10))
            sequence += 10

    publishing = threading.Thread(target=publish)
    publishing.start()
    yield stage
    stop.set()
    publishing.join()


def held(pod: ConsumerProcess) -> set[int]:
    """Return the partitions that a consumer holds, by its log."""
    partitions: set[int] = set()
    events = pod.events("assigned") + pod.events("revoked")
    for event in sorted(events, key=lambda event: str(event["ts"])):
        change = set(event["partitions"])
        partitions = partitions | change if event["message"] == "assigned" else partitions - change
    return partitions


def test_partitions_change_hands_at_once(busy_stage: Stage) -> None:
    with busy_stage.consumer("stays") as stays, busy_stage.consumer("goes") as goes:
        stays.wait_ready()
        goes.wait_ready()
        eventually(
            lambda: len(held(stays)) == len(held(goes)) == PARTITIONS // 2,
            timeout_s=30,
            what="half of the partitions each",
        )
        asked, asked_at = time.monotonic(), datetime.now(UTC)
        assert goes.terminate() == 0
        ended_s = time.monotonic() - asked
        eventually(
            lambda: len(held(stays)) == PARTITIONS,
            timeout_s=HANDED_OVER_S,
            what="all partitions with the one that stays",
            period_s=0.1,
        )
        taken_at = datetime.fromisoformat(str(stays.events("assigned")[-1]["ts"]))
        print(f"ended after {ended_s:.2f} s, handed over after {taken_at - asked_at}")
        assert ended_s < HANDED_OVER_S
