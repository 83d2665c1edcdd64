"""CPU time and memory of a process and its children, as Linux counts them."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
# Fields of /proc/PID/stat after the command, which may hold spaces (proc_pid_stat(5)).
_PARENT, _UTIME, _RSS = 1, 11, 21


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds spent so far, those of children that ended included, and resident bytes now."""

    cpu_s: float
    rss_bytes: int

    @classmethod
    def of(cls, pid: int) -> Self:
        """Read the usage of one process."""
        fields = _stat(pid)
        ticks = sum(int(field) for field in fields[_UTIME : _UTIME + 4])
        return cls(ticks * _TICK_S, int(fields[_RSS]) * _PAGE_BYTES)

    @classmethod
    def of_tree(cls, pid: int) -> Self:
        """Read the usage of a process with all that descends from it."""
        found = [cls.of(pid)]
        for child in _children(pid):
            with suppress(OSError):  # it has just ended: then its parent's count has it
                found.append(cls.of_tree(child))
        return cls(sum(one.cpu_s for one in found), sum(one.rss_bytes for one in found))


def machine_cpu_s() -> float:
    """Return the CPU seconds that all processes of this machine have used since it was started."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq = (int(field) for field in fields[:7])
    return (user + nice + system + irq + softirq) * _TICK_S


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _pss_bytes(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * int(text.partition("\nPss:")[2].split()[0])


def _children(pid: int) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(_stat(int(process.name))[_PARENT]) == pid:
                found.append(int(process.name))
    return found


class Meter:
    """What a process has used since the meter was made, and its children with it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._started = time.monotonic()
        self._own_before, self._before = Usage.of(pid), Usage.of_tree(pid)

    @property
    def seconds(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self._started

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the process and its children."""
        return Usage.of_tree(self._pid).cpu_s - self._before.cpu_s

    @property
    def share(self) -> float:
        """CPU of the process and its children, as a share of one core."""
        return self.cpu_s / self.seconds

    @property
    def children_share(self) -> float:
        """CPU of its children alone, as a share of one core."""
        own_s = Usage.of(self._pid).cpu_s - self._own_before.cpu_s
        return (self.cpu_s - own_s) / self.seconds

    @property
    def pss_bytes(self) -> int:
        """Resident bytes of the process and its children now; pages that they share count once."""
        return sum(map(_pss_bytes, (self._pid, *_children(self._pid))))
