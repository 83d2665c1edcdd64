"""What `kubectl get -w` shows while a test goes on."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cluster.kind import KUBECONFIG
from cluster.tools import tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def watching(kind: str, name: str, *, namespace: str, into: Path) -> Iterator[None]:
    """Watch one object for a `with` block and write every line to a file."""
    command = [
        *(str(tool("kubectl")), "--kubeconfig", str(KUBECONFIG)),
        *("get", kind, name, "--namespace", namespace, "--watch"),
    ]
    with into.open("w") as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        child.terminate()
        child.wait(10)
