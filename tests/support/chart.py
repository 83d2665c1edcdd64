"""Runs Helm on the project's chart, for tests that look at what it renders or installs."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cluster.tools import tool

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "videostream"
PRESETS = sorted((ROOT / "charts" / "presets").glob("*.yaml"))
CI_VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
RELEASE = "vs"
NAMESPACE = "video"

Manifest = dict[str, Any]


def helm(
    *args: str | Path, kubeconfig: Path | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run Helm; with `check` a failure raises AssertionError with its stderr."""
    # Without a kubeconfig of the test's own, Helm must not find one of the user's.
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig or "/nonexistent")}
    command = [str(tool("helm")), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if check and done.returncode:
        raise AssertionError(f"helm {' '.join(map(str, args))}: {done.stderr}")
    return done


def template(
    *files: Path,
    values: Mapping[str, Any] | None = None,
    release: str = RELEASE,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run `helm template` with values files and values beside them."""
    return helm(
        "template", release, CHART, "--namespace", NAMESPACE, *_flags(files, values), check=check
    )


def render(*files: Path, values: Mapping[str, Any] | None = None) -> list[Manifest]:
    """Return what `helm template` renders, hooks included, as data."""
    return [
        manifest
        for manifest in yaml.load_all(
            template(*files, values=values).stdout,
            Loader=yaml.CSafeLoader,  # the CRD is long, and the loader in Python takes seconds
        )
        if manifest is not None
    ]


def refusal(*files: Path, values: Mapping[str, Any] | None = None, release: str = RELEASE) -> str:
    """Return the message with which Helm refuses these values."""
    done = template(*files, values=values, release=release, check=False)
    assert done.returncode, "Helm accepted the values"
    return done.stderr


def find(manifests: Sequence[Manifest], kind: str, name: str) -> Manifest:
    """Return the one manifest of this kind and name."""
    (found,) = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name]
    return found


def pod_specs(manifests: Sequence[Manifest]) -> dict[str, Manifest]:
    """Return the pod spec of everything that makes pods, by `Kind/name`."""
    return {
        f"{m['kind']}/{m['metadata']['name']}": m["spec"]
        if m["kind"] == "Pod"
        else m["spec"]["template"]["spec"]
        for m in manifests
        if m["kind"] in {"Pod", "Deployment", "StatefulSet", "Job"}
    }


def environment_of(container: Manifest) -> dict[str, str]:
    """Return the plain environment variables of a container."""
    return {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}


def _flags(files: Sequence[Path], values: Mapping[str, Any] | None) -> list[str | Path]:
    flags: list[str | Path] = []
    for file in files:
        flags += ["--values", file]
    for key, value in (values or {}).items():
        flags += ["--set-json", f"{key}={json.dumps(value)}"]
    return flags
