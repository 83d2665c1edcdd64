"""For each rule of the CRD an object that keeps it and one that breaks it and nothing else.

Specs are written as what differs from the smallest one; `None` removes. A case with `old` is an
update from that to `good` or to `bad`.
"""

from tests.support.crd_cases.case import Case, Spec, whole
from tests.support.crd_cases.consumer import CONSUMER_CASES
from tests.support.crd_cases.kafka import KAFKA_CASES
from tests.support.crd_cases.measuring import MEASURING_CASES
from tests.support.crd_cases.shared import SHARED_CASES
from tests.support.crd_cases.source import SOURCE_CASES
from tests.support.crd_cases.stream import WHOLE_CASES

__all__ = ["CASES", "Case", "Spec", "whole"]

CASES = [
    *WHOLE_CASES,
    *SOURCE_CASES,
    *KAFKA_CASES,
    *CONSUMER_CASES,
    *MEASURING_CASES,
    *SHARED_CASES,
]
