"""Containers for tests: named `videostream-test-*`, on loopback ports, gone when the session is."""

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from cluster.docker import docker

PREFIX = "videostream-test-"


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def container(
    name: str,
    image: str,
    *command: str,
    env: Mapping[str, str],
    host_port: int,
    port: int,
) -> Iterator[str]:
    """Run a container with one published port; what an earlier run left behind goes first."""
    full_name = PREFIX + name
    docker("rm", "--force", "--volumes", full_name)
    settings = [word for key, value in env.items() for word in ("--env", f"{key}={value}")]
    published = f"127.0.0.1:{host_port}:{port}"
    docker(
        "run", "--detach", "--name", full_name, "--publish", published, *settings, image, *command
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
