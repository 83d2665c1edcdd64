"""What a person sees: a line for each step with the elapsed time, and why one failed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_START_S = time.monotonic()
_TAIL_LINES = 20


class StepFailedError(RuntimeError):
    """A step of the build or of the cluster failed; the message holds the end of its log."""


def say(text: str) -> None:
    """Print one progress line to stderr, with the seconds since the command began."""
    print(f"[{time.monotonic() - _START_S:7.1f} s] {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step, and say how long it took when it is done."""
    say(f"{text} ...")
    begin_s = time.monotonic()
    yield
    say(f"{text}: done in {time.monotonic() - begin_s:.1f} s")


def tail(log: Path, *, lines: int = _TAIL_LINES) -> str:
    """Return the last lines of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def run_logged(
    argv: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a command with its output appended to ``log``; ``env`` is laid over the environment.

    Raises StepFailedError, naming the log and quoting its end, when the command fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    line = " ".join(str(part) for part in argv)
    with log.open("a") as out:
        print(f"$ {line}", file=out, flush=True)
        done = subprocess.run(
            [str(part) for part in argv],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise StepFailedError(
            f"`{line}` failed with exit code {done.returncode}; log: {log}\n{tail(log)}"
        )
