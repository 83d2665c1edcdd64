"""What this replica could do, as it travels in the metadata of offset commits.

The controller reads it with the offsets that it reads anyway, so no pod is ever scraped to scale.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Final

_WINDOW_S: Final = 30.0
_SLICE_S: Final = 1.0


@dataclass(slots=True)
class _Slice:
    started: float
    records: int = 0
    busy_s: float = 0.0
    blocked_s: float = 0.0


class Capacity:
    """Sums up the last 30 s: records measured, time busy with them, time blocked on the sink."""

    def __init__(self, *, member: str, now: float) -> None:
        self._member = member
        self._slices: deque[_Slice] = deque([_Slice(now)])

    def add(
        self, *, now: float, records: int = 0, busy_s: float = 0.0, blocked_s: float = 0.0
    ) -> None:
        """Account for work; `now` is a monotonic time that never goes back."""
        if now - self._slices[-1].started >= _SLICE_S:
            self._slices.append(_Slice(now))
        while len(self._slices) > 1 and now - self._slices[0].started > _WINDOW_S:
            self._slices.popleft()
        last = self._slices[-1]
        last.records += records
        last.busy_s += busy_s
        last.blocked_s += blocked_s

    def metadata(self, *, now: float, unix_time: float) -> str:
        """Return `{"v":1,"m":member,"mu":records/s when busy,"busy":0..1,"blk":0..1,"t":unix}`.

        `mu` is left out while there is nothing to compute it from.
        """
        window_s = max(now - self._slices[0].started, 1e-3)
        records = sum(item.records for item in self._slices)
        busy_s = sum(item.busy_s for item in self._slices)
        blocked_s = sum(item.blocked_s for item in self._slices)
        rate = {"mu": round(records / busy_s, 1)} if records and busy_s > 0 else {}
        said = {
            "v": 1,
            "m": self._member,
            **rate,
            "busy": round(min(busy_s / window_s, 1.0), 3),
            "blk": round(min(blocked_s / window_s, 1.0), 3),
            "t": int(unix_time),
        }
        return json.dumps(said, separators=(",", ":"))
