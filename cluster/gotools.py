"""Go programs built from their published modules.

``go install module@version`` refuses a module whose go.mod has ``replace`` lines, as those of
Kubernetes and etcd. So each program is built inside a small module of our own, whose go.mod is
the published one with the local replacements rewritten; all dependencies keep their versions.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from cluster import cache
from cluster.progress import run_logged, step
from cluster.toolchains import go_command

_LOCAL_REPLACE = re.compile(r"^(\s*(?:replace\s+)?)(\S+) => \.{1,2}/\S+\n", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GoProgram:
    """One program of a Go module.

    ``package`` is its main package; ``main`` is the source of a main package of our own instead.
    ``staging_version`` is the version of the modules that the release replaces by local folders
    (Kubernetes' ``staging/``); None when they carry their true version in the require lines.
    """

    name: str
    module: str
    version: str
    package: str = ""
    main: str = ""
    ldflags: str = ""
    staging_version: str | None = None


def rewrite_go_mod(published: str, *, program: GoProgram) -> str:
    """Return the go.mod of our build module, made from the published go.mod of the program."""
    text = re.sub(r"^module \S+$", "module build.invalid/tool", published, flags=re.MULTILINE)
    new = rf"\1\2 => \2 {program.staging_version}\n" if program.staging_version else ""
    text = _LOCAL_REPLACE.sub(new, text)
    return f"{text}\nrequire {program.module} {program.version}\n"


def build(program: GoProgram) -> Path:
    """Return the path of the built program, building it when the cache lacks it."""
    recipe = json.dumps(dataclasses.asdict(program), sort_keys=True)
    key = cache.entry_key(program.name, program.version, recipe)
    return cache.ensure("tools", key, lambda out: _build(program, out)) / program.name


def _build(program: GoProgram, out: Path) -> None:
    log = cache.fresh_log(f"build-{program.name}")
    go = go_command()
    with (
        step(f"building {program.name} {program.version}"),
        tempfile.TemporaryDirectory(prefix="videostream-go-") as folder,
    ):
        work = Path(folder)
        write_module(program, work=work)
        run_logged(
            [
                *(go, "build", "-mod=mod", "-trimpath", "-buildvcs=false", "-p=2"),
                *("-ldflags", f"-s -w {program.ldflags}".strip()),
                *("-o", out / program.name, program.package or "."),
            ],
            log=log,
            cwd=work,
            # Static programs run in images that hold nothing else; no workspace may interfere.
            env={"CGO_ENABLED": "0", "GOWORK": "off"},
        )


def write_module(program: GoProgram, *, work: Path) -> None:
    """Write into ``work`` a module of our own that can build the program."""
    source = download(program.module, program.version)
    (work / "go.mod").write_text(rewrite_go_mod(source.go_mod.read_text(), program=program))
    if (source.directory / "go.sum").is_file():
        shutil.copyfile(source.directory / "go.sum", work / "go.sum")
    if program.main:
        (work / "main.go").write_text(program.main)


@dataclasses.dataclass(frozen=True, slots=True)
class ModuleSource:
    """A downloaded module: its go.mod as published and its unpacked tree (read only)."""

    go_mod: Path
    directory: Path


def download(module: str, version: str) -> ModuleSource:
    """Fetch a module to Go's module cache and return where it is.

    Raises RuntimeError with the message of the go command when the module cannot be had.
    """
    done = subprocess.run(
        [str(go_command()), "mod", "download", "-json", f"{module}@{version}"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout or "{}")
    if done.returncode != 0:
        raise RuntimeError(
            f"Go module {module}@{version}: {found.get('Error') or done.stderr.strip()}"
        )
    return ModuleSource(go_mod=Path(found["GoMod"]), directory=Path(found["Dir"]))
