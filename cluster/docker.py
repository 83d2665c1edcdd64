"""The docker client: commands with their output, image builds, images in and out.

Two clients may be on a machine: a newer one without the buildx plugin can't build with BuildKit,
while an older one can. The one that works is chosen by trying.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from cluster import cache, engine
from cluster.progress import run_logged, step

if TYPE_CHECKING:
    from collections.abc import Mapping

_LAST_CLIENT_WITH_BUILTIN_BUILDKIT = 22


@functools.cache
def client() -> str:
    """Return the docker client, having made sure, once in each process, that an engine is up."""
    engine.ensure()
    found = shutil.which("docker")
    if found is None:
        raise RuntimeError("no docker client on PATH")
    return found


def docker(*args: str | Path, stdin: str | None = None) -> str:
    """Run a docker command and return what it printed, stripped.

    Makes sure that an engine is up, once in each process. Raises RuntimeError with the
    client's own message when the command fails.
    """
    done = subprocess.run(
        [client(), *map(str, args)], input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"docker {' '.join(map(str, args))}: {done.stderr.strip() or done.stdout.strip()}"
        )
    return done.stdout.strip()


@functools.cache
def buildclient() -> str:
    """Return a docker client that can build with BuildKit.

    Raises RuntimeError when none of those on the machine can.
    """
    for found in dict.fromkeys([client(), "/usr/bin/docker", "/usr/local/bin/docker"]):
        if Path(found).exists() and _has_buildkit(found):
            return found
    raise RuntimeError("no docker client here can build with BuildKit: install the buildx plugin")


def _has_buildkit(client: str) -> bool:
    plugin = subprocess.run([client, "buildx", "version"], capture_output=True, check=False)
    if plugin.returncode == 0:
        return True
    version = subprocess.run(
        [client, "version", "--format", "{{.Client.Version}}"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    major = version.partition(".")[0]
    return major.isdigit() and int(major) <= _LAST_CLIENT_WITH_BUILTIN_BUILDKIT


def build(
    context: Path,
    *,
    tag: str,
    dockerfile: Path | None = None,
    target: str = "",
    build_args: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> str:
    """Build an image from a context folder with BuildKit and return its tag."""
    argv: list[str | Path] = [buildclient(), "build", "--network", "host", "--progress", "plain"]
    argv += ["--tag", tag, "--file", dockerfile or context / "Dockerfile"]
    argv += ["--target", target] if target else []
    argv += _pairs("--build-arg", build_args) + _pairs("--label", labels)
    with step(f"building image {tag}"):
        run_logged(
            [*argv, context],
            log=cache.fresh_log("image-" + tag.replace("/", "-").replace(":", "-")),
            env={"DOCKER_BUILDKIT": "1"},
        )
    return tag


def _pairs(option: str, values: Mapping[str, str] | None) -> list[str | Path]:
    return [word for name, value in (values or {}).items() for word in (option, f"{name}={value}")]


def image_id(reference: str) -> str | None:
    """Return the id of an image in the engine, None when it is not there."""
    try:
        return docker("image", "inspect", "--format", "{{.Id}}", reference)
    except RuntimeError:
        return None


def image_label(reference: str, label: str) -> str:
    """Return a label of an image in the engine, empty when it has none."""
    template = f'{{{{index .Config.Labels "{label}"}}}}'
    return docker("image", "inspect", "--format", template, reference)


def environment_of_host() -> dict[str, str]:
    """Return the proxy variables of the host, which an image build has to know as well."""
    names = ("http_proxy", "https_proxy", "no_proxy")
    both = [spelling for name in names for spelling in (name, name.upper())]
    return {name: os.environ[name] for name in both if name in os.environ}
