"""Containers for tests: named `videostream-test-*`, on loopback ports, gone when the session is.

Each belongs to a test process, so sessions may run side by side; what a killed session left
behind is removed by the next one.
"""

import functools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cluster.docker import docker
from tests.support.servers import free_ports

PREFIX = "videostream-test-"
_OWNER_LABEL = "dev.videostream.test-process"


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    return free_ports(1)[0]


@contextmanager
def container(
    name: str,
    image: str,
    *command: str,
    env: Mapping[str, str],
    host_port: int,
    port: int,
) -> Iterator[str]:
    """Run a container with one published port, for a `with` block; gives its name."""
    _remove_leftovers()
    full_name = f"{PREFIX}{name}-{os.getpid()}"
    settings = [word for key, value in env.items() for word in ("--env", f"{key}={value}")]
    docker(
        *("run", "--detach", "--name", full_name),
        *("--label", f"{_OWNER_LABEL}={os.getpid()}"),
        *("--publish", f"127.0.0.1:{host_port}:{port}"),
        *settings,
        image,
        *command,
    )
    try:
        yield full_name
    finally:
        docker("rm", "--force", "--volumes", full_name)


def wait_until(ready: Callable[[], bool], *, name: str, timeout_s: float) -> None:
    """Wait for a service; when it does not come, fail with the end of its container's log."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            log = docker("logs", "--tail", "40", name)
            raise AssertionError(f"{name} did not come up within {timeout_s} s:\n{log}")
        time.sleep(0.1)


@functools.cache
def _remove_leftovers() -> None:
    """Remove the containers of test processes that are no more."""
    template = f'{{{{.Names}}}} {{{{.Label "{_OWNER_LABEL}"}}}}'
    listed = docker("ps", "--all", "--filter", f"label={_OWNER_LABEL}", "--format", template)
    for line in listed.splitlines():
        name, owner = line.split()
        if not Path(f"/proc/{owner}").exists():
            docker("rm", "--force", "--volumes", name)
