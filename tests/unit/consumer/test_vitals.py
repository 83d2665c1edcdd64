"""Liveness and readiness of a consumer."""

import time
from dataclasses import dataclass

from videostream_consumer.vitals import Vitals


@dataclass
class Loop:
    """A loop in a given state."""

    problem: str | None
    last_turn: float


def test_a_consumer_is_alive_but_not_ready_while_it_starts() -> None:
    vitals = Vitals()
    assert vitals.healthy() is None
    assert vitals.ready() == "is starting"


def test_readiness_is_the_loops() -> None:
    vitals = Vitals()
    vitals.loop = Loop("cannot reach Kafka", time.monotonic())
    assert vitals.ready() == "cannot reach Kafka"
    vitals.loop = Loop(None, time.monotonic())
    assert vitals.ready() is None


def test_a_loop_without_a_sign_of_life_has_to_be_restarted() -> None:
    vitals = Vitals()
    vitals.loop = Loop(None, time.monotonic() - 100)
    assert vitals.healthy() is None
    vitals.loop = Loop(None, time.monotonic() - 130)
    assert vitals.healthy() == "no sign of life for 130 s"
