"""The controller with many VideoStreams on a real API server and a real Kafka broker.

The same is measured with few streams first, as the baseline: how figures grow says more than they
do, because servers, benchmark and controller share the machine. How long the broker takes for the
topics alone is measured as well, because no controller can be faster.
"""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from tests.bench.fleet_load import Camera, Load
from tests.bench.fleet_topics import make_topics
from tests.bench.fleet_world import Fleet, run_fleet
from tests.bench.usage import Meter, machine_cpu_s

if TYPE_CHECKING:
    import argparse

# Pods that never come up are told of once more, a minute after they were asked for. Only then
# nothing is new.
_REST_AFTER_S: Final = 100
_REST_S: Final = 600  # within which the controller looks at each stream again
_SETTLE_S: Final = 35
_LOOK_S: Final = 1.0
_SHARE: Final = 5  # a fifth of all streams is edited, and moves
_MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure."""

    streams: int
    baseline: int
    partitions: int
    rest_s: float
    seconds: float

    @classmethod
    def of(cls, args: argparse.Namespace) -> Self:
        """Read the options of the command line."""
        return cls(args.streams, args.baseline, args.partitions, args.rest, args.seconds)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    group = parser.add_argument_group("fleet")
    group.add_argument("--streams", type=int, default=1000, help="VideoStreams (1000)")
    group.add_argument("--baseline", type=int, default=100, help="streams to compare with (100)")
    group.add_argument("--partitions", type=int, default=12, help="of each topic (12)")
    group.add_argument("--rest", type=float, default=_REST_S, help=f"seconds at rest ({_REST_S})")
    group.add_argument("--seconds", type=float, default=60, help="of sweeps and frames (60)")


def run(options: Options) -> None:
    """Print the figures of both sizes and the ratio of the larger to the smaller."""
    small, large = options.baseline, options.streams
    print(
        f"fleet: {options.partitions} partitions per topic, {os.cpu_count()} cores, "
        f"load before {os.getloadavg()[0]:.1f}; baseline = {small} streams"
    )
    baseline, found = (_measure(size, options) for size in (small, large))
    print(f"{'':<52}{small:>10}{large:>10}{'ratio':>8}")
    for name, value in found.items():
        before = baseline[name]
        ratio = f"{value / before:.1f}x" if before > 0 else "-"
        print(f"{name:<52}{before:>10.2f}{value:>10.2f}{ratio:>8}")


def _measure(streams: int, options: Options) -> dict[str, float]:
    found = {"Kafka alone, from request to leaders, s": make_topics(streams, options.partitions)}
    with run_fleet(streams, partitions=options.partitions) as fleet:
        found |= _start(fleet)
        found |= _rest(fleet, options.rest_s)
        found |= _sweeps(fleet, options.seconds)
        found |= _edits(fleet)
        found |= _flow(fleet, options.seconds)
        found |= _restart(fleet)
    return found


def _start(fleet: Fleet) -> dict[str, float]:
    fleet.controller.start(wait=False)
    meter = Meter(fleet.controller.pid)
    machine_before_s = machine_cpu_s()
    fleet.await_all_reconciled()
    seconds = meter.seconds
    found = {
        "from start to all reconciled, s": seconds,
        "reconciled per second": len(fleet.names) / seconds,
        "from start to all reconciled: CPU, s": meter.cpu_s,
        "the same: CPU of all processes, s": machine_cpu_s() - machine_before_s,
    }
    fleet.await_all_measured()
    return found


def _rest(fleet: Fleet, seconds: float) -> dict[str, float]:
    time.sleep(_REST_AFTER_S)
    meter = Meter(fleet.controller.pid)
    time.sleep(seconds)
    return {
        "at rest: CPU, % of a core": 100 * meter.share,
        "at rest: of that the child for offsets": 100 * meter.children_share,
        "at rest: memory with the child, MiB": meter.pss_bytes / _MIB,
    }


def _sweeps(fleet: Fleet, seconds: float) -> dict[str, float]:
    """Time single sweeps by the growth of the histogram's sum."""
    taken = []
    until = time.monotonic() + seconds
    before = fleet.sweeps()
    while time.monotonic() < until:
        time.sleep(_LOOK_S)
        now = fleet.sweeps()
        if now.count > before.count:
            taken.append((now.seconds - before.seconds) / (now.count - before.count))
        before = now
    return {"lag sweep: p50, s": statistics.median(taken), "lag sweep: max, s": max(taken)}


def _edits(fleet: Fleet) -> dict[str, float]:
    names = fleet.names[::_SHARE]
    meter = Meter(fleet.controller.pid)
    fleet.edit(names, "1")
    sent_s = meter.seconds
    fleet.await_edited(names, "1")
    return {
        "burst of edits: streams": len(names),
        "burst of edits: all sent after, s": sent_s,
        "burst of edits: all in Deployments after, s": meter.seconds,
        "burst of edits: CPU meanwhile, % of a core": 100 * meter.share,
    }


def _flow(fleet: Fleet, seconds: float) -> dict[str, float]:
    cameras = [Camera.of(stream) for stream in fleet.streams()]
    moving = cameras[::_SHARE]
    with Load(fleet.broker, fleet.status_topic, cameras, moving):
        time.sleep(_SETTLE_S)
        meter = Meter(fleet.controller.pid)
        time.sleep(seconds)
        return {
            "frames flow: streams that move": len(moving),
            "frames flow: CPU, % of a core": 100 * meter.share,
            "frames flow: memory with the child, MiB": meter.pss_bytes / _MIB,
        }


def _restart(fleet: Fleet) -> dict[str, float]:
    fleet.controller.stop()
    fleet.controller.start(wait=False)
    meter = Meter(fleet.controller.pid)
    fleet.await_all_seen()
    return {
        "from restart to all looked at, s": meter.seconds,
        "from restart to all looked at: CPU, s": meter.cpu_s,
    }
