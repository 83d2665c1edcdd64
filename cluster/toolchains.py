"""Compilers that the builds need: the machine's where they are new enough, else installed."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

from cluster import cache, debian
from cluster.progress import run_logged, step
from cluster.versions import versions

# From 1.21 on, the go command fetches by itself the toolchain that a module asks for.
_GO_WITH_TOOLCHAINS = (1, 21)
_TOOLCHAIN_MODULE = "golang.org/toolchain"


def parse_go_version(text: str) -> tuple[int, int]:
    """Return (major, minor) from the output of ``go version``, (0, 0) when it is none."""
    found = re.search(r"\bgo(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@functools.cache
def go_command() -> Path:
    """Return a go command of at least version 1.21, installing one where there is none.

    Debian 12 has an older Go. That one is good enough to fetch the pinned toolchain as a module.
    """
    debian.install_for({"go": "golang-go"})
    found = Path(shutil.which("go") or "/usr/bin/go")
    printed = subprocess.run([found, "version"], capture_output=True, text=True, check=True).stdout
    if parse_go_version(printed) >= _GO_WITH_TOOLCHAINS:
        return found
    version = versions()["go"]["toolchain"]
    key = cache.entry_key("go", version)
    return cache.ensure("toolchains", key, lambda out: _fetch_go(found, out)) / "bin" / "go"


def _fetch_go(old_go: Path, out: Path) -> None:
    version = versions()["go"]["toolchain"]
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    module = f"{_TOOLCHAIN_MODULE}@v0.0.1-go{version}.linux-{machine}"
    with step(f"fetching Go {version}"):
        log = cache.fresh_log("go-toolchain")
        run_logged([old_go, "mod", "download", module], log=log, cwd=out)
        folder = subprocess.run(
            [old_go, "env", "GOMODCACHE"], capture_output=True, text=True, check=True
        ).stdout.strip()
        shutil.copytree(Path(folder, module), out, dirs_exist_ok=True)
        # The module cache is read only and without execute bits.
        run_logged(["chmod", "-R", "u+w", out], log=log)
        # A module can't hold other modules, so their go.mod files come under another name.
        for renamed in list(out.rglob("_go.mod")):
            renamed.rename(renamed.with_name("go.mod"))
        for pattern in ("bin/*", "pkg/tool/*/*"):
            for path in out.glob(pattern):
                path.chmod(0o755)


def rust_environment() -> dict[str, str]:
    """Return the variables that make cargo use an installed toolchain, installing one if none is.

    A crate's toolchain file may name a release that rustup would have to download first.
    """
    debian.install_for({"cargo": "cargo-web", "rustc": "rustc-web", "gcc": "gcc"})
    if shutil.which("rustup") is None:
        return {}
    shown = subprocess.run(
        ["rustup", "show", "active-toolchain"], capture_output=True, text=True, check=False
    ).stdout.split()
    return {"RUSTUP_TOOLCHAIN": shown[0]} if shown else {}
