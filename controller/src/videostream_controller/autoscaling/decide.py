"""How many consumers a stream should have, decided from one sample to the next. Pure.

`decide` is a function of what was known, what is seen and the time; it reads no clock and keeps
nothing. Without a whole sample it changes nothing but what the spec itself demands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from videostream_controller.autoscaling import history, rules
from videostream_controller.autoscaling.decision import Decision
from videostream_controller.autoscaling.look import look
from videostream_controller.autoscaling.memory import bounded_pod_start_s
from videostream_controller.autoscaling.rules import Verdict
from videostream_controller.autoscaling.state import State
from videostream_controller.autoscaling.view import SETTLE_S
from videostream_controller.autoscaling.window import REVERSALS_S

if TYPE_CHECKING:
    from videostream_controller.autoscaling.memory import Memory
    from videostream_controller.autoscaling.policy import Policy
    from videostream_controller.autoscaling.sample import Sample, Workload
    from videostream_controller.autoscaling.view import View

_IN_FLIGHT_S: Final = 10.0
_UP: Final = frozenset({"ScaleUp", "ProbeUp"})
_DOWN: Final = frozenset({"ScaleDown", "ProbeDown"})


def decide(
    state: State,
    sample: Sample | None,
    *,
    policy: Policy,
    workload: Workload | None,
    now_s: float,
) -> tuple[State, Decision]:
    """Return the state to pass next time, and the number of consumers from now on.

    `sample` is None where any of it could not be learnt; `workload` is None where there is no
    Deployment. Call it every 5 s, less often only while samples are `still`; gaps are noticed and
    waited out.
    """
    replicas = _replicas(state.memory, policy, workload, now_s)
    if (verdict := _by_spec(replicas, policy, sample)) is not None:
        return _without_view(state, verdict, replicas, policy, now_s)
    if sample is None or workload is None:
        verdict = _unknown(replicas)
        return _without_view(replace(state, up_ticks=0), verdict, replicas, policy, now_s)
    if not history.is_same_topic(state.history, sample):
        state = _forget_topic(state)
    view = look(state, sample, policy=policy, workload=workload, replicas=replicas, now_s=now_s)
    state = _advance(state, view)
    verdict = next(found for rule in rules.RULES if (found := rule(view)) is not None)
    return _conclude(state, verdict, view)


def _replicas(known: Memory, policy: Policy, workload: Workload | None, now_s: float) -> int:
    """Return the present number: the Deployment's, unless our last word is still on its way."""
    if workload is None:
        return policy.floor if known.replicas is None else known.replicas
    last_s = known.last_scale_s
    in_flight = last_s is not None and now_s - last_s < _IN_FLIGHT_S
    return known.replicas if in_flight and known.replicas is not None else workload.replicas


def _by_spec(replicas: int, policy: Policy, sample: Sample | None) -> Verdict | None:
    """Do at once what the spec demands, whatever is known of the load."""
    if policy.suspended:
        return Verdict(
            0, "Suspended", "spec.suspend is true", action="Suspend" if replicas > 0 else None
        )
    if replicas == 0:
        if policy.to_zero or sample is not None:
            return None
        return Verdict(policy.floor, "Active", "the stream goes on", "Resume")
    if policy.clamp(replicas) != replicas:
        bounds = f"{policy.floor} to {policy.ceiling} consumers are allowed"
        return Verdict(policy.clamp(replicas), "Active", bounds, "Bounds")
    return None


def _unknown(replicas: int) -> Verdict:
    message = "offsets or pods cannot be seen now; the number stays"
    return Verdict(replicas, "Holding", message, hold="MetricsUnavailable")


def _forget_topic(state: State) -> State:
    """Forget the offsets of a topic that was made anew or has other partitions.

    What a consumer can do and how long its pod takes to start are worth keeping.
    """
    known = replace(state.memory, stalled=(), idle_since_s=None)
    return State(known, starting_since_s=state.starting_since_s)


def _advance(state: State, view: View) -> State:
    """Return the state with all that the view has learnt, before anything is decided."""
    state = replace(
        state,
        memory=view.memory,
        history=view.past,
        window=view.window,
        quiet_since_s=view.now_s - view.quiet_s,
        late_since_s=view.now_s - view.late_s,
        lacking_since_s=(
            view.now_s - view.lacking_s if view.workload.ready < view.replicas else None
        ),
    )
    return _learn_pod_start(state, view)


def _learn_pod_start(state: State, view: View) -> State:
    """Remember how long pods take, as a high quantile: quick to rise and slow to fall."""
    since_s = state.starting_since_s
    if since_s is None or view.workload.ready < view.replicas:
        return state
    took_s, usual_s = view.now_s - since_s, view.memory.pod_start_s
    new_s = took_s if took_s > usual_s else usual_s + 0.3 * (took_s - usual_s)
    memory = view.memory
    if took_s <= SETTLE_S:
        memory = replace(memory, pod_start_s=bounded_pod_start_s(new_s))
    return replace(state, memory=memory, starting_since_s=None)


def _conclude(state: State, verdict: Verdict, view: View) -> tuple[State, Decision]:
    waits_up = verdict.hold in {"ConfirmingUp", "PodsStarting"}
    state = replace(state, up_ticks=state.up_ticks + 1 if waits_up else 0)
    decision = Decision(
        replicas=verdict.replicas,
        previous=view.replicas,
        reason=verdict.reason,
        message=verdict.message,
        action=verdict.action,
        hold=verdict.hold,
        limited_by=view.limited_by,
        stalled=view.stalled,
        hot=view.hot,
        figures=view.figures,
    )
    return _noted(state, decision, view.policy, view.now_s), decision


def _without_view(
    state: State, verdict: Verdict, replicas: int, policy: Policy, now_s: float
) -> tuple[State, Decision]:
    decision = Decision(
        replicas=verdict.replicas,
        previous=replicas,
        reason=verdict.reason,
        message=verdict.message,
        action=verdict.action,
        hold=verdict.hold,
        stalled=state.memory.stalled,
    )
    return _noted(state, decision, policy, now_s), decision


def _noted(state: State, decision: Decision, policy: Policy, now_s: float) -> State:
    """Keep the decision in the memory, unless nobody will carry it out."""
    memory, action = state.memory, decision.action
    if policy.dry_run or action is None:
        replicas = decision.previous
        if memory.replicas == replicas:
            return state
        return replace(state, memory=replace(memory, replicas=replicas))
    last = memory.last_action
    turned = (action in _UP and last in _DOWN) or (action in _DOWN and last in _UP)
    late = tuple(at_s for at_s in memory.reversals_s if now_s - at_s <= REVERSALS_S)
    memory = replace(
        memory,
        replicas=decision.replicas,
        last_scale_s=int(now_s),
        last_action=action,
        reversals_s=(*late, int(now_s)) if turned else late,
    )
    asks_pods = action in {"ScaleUp", "ProbeUp", "WakeUp", "Resume"}
    return replace(
        state,
        memory=memory,
        up_ticks=0,
        starting_since_s=now_s if asks_pods else None,
        lacking_since_s=None,
    )
