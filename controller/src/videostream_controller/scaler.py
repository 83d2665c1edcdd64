"""Keeps what `autoscaling` knows of each stream from one sample to the next.

The decisions are pure functions; this is their memory while the controller runs, begun anew from
`status.scaling` after a restart. Carrying a decision out is the reconciler's work.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from videostream_controller import scaling
from videostream_controller.autoscaling import (
    Decision,
    State,
    Workload,
    decide,
    is_still,
    lag_seconds,
    watch,
)
from videostream_controller.checks import count, is_blocked, is_completed
from videostream_controller.observed import Autoscaled, Child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videostream_controller.api import VideoStream
    from videostream_controller.autoscaling import Policy, Sample
    from videostream_controller.status_feed import StatusFeed
    from videostream_controller.store import Store

_DECIDE_EVERY_S: Final = 12.0  # of a stream at rest: by each third sample


@dataclass(slots=True)
class _Held:
    key: str
    state: State
    policy: Policy
    decision: Decision
    change: Decision | None = None  # decided, and nobody has told of it yet
    workload: Workload | None = None  # the pods at the last decision by a sample
    due_s: float = 0.0  # when the next sample is decided by, whatever it shows


class Scaler:
    """The newest decision of every stream, by the uid of its object."""

    def __init__(
        self,
        deployments: Store,
        feed: StatusFeed,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._deployments = deployments
        self._feed = feed
        self._clock = clock
        self._held: dict[str, _Held] = {}

    def observe(self, stream: VideoStream, sample: Sample | None) -> bool:
        """Decide by a new sample, None where there is none; tells whether that is news.

        News is what has to be carried out or changes what the stream's conditions say.
        """
        held = self._hold(stream)
        if sample and held.workload and self._may_rest(held, sample):
            held.state = watch(held.state, sample, held.workload)
            return False
        before = _told(held)
        now_s = self._clock()
        held.policy, held.workload = scaling.policy(stream), self._workload(stream)
        held.state, held.decision = decide(
            held.state, sample, policy=held.policy, workload=held.workload, now_s=now_s
        )
        held.due_s = now_s + _DECIDE_EVERY_S
        if held.decision.action is not None and not held.policy.dry_run:
            held.change = held.decision
        return held.change is not None or _told(held) != before

    def _may_rest(self, held: _Held, sample: Sample) -> bool:
        """Tell whether a sample need not be decided by."""
        if held.change is not None or self._clock() >= held.due_s:
            return False
        return is_still(held.state, held.decision, sample, policy=held.policy)

    def look(self, stream: VideoStream) -> Autoscaled:
        """Return the newest decision; what a changed spec demands is decided at once.

        Who looks has heard of something, of a pod or the end of a file: the next sample counts.
        """
        held = self._hold(stream)
        held.due_s = 0.0
        policy = scaling.policy(stream)
        if policy != held.policy:
            held.policy = policy
            state, decision = decide(
                held.state,
                None,
                policy=policy,
                workload=self._workload(stream),
                now_s=self._clock(),
            )
            if decision.action is not None:
                held.state, held.decision = state, decision
                held.change = None if policy.dry_run else decision
        return Autoscaled(held.decision, held.state.to_status())

    def decision(self, stream: VideoStream) -> Decision:
        """Return the newest decision as it is."""
        return self._hold(stream).decision

    def is_at_zero(self, stream: VideoStream) -> bool:
        """Tell whether the stream's consumers wait for a first record to wake them."""
        held = self._held.get(stream.metadata.uid)
        if held is None or held.policy.dry_run or held.policy.suspended:
            return False
        return held.decision.replicas == 0

    def take_change(self, uid: str) -> Decision | None:
        """Return a change that was decided and is now carried out, once."""
        held = self._held.get(uid)
        if held is None:
            return None
        change, held.change = held.change, None
        return change

    def lag_seconds(self, uid: str) -> float | None:
        """Return the age of the oldest record that waits, None while that is not known."""
        held = self._held.get(uid)
        return None if held is None else lag_seconds(held.state.history)

    def decisions(self) -> Iterator[tuple[str, Decision]]:
        """Give each stream's key with its newest decision."""
        for held in list(self._held.values()):
            yield held.key, held.decision

    def forget(self, uid: str) -> None:
        """Drop a stream that is gone."""
        self._held.pop(uid, None)

    def _hold(self, stream: VideoStream) -> _Held:
        held = self._held.get(stream.metadata.uid)
        if held is None:
            now_s, policy = self._clock(), scaling.policy(stream)
            state = State.from_status(
                stream.raw_status.get("scaling"),
                lacking_since_s=scaling.lacking_since_s(stream, now_s),
            )
            state, decision = decide(
                state, None, policy=policy, workload=self._workload(stream), now_s=now_s
            )
            held = _Held(stream.key, state, policy, decision)
            self._held[stream.metadata.uid] = held
        return held

    def _workload(self, stream: VideoStream) -> Workload | None:
        key = f"{stream.metadata.namespace}/{stream.consumer_name}"
        live = self._deployments.get(key)
        if live is None:
            return None
        reports = self._feed.reports(stream.key, stream.metadata.uid)
        now = datetime.fromtimestamp(self._clock(), UTC)
        return Workload(
            replicas=int(live["spec"].get("replicas", 1)),
            ready=count(Child(live), "readyReplicas"),
            source_ended=stream.producer.suspend or is_completed(reports.producer, now),
            sink_blocked=is_blocked(reports, now),
        )


def _told(held: _Held) -> tuple[object, ...]:
    """Return of a decision what conditions tell: not the figures, which always move."""
    decision = held.decision
    lag_s = lag_seconds(held.state.history)
    return (
        decision.replicas,
        decision.reason,
        decision.limited_by,
        decision.stalled,
        decision.hot,
        lag_s is not None and lag_s > held.policy.target_lag_s,
    )
