"""Server processes of a test run on loopback: started with a log, ended at once."""

from __future__ import annotations

import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Process:
    """A child process with a log file, which dies by SIGKILL.

    A graceful stop of kube-apiserver waits up to a minute for open watches.
    """

    def __init__(self, *command: str | Path, log: Path) -> None:
        setpriv = shutil.which("setpriv")
        # A killed test run must not leave servers behind.
        prefix = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
        self._log = log
        with log.open("ab") as output:
            self._child = subprocess.Popen([*prefix, *command], stdout=output, stderr=output)

    def assert_running(self) -> None:
        """Raise RuntimeError with the end of the log when the process has ended."""
        if self._child.poll() is not None:
            tail = "\n".join(self._log.read_text().splitlines()[-20:])
            raise RuntimeError(f"{self._log.stem} ended by itself; its last lines:\n{tail}")

    def kill(self) -> None:
        """End the process now."""
        self._child.kill()
        self._child.wait()


def free_ports(count: int) -> list[int]:
    """Return that many different ports of loopback on which nothing listens now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(server.getsockname()[1]) for server in sockets]
    for server in sockets:
        server.close()
    return ports
