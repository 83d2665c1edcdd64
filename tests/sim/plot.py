"""Lag and replicas over time, ours beside KEDA + HPA, as the SVG in docs/scaling.md.

matplotlib is no dependency of the project: `uv run --with matplotlib python -m tests.sim plot`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.sim.ours import Ours
from tests.sim.rivals import KedaHpa
from tests.sim.run import run
from tests.sim.scenario import STEP, random_walk

if TYPE_CHECKING:
    from tests.sim.run import Outcome
    from tests.sim.scenario import Scenario

TARGET: Final = Path(__file__).parents[2] / "docs" / "img" / "scaling.svg"
_SEED: Final = 0
_OURS: Final = "#1f5fbf"
_THEIRS: Final = "#d9822b"
_EVERY_S: Final = 5  # finer lines would only make the file larger


def draw() -> None:
    """Run both autoscalers through the step and the random walk, and write the picture."""
    mpl: Any = import_module("matplotlib")  # only here, so it is installed only for this
    plt: Any = import_module("matplotlib.pyplot")
    mpl.rcParams.update({"svg.hashsalt": "scaling", "font.size": 9, "svg.fonttype": "none"})
    figure, rows = plt.subplots(3, 2, figsize=(10, 6), sharex="col", layout="constrained")
    for column, scenario in enumerate((STEP, random_walk(_SEED))):
        _column([axes[column] for axes in rows], scenario.name, scenario)
    rows[0][0].set_ylabel("records/s")
    rows[1][0].set_ylabel("oldest record, s")
    rows[2][0].set_ylabel("consumers")
    for axes in rows[2]:
        axes.yaxis.get_major_locator().set_params(integer=True)
    rows[1][0].legend(frameon=False)
    TARGET.parent.mkdir(exist_ok=True)
    figure.savefig(TARGET, metadata={"Date": None})
    print(f"{TARGET}: {TARGET.stat().st_size / 1024:.0f} KiB")


def _column(axes: list[Any], name: str, scenario: Scenario) -> None:
    load, lag, replicas = axes
    load.set_title(name)
    times = range(0, scenario.seconds, _EVERY_S)
    load.plot([t / 60 for t in times], [scenario.load(t) for t in times], color="#666")
    for label, color, outcome in (
        ("KEDA + HPA", _THEIRS, run(scenario, KedaHpa(), seed=_SEED)),
        ("videostream", _OURS, run(scenario, Ours(), seed=_SEED)),
    ):
        _lines(lag, replicas, outcome, label=label, color=color)
    replicas.set_xlabel("minutes")
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.set_ylim(bottom=0)


def _lines(lag: Any, replicas: Any, outcome: Outcome, *, label: str, color: str) -> None:
    times = range(0, len(outcome.lag_s), _EVERY_S)
    minutes = [t / 60 for t in times]
    worst = [max(outcome.lag_s[t : t + _EVERY_S]) for t in times]
    lag.plot(minutes, worst, color=color, label=label, linewidth=1)
    replicas.step(minutes, [outcome.replicas[t] for t in times], color=color, where="post")
