"""Takes a server of the cluster away for a minute, as a node failure or an upgrade would."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from cluster.kind import kubectl

OUTAGE_S = 60
KAFKA_FROM_OUTSIDE = "localhost:9094"


@contextmanager
def a_minute_without(workload: str, *, namespace: str) -> Iterator[None]:
    """Take a server away for OUTAGE_S, whatever the body finds meanwhile."""
    scale(workload, 0, namespace=namespace)
    back_at = time.monotonic() + OUTAGE_S
    try:
        yield
        time.sleep(max(0.0, back_at - time.monotonic()))
    finally:
        scale(workload, 1, namespace=namespace)


def scale(workload: str, replicas: int, *, namespace: str) -> None:
    kubectl("scale", workload, f"--replicas={replicas}", "--namespace", namespace)
    kubectl(
        *("rollout", "status", workload, "--namespace", namespace, "--timeout=180s"),
    )
