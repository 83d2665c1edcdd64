"""helm against the demo's own cluster, never against the user's current context."""

import subprocess

from cluster.kind import CONTEXT, KUBECONFIG
from cluster.tools import tool


def helm(*args: str) -> str:
    """Run helm and return what it prints; raises RuntimeError with its error."""
    finished = subprocess.run(
        [tool("helm"), "--kubeconfig", KUBECONFIG, "--kube-context", CONTEXT, *args],
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        reason = finished.stderr.strip() or finished.stdout.strip()
        raise RuntimeError(f"helm {' '.join(args)}: {reason}")
    return finished.stdout
