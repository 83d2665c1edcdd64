"""Pulling images, with a quick answer where no registry can be reached."""

from __future__ import annotations

import selectors
import subprocess
import time

from cluster.docker import docker
from cluster.progress import say

_FIRST_WORD_TIMEOUT_S = 25.0
# What the engine says when it meets no registry, or something else in its place.
_UNREACHABLE = (
    "no such host",
    "server misbehaving",
    "connection refused",
    "connection reset",
    "network is unreachable",
    "no route to host",
    "i/o timeout",
    "context deadline exceeded",
    "Client.Timeout",
    "proxyconnect",
    "certificate",
    "403 Forbidden",
    "EOF",
)
_silent: list[str] = []


def pull(reference: str) -> bool:
    """Pull an image; return False, and say why, where it can't be had.

    A pull that the registry answers may take as long as it takes. One that gets no answer is
    given up soon, and no other is tried in this process.
    """
    if _silent:
        return False
    say(f"pulling {reference} ...")
    docker("version")  # makes sure that there is an engine
    reason = _try_pull(reference)
    say(f"cannot pull {reference}: {reason}" if reason else f"pulled {reference}")
    return not reason


def _try_pull(reference: str) -> str:
    process = subprocess.Popen(
        ["docker", "pull", reference], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if process.stdout is None:
        raise RuntimeError("the pull has no output to read")
    with process, selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        begin_s = time.monotonic()
        if not selector.select(_FIRST_WORD_TIMEOUT_S):
            process.kill()
            _silent.append(reference)
            return f"no answer from the registry within {time.monotonic() - begin_s:.0f} s"
        lines = [line.strip() for line in process.stdout if line.strip()]
    if process.returncode == 0:
        return ""
    last = lines[-1] if lines else "no message"
    if is_unreachable(last):
        _silent.append(reference)
    return last


def is_unreachable(message: str) -> bool:
    """Tell whether the engine's message means that no registry answers at all."""
    return any(sign in message for sign in _UNREACHABLE)
