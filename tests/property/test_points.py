"""The law of the consumer: the set of lines depends on the records alone.

Not on who measures them, in which order, in what batches, or how often.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.consumer_environment import consumer_environment, consumer_spec
from tests.support.records import record
from videostream_consumer.batch import measure_batch
from videostream_consumer.measure import plan_measurement
from videostream_consumer.settings import read_settings
from videostream_consumer.signals.registry import installed_types
from videostream_pipeline.built_in_signals import BUILT_IN
from videostream_record import encode

MODEL = str(Path(__file__).parents[1] / "support" / "objects_model" / "squares.onnx")
ZONES = [{"name": "corner", "points": [[0, 0], [400, 0], [0, 700]]}]
SIGNALS: list[dict[str, Any]] = [
    {"name": "light", "type": "Brightness", "zones": ["frame", "corner"]},
    {"name": "move", "type": "Motion", "zones": ["frame", "corner"], "motion": {"threshold": 20}},
    *(
        {"name": kind.lower(), "type": kind, "zones": ["frame", "corner"]}
        for kind in ("Colour", "Contrast", "Freeze", "Sharpness", "Tamper")
    ),
    {
        "name": "squares",
        "type": "Objects",
        "zones": ["frame", "corner"],
        "parameters": {"model": MODEL, "classes": ["red", "blue"], "inputSize": 64},
    },
]
SPEC = consumer_spec(zones=ZONES, signals=SIGNALS, max_frame_age="0s")


@dataclass(frozen=True)
class Message:
    """A Kafka message as far as measuring is concerned."""

    parts: tuple[bytes, bytes, list[tuple[str, bytes]]]

    def key(self) -> bytes:
        return self.parts[0]

    def value(self) -> bytes:
        return self.parts[1]

    def headers(self) -> list[tuple[str, bytes]]:
        return self.parts[2]


def _moving_pictures(count: int) -> list[Message]:
    random = np.random.default_rng(7)
    thumbnails = random.integers(0, 255, (count, 18, 32), np.uint8)
    frames = random.integers(0, 255, (count, 48, 64), np.uint8)
    return [
        Message(
            encode(
                record(
                    frames[n],
                    sequence=n,
                    thumbnail=thumbnails[n],
                    reference=thumbnails[n - 1] if n else None,
                )
            )
        )
        for n in range(count)
    ]


MESSAGES = _moving_pictures(12)


def _lines(messages: list[Message]) -> set[str]:
    """Measure with a plan of its own, as a consumer that has just started."""
    plan = plan_measurement(read_settings(consumer_environment(SPEC)), installed_types())
    outcome = measure_batch(messages, plan, now_ns=0, max_frame_age_s=0)
    assert not outcome.invalid
    assert not outcome.failures
    return set(outcome.lines)


EXPECTED = _lines(MESSAGES)


@settings(deadline=None)
@given(
    order=st.permutations(range(len(MESSAGES))),
    consumers=st.integers(1, 5),
    again=st.lists(st.integers(0, len(MESSAGES) - 1), max_size=6),
)
def test_any_consumers_in_any_order_write_the_same_set_of_lines(
    order: list[int], consumers: int, again: list[int]
) -> None:
    taken = [*order, *again]  # a restart measures some records again
    shares = [taken[first::consumers] for first in range(consumers)]
    written: set[str] = set()
    for share in shares:
        written |= _lines([MESSAGES[n] for n in share])
    assert written == EXPECTED


def test_the_law_is_not_empty() -> None:
    by_measurement = {line.split(",")[0] for line in EXPECTED}
    assert by_measurement == {"frame"} | {name.lower() for name in BUILT_IN}
    comparing = sum(entry["type"] in {"Motion", "Freeze"} for entry in SIGNALS)
    others = len(SIGNALS) - comparing
    assert len(EXPECTED) == 12 + 2 * 12 * others + 2 * 11 * comparing
