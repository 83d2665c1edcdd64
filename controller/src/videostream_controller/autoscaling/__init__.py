"""How many consumers a stream should have, by its lag, its arrivals and what a consumer can do.

All of it is pure: `decide` maps what was known, one sample and the time to what is known now and a
Decision. docs/scaling.md tells users how it decides; tests/sim compares it with other autoscalers.
Read it in the order decide -> view -> rules -> sizing; `still` tells when not to decide.
"""

from videostream_controller.autoscaling.decide import decide
from videostream_controller.autoscaling.decision import Action, Decision, Figures, Reason
from videostream_controller.autoscaling.lag import lag_seconds
from videostream_controller.autoscaling.policy import Policy
from videostream_controller.autoscaling.report import Report, parse_report
from videostream_controller.autoscaling.sample import Partition, Sample, Workload
from videostream_controller.autoscaling.state import State
from videostream_controller.autoscaling.still import is_still, watch
from videostream_controller.autoscaling.view import SETTLE_S

__all__ = [
    "SETTLE_S",
    "Action",
    "Decision",
    "Figures",
    "Partition",
    "Policy",
    "Reason",
    "Report",
    "Sample",
    "State",
    "Workload",
    "decide",
    "is_still",
    "lag_seconds",
    "parse_report",
    "watch",
]
