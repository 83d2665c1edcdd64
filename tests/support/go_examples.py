"""The Go programs of docs/examples/go, built with the toolchain that the cluster's tools use.

The go command fetches the modules that go.sum pins; what is built is kept in the cache, under a
hash of the sources.
"""

from pathlib import Path

from cluster import cache
from cluster.progress import run_logged, step
from cluster.toolchains import go_command

SOURCES = Path(__file__).parents[2] / "docs" / "examples" / "go"

_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOWORK": "off",
    "GOFLAGS": "-mod=readonly -buildvcs=false",
    "GOTOOLCHAIN": "auto",  # some distributions forbid the release that go.mod asks for
}


def run_go(*arguments: str | Path, log_name: str) -> str:
    """Run the go command in the folder of the sources; return what it said.

    Raises StepFailedError with the end of the log.
    """
    log = cache.fresh_log(log_name)
    run_logged([go_command(), *arguments], log=log, cwd=SOURCES, env=_ENVIRONMENT)
    return log.read_text()


def build_programs() -> Path:
    """Return the folder with the built programs `frame-reader` and `frame-writer`."""
    files = sorted(path for path in SOURCES.rglob("*") if path.is_file())
    recipe = [part for path in files for part in (str(path.relative_to(SOURCES)), path.read_text())]
    return cache.ensure("tools", cache.entry_key("go-examples", "1", *recipe), _build)


def _build(out: Path) -> None:
    with step("building docs/examples/go"):
        run_go("build", "-p=2", "-trimpath", "-o", f"{out}/", "./...", log_name="go-examples")
