"""The command line: ``python3 -m cluster up | images | status | tools NAME... | down [--all]``."""

from __future__ import annotations

import argparse
import sys

from cluster import cache, engine, kind
from cluster.docker import docker, image_id
from cluster.images import build_images, ensure_image, try_image
from cluster.progress import StepFailedError, say
from cluster.tools import programs, tool
from cluster.versions import versions


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the cluster; builds what can't be pulled")
    images = commands.add_parser("images", help="build the project's images and load all images")
    images.add_argument("names", nargs="*", help="only these of the project's images")
    commands.add_parser("status", help="say what is there")
    tools = commands.add_parser("tools", help="print the paths of tools, building absent ones")
    tools.add_argument("names", nargs="+", choices=sorted(programs()), metavar="NAME")
    down = commands.add_parser("down", help="remove the cluster, and stop the engine if it is ours")
    down.add_argument("--all", action="store_true", help="remove our engine's images as well")
    return parser


def _up() -> None:
    kubeconfig = kind.up()
    say("the cluster is ready")
    print(f"export KUBECONFIG={kubeconfig}")


def _images(names: list[str]) -> None:
    kind.up()
    built = build_images(names or None)
    third_party = [] if names else [ensure_image("kafka"), ensure_image("influxdb")]
    grafana = [] if names else try_image("grafana")
    kind.load(*built.values(), *third_party, *grafana)


def _status() -> None:
    print(f"cache       {cache.cache_dir()}")
    if not engine.answers():
        print("engine      none answers")
        return
    owner = "started by this tooling" if engine.own_pid() else "not ours"
    print(f"engine      {docker('version', '--format', '{{.Server.Version}}')}, {owner}")
    print(f"cluster     {kind.state()}")
    for name, reference in versions()["images"].items():
        held = image_id(reference)
        print(f"image       {name:12} {reference:34} {held[7:19] if held else 'absent'}")


def main(argv: list[str]) -> int:
    """Run one command and return its exit code."""
    args = _parser().parse_args(argv)
    try:
        match args.command:
            case "up":
                _up()
            case "images":
                _images(args.names)
            case "status":
                _status()
            case "tools":
                for name in args.names:
                    print(tool(name))
            case _:
                kind.down(everything=args.all)
    except (StepFailedError, RuntimeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
