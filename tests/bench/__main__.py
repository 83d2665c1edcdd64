"""`make bench`: run every benchmark and print its table; `python -m tests.bench NAME` runs one."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING, Final

import cv2

from tests.bench import consumer, fleet, latency, outage, producer, start, wire

if TYPE_CHECKING:
    from collections.abc import Callable


def _wire(_: fleet.Options) -> None:
    cv2.setNumThreads(1)  # as the images do
    wire.run()


BENCHMARKS: Final[dict[str, Callable[[fleet.Options], None]]] = {
    "wire": _wire,
    "consumer": lambda _: consumer.run(),
    "producer": lambda _: producer.run(),
    "latency": lambda _: latency.run(),
    "start": lambda _: start.run(),
    "outage": lambda _: outage.run(),
    "fleet": fleet.run,
}


def main() -> None:
    """Run the chosen benchmarks one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    fleet.add_options(parser)
    args = parser.parse_args()
    if unknown := set(args.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there is {', '.join(BENCHMARKS)}")
    # An end from outside must unwind the `with` blocks that own servers, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    options = fleet.Options.of(args)
    for name in args.names or BENCHMARKS:
        BENCHMARKS[name](options)


if __name__ == "__main__":
    main()
