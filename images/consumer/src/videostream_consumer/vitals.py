"""What the health endpoints say about a consumer, from its start on."""

from __future__ import annotations

import time
from typing import Final, Protocol

_HUNG_AFTER_S: Final = 120.0  # a write call may take 10 s, and a refused batch is halved often


class Running(Protocol):
    """The loop, as far as its health goes."""

    @property
    def problem(self) -> str | None:
        """Why it cannot do its work now."""

    @property
    def last_turn(self) -> float:
        """Monotonic time of its last sign of life."""


class Vitals:
    """Liveness and readiness. InfluxDB being away is neither: status records tell that."""

    def __init__(self) -> None:
        self.loop: Running | None = None
        self.reason = "is starting"

    def ready(self) -> str | None:
        """Return why the consumer cannot process frames, None when it can."""
        return self.reason if self.loop is None else self.loop.problem

    def healthy(self) -> str | None:
        """Return why the process has to be restarted, None when it need not."""
        if self.loop is None:
            return None
        age_s = time.monotonic() - self.loop.last_turn
        return f"no sign of life for {age_s:.0f} s" if age_s > _HUNG_AFTER_S else None
