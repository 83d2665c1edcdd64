"""Runs the queries of the Grafana dashboards and alert rules against a real InfluxDB.

Grafana itself cannot be had everywhere, its queries can be proven without it: each is InfluxQL
once Grafana's macros and variables are filled in, and must find the points that we write.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

GRAFANA = Path(__file__).parents[2] / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
ALERTS = sorted((GRAFANA / "alerts").glob("*.yaml"))

Row = Mapping[str, Any]
Query = Callable[[str], Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a dashboard: a variable's, or a panel's."""

    dashboard: str
    place: str
    query: str
    interval_ms: int


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert rule: a query, a reduction of each of its series, a threshold."""

    title: str
    query: str
    window_s: int
    reducer: str
    comparison: str
    threshold: float


def targets(dashboard: Path) -> Iterator[Target]:
    """Give every query of a dashboard."""
    board = json.loads(dashboard.read_text())
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield Target(dashboard.stem, f"variable {variable['name']}", variable["query"], 1000)
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            place = f"{panel['title']} {target['refId']}"
            interval_ms = int(panel.get("interval", "1s").removesuffix("s")) * 1000
            yield Target(dashboard.stem, place, target["query"], interval_ms)


def influxql(query: str, *, window_s: int, interval_ms: int, **variables: str) -> str:
    """Fill in macros and variables as Grafana does for a time range that ends now."""
    filled = query.replace("$timeFilter", f"time >= now() - {window_s}s AND time <= now()")
    filled = filled.replace("$__interval_ms", str(interval_ms))
    filled = filled.replace("$__interval", f"{interval_ms}ms")
    for name, value in variables.items():
        filled = filled.replace(f"${name}", value)
    if "$" in filled:
        raise ValueError(f"a macro or variable is left over: {filled}")
    return filled


def queries_without_rows(query: Query, *, namespace: str, stream: str, window_s: int) -> list[str]:
    """Run every query of every dashboard for one stream; name those that find nothing.

    `query` runs one InfluxQL statement and gives a mapping per row.
    """
    empty = []
    for dashboard in DASHBOARDS:
        for target in targets(dashboard):
            statement = influxql(
                target.query,
                window_s=window_s,
                interval_ms=target.interval_ms,
                namespace=namespace,
                stream=stream,
            )
            if not any(has_value(row) for row in query(statement)):
                empty.append(f"{target.dashboard}: {target.place}: {statement}")
    return empty


def has_value(row: Row) -> bool:
    """Tell whether a row holds more than its time."""
    return any(value is not None for column, value in row.items() if column != "time")


def alerts() -> Iterator[Alert]:
    """Give every alert rule that we ship."""
    for path in ALERTS:
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                yield _alert(rule)


def firing(alert: Alert, query: Query) -> set[str]:
    """Evaluate a rule now and give the names of the streams for which it fires."""
    statement = influxql(alert.query, window_s=alert.window_s, interval_ms=10_000)
    series: dict[str, list[float]] = {}
    for row in query(statement):
        (value,) = [row[name] for name in row if name not in {"time", "namespace", "stream"}]
        if value is not None:
            series.setdefault(row["stream"], []).append(value)
    return {stream for stream, values in series.items() if _exceeds(alert, values)}


def _alert(rule: Mapping[str, Any]) -> Alert:
    query, reduction, threshold = rule["data"]
    condition = threshold["model"]["conditions"][0]["evaluator"]
    return Alert(
        title=rule["title"],
        query=query["model"]["query"],
        window_s=query["relativeTimeRange"]["from"],
        reducer=reduction["model"]["reducer"],
        comparison=condition["type"],
        threshold=condition["params"][0],
    )


def _exceeds(alert: Alert, values: Sequence[float]) -> bool:
    reduced = {"last": values[-1], "max": max(values), "sum": sum(values)}[alert.reducer]
    match alert.comparison:
        case "gt":
            return reduced > alert.threshold
        case "lt":
            return reduced < alert.threshold
        case other:
            raise ValueError(f"comparison {other!r} is unknown: expected gt or lt")
