"""Kubernetes Events about streams, few of them.

The same event again raises the count of the one that is there; and each object has a budget for
each reason, so that a flapping camera can neither fill etcd nor hide what else happens. Losing an
event is no error: status is the record.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from videostream_controller.api import API_VERSION, KIND
from videostream_controller.conditions import instant
from videostream_controller.kube import CONTROLLER, ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from videostream_controller.api import Metadata
    from videostream_controller.kube import Kube

_log = logging.getLogger(__name__)
_REMEMBERED: Final = 2048
_BURST: Final = 10.0
_REFILL_PER_S: Final = 1 / 30
_AGGREGATED_S: Final = 3600.0
_LONGEST_MESSAGE: Final = 1024

Kind = Literal["Normal", "Warning"]


@dataclass(slots=True)
class _Posted:
    name: str
    count: int
    at: float


@dataclass(slots=True)
class _Budget:
    tokens: float
    at: float


class Recorder:
    """Posts events; call `record` where something a user should see has changed."""

    def __init__(self, kube: Kube, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kube = kube
        self._clock = clock
        self._posted: OrderedDict[tuple[str, str, str], _Posted] = OrderedDict()
        self._budgets: OrderedDict[tuple[str, str], _Budget] = OrderedDict()

    async def record(self, about: Metadata, kind: Kind, reason: str, message: str) -> None:
        """Post an event, or count it up; silently drops what is over the budget of its reason."""
        message = message[:_LONGEST_MESSAGE]
        if not self._spend((about.uid, reason)):
            return
        key = (about.uid, reason, message)
        try:
            posted = self._posted.get(key)
            if posted is not None and self._clock() - posted.at < _AGGREGATED_S:
                await self._count_up(about, posted)
            else:
                self._posted[key] = await self._post(about, kind, reason, message)
        except ApiError as error:
            _log.debug("event %s of %s/%s: %s", reason, about.namespace, about.name, error)
        _trim(self._posted)

    async def _post(self, about: Metadata, kind: Kind, reason: str, message: str) -> _Posted:
        name = f"{about.name}.{uuid.uuid4().hex[:16]}"
        now = instant(datetime.now(UTC))
        event: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": about.namespace, "name": name},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "namespace": about.namespace,
                "name": about.name,
                "uid": about.uid,
            },
            "type": kind,
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": CONTROLLER},
            "reportingComponent": CONTROLLER,
        }
        await self._kube.create_event(event)
        return _Posted(name, 1, self._clock())

    async def _count_up(self, about: Metadata, posted: _Posted) -> None:
        posted.count += 1
        posted.at = self._clock()
        patch = {"count": posted.count, "lastTimestamp": instant(datetime.now(UTC))}
        await self._kube.patch_event(about.namespace, posted.name, patch)

    def _spend(self, key: tuple[str, str]) -> bool:
        now = self._clock()
        budget = self._budgets.setdefault(key, _Budget(_BURST, now))
        budget.tokens = min(_BURST, budget.tokens + (now - budget.at) * _REFILL_PER_S)
        budget.at = now
        _trim(self._budgets)
        if budget.tokens < 1:
            return False
        budget.tokens -= 1
        return True


def _trim(remembered: OrderedDict[Any, Any]) -> None:
    while len(remembered) > _REMEMBERED:
        remembered.popitem(last=False)
