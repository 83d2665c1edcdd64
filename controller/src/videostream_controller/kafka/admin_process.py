"""The parent's side of `admin_requests`: one child process, one request at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any, Final

_LIMIT_BYTES: Final = 64 * 1024 * 1024  # one line holds the offsets of every group
_PATIENCE_S: Final = 5.0
_DYING_S: Final = 0.2


class AdminProcessLost(Exception):
    """The child process ended or did not answer; the next request starts another one."""


class AdminProcess:
    """Starts the child when it is needed and ends it when it does not answer."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None
        self._busy = asyncio.Lock()

    async def ask(self, request: dict[str, Any], *, timeout_s: float) -> dict[str, Any]:
        """Send a request and wait for its answer; raises AdminProcessLost."""
        line = json.dumps(request | {"timeout_s": timeout_s}).encode() + b"\n"
        async with self._busy:
            try:
                child = await self._running()
                async with asyncio.timeout(timeout_s + _PATIENCE_S):
                    answer = await _exchange(child, line)
            except BaseException as error:
                # Also when cancelled: an answer that comes later must meet no other request.
                code = await self.close()
                match error:
                    case EOFError() | BrokenPipeError() | ConnectionResetError():
                        raise AdminProcessLost(f"its process ended with {code}") from error
                    case OSError() | TimeoutError():
                        raise AdminProcessLost(f"its process: {error!r}") from error
                raise
        return answer

    async def close(self) -> int | None:
        """End the child, if there is one; gives its exit code, -6 for an abort."""
        child, self._child = self._child, None
        if child is None:
            return None
        with contextlib.suppress(TimeoutError):  # let one that is dying say of what
            await asyncio.wait_for(child.wait(), _DYING_S)
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        return await child.wait()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", f"{__package__}.admin_requests"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                # An abort of the library is reported by us, not by its plain text.
                stderr=asyncio.subprocess.DEVNULL,
                limit=_LIMIT_BYTES,
                start_new_session=True,  # Ctrl-C is for the parent
            )
        return self._child


async def _exchange(child: asyncio.subprocess.Process, line: bytes) -> dict[str, Any]:
    if child.stdin is None or child.stdout is None:
        raise EOFError("no pipes")
    child.stdin.write(line)
    await child.stdin.drain()
    answer = await child.stdout.readline()
    if not answer:
        raise EOFError("the process ended")
    found: dict[str, Any] = json.loads(answer)
    return found
