"""The stand-in for ``influxdb``: influxd built from its Go module, without the web interface.

Its query engine is written in Rust (libflux). The Go build finds that part through a pkg-config
program of InfluxData, which has cargo compile it; so Go, C and Rust compilers are all needed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from cluster import cache, debian, gotools
from cluster.docker import build
from cluster.gotools import GoProgram
from cluster.progress import run_logged, step
from cluster.toolchains import go_command, rust_environment
from cluster.versions import versions

HERE = Path(__file__).parent / "influxdb"
_MODULE = "github.com/influxdata/influxdb/v2"
_TAGS = "sqlite_foreign_keys,sqlite_json"


def _pkg_config() -> GoProgram:
    return GoProgram(
        name="pkg-config",
        module="github.com/influxdata/pkg-config",
        version=versions()["go"]["influxdata-pkg-config"],
        package="github.com/influxdata/pkg-config",
    )


def influxd() -> Path:
    """Return the path of influxd, built when the cache lacks it (minutes)."""
    version = versions()["go"]["influxdb"]
    wrapper = (HERE / "rustc-wrapper").read_bytes()
    key = cache.entry_key("influxd", version, wrapper, _TAGS, _pkg_config().version)
    return cache.ensure("tools", key, _build) / "influxd"


def _build(out: Path) -> None:
    version = versions()["go"]["influxdb"]
    program = GoProgram(name="influxd", module=_MODULE, version=version)
    debian.install_for({"pkg-config": "pkg-config", "gcc": "gcc"})
    pkg_config = gotools.build(_pkg_config())
    with (
        step(f"building influxd {version}"),
        tempfile.TemporaryDirectory(prefix="videostream-go-") as folder,
    ):
        work = Path(folder)
        gotools.write_module(program, work=work)
        run_logged(
            [
                *(go_command(), "build", "-mod=mod", "-trimpath", "-buildvcs=false", "-p=2"),
                *("-tags", _TAGS, "-ldflags", f"-s -w -X main.version={version}"),
                *("-o", out / "influxd", f"{_MODULE}/cmd/influxd"),
            ],
            log=cache.fresh_log("build-influxd"),
            cwd=work,
            env={
                "CGO_ENABLED": "1",
                "GOWORK": "off",
                "PKG_CONFIG": str(pkg_config),
                "PATH": f"{pkg_config.parent}:{os.environ['PATH']}",
                "RUSTC_WRAPPER": str(HERE / "rustc-wrapper"),
                "CARGO_BUILD_JOBS": "2",
                **rust_environment(),
            },
        )


def build_influxdb(base: str, *, tag: str, labels: dict[str, str]) -> None:
    """Make the stand-in image on the Debian base."""
    with tempfile.TemporaryDirectory(prefix="videostream-influxdb-") as work:
        context = Path(work, "context")
        shutil.copytree(HERE, context)
        shutil.copy(influxd(), context / "influxd")
        build(context, tag=tag, build_args={"BASE_IMAGE": base}, labels=labels)
