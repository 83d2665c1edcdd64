"""Status conditions in the manner of the Kubernetes API: merge them and sum them up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

Status = Literal["True", "False", "Unknown"]

_LONGEST_MESSAGE: Final = 1024


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; the time of its last transition is added by `merge`."""

    type: str
    status: Status
    reason: str
    message: str = ""


def merge(
    previous: Sequence[Mapping[str, Any]],
    wanted: Iterable[Condition],
    *,
    generation: int,
    now: datetime,
) -> list[dict[str, Any]]:
    """Return the conditions for the status; a transition time changes only with the status."""
    before = {str(condition.get("type")): condition for condition in previous}
    return [
        {
            "type": condition.type,
            "status": condition.status,
            "reason": condition.reason,
            "message": _shorten(condition.message),
            "observedGeneration": generation,
            "lastTransitionTime": _transition(before.get(condition.type), condition, now),
        }
        for condition in wanted
    ]


def ready(causes: Sequence[Condition], *, reason: str, message: str) -> Condition:
    """Sum conditions up: True with the given reason, else the first that is False, else Unknown.

    The order of `causes` is the order in which one hangs on the other.
    """
    for status in ("False", "Unknown"):
        for cause in causes:
            if cause.status == status:
                text = f"{cause.type}: {cause.message or cause.reason}"
                return Condition("Ready", cause.status, cause.reason, text)
    return Condition("Ready", "True", reason, message)


def instant(time: datetime) -> str:
    """Return a time as the Kubernetes API spells it, in whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _transition(before: Mapping[str, Any] | None, condition: Condition, now: datetime) -> str:
    if before is not None and before.get("status") == condition.status:
        return str(before.get("lastTransitionTime") or instant(now))
    return instant(now)


def _shorten(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else message[: _LONGEST_MESSAGE - 1] + "…"
