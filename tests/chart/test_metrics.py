"""The alerts for Prometheus use metrics that our processes have."""

import re

import prometheus_client
import pytest

import videostream_consumer.metrics
import videostream_controller.metrics  # noqa: F401 - registers its metrics
from tests.support.chart import find, render

pytestmark = pytest.mark.chart


def test_every_metric_of_the_prometheus_rule_exists() -> None:
    assert videostream_consumer.metrics.RECORDS
    rule = find(
        render(values={"metrics.prometheusRule.enabled": True}), "PrometheusRule", "vs-videostream"
    )
    expressions = [one["expr"] for group in rule["spec"]["groups"] for one in group["rules"]]
    used = {name for text in expressions for name in re.findall(r"\bvideostream_\w+", text)}
    metrics = list(prometheus_client.REGISTRY.collect())
    # A counter is collected without the suffix that it is exposed with.
    exposed = {f"{m.name}_total" if m.type == "counter" else m.name for m in metrics}
    assert used <= exposed
    assert len(expressions) >= 5
