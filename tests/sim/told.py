"""Runs of ours with all that was decided in them, kept for the tests that look at them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tests.sim.ours import Ours
from tests.sim.run import Outcome, run
from tests.sim.scenario import Scenario, Span, during
from videostream_controller.autoscaling import State

if TYPE_CHECKING:
    from videostream_controller.autoscaling import Decision


@dataclass(frozen=True)
class Told:
    """A run and every decision of it by time."""

    outcome: Outcome
    decisions: dict[int, Decision]

    def at(self, t: int) -> Decision:
        """The decision that holds at t."""
        return self.decisions[max(at for at in self.decisions if at <= t)]

    def actions(self, span: Span = (0, 1e9)) -> list[tuple[int, Decision]]:
        """The decisions within the span that changed something."""
        inside = (item for item in self.decisions.items() if during(span, item[0]))
        return [(t, decision) for t, decision in inside if decision.action is not None]


@cache
def told(
    scenario: Scenario,
    seed: int = 0,
    *,
    reported: bool = True,
    restarts: tuple[int, ...] = (),
    known_fps: str | None = None,
) -> Told:
    ours = Ours(reported=reported, restarts=restarts)
    if known_fps is not None:
        status = {"perReplicaFps": known_fps, "capacitySource": "Reported", "arrivalFps": "20"}
        ours.state = State.from_status(status)
    outcome = run(scenario, ours, seed=seed)
    return Told(outcome, dict(ours.decisions))
