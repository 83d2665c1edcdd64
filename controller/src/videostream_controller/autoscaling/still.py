"""Samples of a stream at rest, which are remembered and not each decided by. Pure.

Most streams of a fleet are at rest most of the time. Their history is kept without a gap, so that
the first record to come is judged as if every sample had been.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from videostream_controller.autoscaling import history

if TYPE_CHECKING:
    from videostream_controller.autoscaling.decision import Decision
    from videostream_controller.autoscaling.policy import Policy
    from videostream_controller.autoscaling.sample import Sample, Workload
    from videostream_controller.autoscaling.state import State


def is_still(state: State, decision: Decision, sample: Sample, *, policy: Policy) -> bool:
    """Tell whether a sample shows nothing that the one before, and `decision`, did not know.

    Nothing waits, nothing has come, and no change is on its way or due in a while.
    """
    past = state.history
    if not past.recent or decision.action is not None or decision.hold is not None:
        return False
    if state.starting_since_s is not None or sample.topic_id != past.topic_id:
        return False
    if policy.to_zero and decision.replicas > 0:
        return False  # it goes to zero when it has been idle for long enough
    if sample.is_behind or any(past.last.lags):
        return False
    return tuple(part.end for part in sample.partitions) == past.last.ends


def watch(state: State, sample: Sample, workload: Workload) -> State:
    """Return the state with a sample more that is still, and is not decided by."""
    return replace(state, history=history.repeat(state.history, sample.at_s, workload))
