"""kubectl and helm against the demo's own cluster, never against the user's current context."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from cluster.kind import KUBECONFIG

from cluster.tools import tool


class CommandFailed(RuntimeError):
    """A command ended with an error; the message holds its words."""


def _run(program: Path, *args: str, stdin: str | None, timeout_s: float) -> str:
    finished = subprocess.run(
        [program, *args],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
        env=environment(),
    )
    if finished.returncode != 0:
        reason = finished.stderr.strip() or finished.stdout.strip()
        raise CommandFailed(f"{program.name} {' '.join(args)}: {reason}")
    return finished.stdout


def environment() -> dict[str, str]:
    """Give the environment in which kubectl and helm see the demo's cluster."""
    return {**os.environ, "KUBECONFIG": str(KUBECONFIG)}


def kubectl(*args: str, stdin: str | None = None, timeout_s: float = 120) -> str:
    """Run kubectl and return what it prints; raises CommandFailed with its error."""
    return _run(tool("kubectl"), *args, stdin=stdin, timeout_s=timeout_s)


def helm(*args: str, timeout_s: float = 600) -> str:
    """Run helm and return what it prints; raises CommandFailed with its error."""
    return _run(tool("helm"), *args, stdin=None, timeout_s=timeout_s)


def get(kind: str, name: str, *, namespace: str) -> dict[str, Any]:
    """Read one object; raises CommandFailed when it does not exist."""
    found: dict[str, Any] = json.loads(
        kubectl("get", kind, name, "--namespace", namespace, "--output", "json")
    )
    return found
