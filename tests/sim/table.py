"""The comparison as a Markdown table: means over the seeds, the worst seed for the largest lag."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, Final

from tests.sim.ours import Ours
from tests.sim.rivals import FlinkCut, KedaHpa, Numaflow
from tests.sim.run import run
from tests.sim.scenario import COMPARED, STEP_COLD, STEP_QUICK, random_walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.sim.rivals import Autoscaler
    from tests.sim.run import Outcome
    from tests.sim.scenario import Scenario

SEEDS: Final = 3
AUTOSCALERS: Final[dict[str, Callable[[], Autoscaler]]] = {
    "KEDA + HPA": KedaHpa,
    "Numaflow": Numaflow,
    "Flink (windows cut)": FlinkCut,
    "ours, capacity reported": Ours,
    "ours, capacity measured": lambda: Ours(reported=False),
}
_LEGEND = (
    "max lag s (worst seed) / p95 lag s / seconds to drain / replica-seconds / scale events / "
    "reversals / most replicas / seconds of standstill"
)


def show(seeds: Iterable[int]) -> None:
    """Run everything and print the table."""
    chosen = list(seeds)
    print(f"{_LEGEND}; {len(chosen)} seeds\n")
    print(f"| scenario | {' | '.join(AUTOSCALERS)} |")
    print("|---" * (len(AUTOSCALERS) + 1) + "|")
    for scenario in (*COMPARED, STEP_QUICK, STEP_COLD):
        _show_row(scenario.name, [scenario] * len(chosen), chosen)
    _show_row("random walk", [random_walk(seed) for seed in chosen], chosen)


def _show_row(name: str, scenarios: Sequence[Scenario], seeds: Sequence[int]) -> None:
    cells = []
    for make in AUTOSCALERS.values():
        pairs = zip(scenarios, seeds, strict=True)
        cells.append(cell([run(scenario, make(), seed=seed) for scenario, seed in pairs]))
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def cell(outcomes: Sequence[Outcome]) -> str:
    """Return what is to be said of some runs of one scenario."""
    thousands = mean(o.replica_seconds for o in outcomes) / 1000
    return " / ".join(
        (
            f"{max(o.max_lag_s for o in outcomes):.0f}",
            f"{mean(o.p95_lag_s for o in outcomes):.0f}",
            f"{mean(o.drain_s for o in outcomes):.0f}",
            f"{thousands:.1f}k",
            f"{mean(len(o.changes) for o in outcomes):.1f}",
            f"{mean(o.reversals for o in outcomes):.1f}",
            f"{max(max(o.replicas) for o in outcomes)}",
            f"{mean(o.standstill_s for o in outcomes):.0f}",
        )
    )
