"""`python -m tests.sim`: the table of all scenarios and autoscalers; `plot` draws the pictures."""

from __future__ import annotations

import sys

from tests.sim import plot, table


def main() -> None:
    """Print the table, or write the SVG when asked for the plot."""
    if sys.argv[1:] == ["plot"]:
        plot.draw()
    else:
        seeds = int(sys.argv[1]) if sys.argv[1:] else table.SEEDS
        table.show(range(seeds))


if __name__ == "__main__":
    main()
