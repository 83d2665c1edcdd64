"""Rules for dashboards and alert rules that Grafana itself does not enforce."""

from collections.abc import Iterator, Mapping
from typing import Any

SCHEMA_VERSIONS = range(39, 42)  # what Grafana 10 to 13 read without converting
GRID_WIDTH = 24
UNITS = {"s", "bytes", "percentunit", "none", "short", "string"}
DATA_SOURCE = {"type": "influxdb", "uid": "${datasource}"}

Json = Mapping[str, Any]


def dashboard_problems(board: Json) -> Iterator[str]:
    """Give one sentence for each rule that a dashboard breaks."""
    for key in ("uid", "title", "description"):
        if not board.get(key):
            yield f"the dashboard has no {key}"
    if "id" in board:
        yield "the dashboard has an id, which belongs to one Grafana only"
    if board.get("editable") is not False:
        yield "the dashboard is editable, but changes would be lost"
    if board.get("schemaVersion") not in SCHEMA_VERSIONS:
        yield f"schemaVersion is {board.get('schemaVersion')}; expected {SCHEMA_VERSIONS}"
    yield from _variable_problems(board["templating"]["list"])
    ids = [panel["id"] for panel in board["panels"]]
    if len(ids) != len(set(ids)):
        yield "two panels have the same id"
    yield from _overlaps(board["panels"])
    for panel in board["panels"]:
        yield from (f"{panel.get('title')}: {problem}" for problem in _panel_problems(panel))


def _variable_problems(variables: list[Json]) -> Iterator[str]:
    sources = [v for v in variables if v["type"] == "datasource"]
    if [(v["name"], v["label"]) for v in sources] != [("datasource", "Data source")]:
        yield "there must be one data source variable, `datasource`, labelled Data source"
    for variable in variables:
        if variable["type"] == "query":
            if variable["refresh"] != 2:
                yield f"variable {variable['name']} must refresh when the time range changes (2)"
            if variable["datasource"] != DATA_SOURCE:
                yield f"variable {variable['name']} does not use ${{datasource}}"


def _panel_problems(panel: Json) -> Iterator[str]:
    if not panel.get("title"):
        yield "no title"
    if panel["type"] == "row":
        return
    if not panel.get("description"):
        yield "no description"
    if panel.get("datasource") != DATA_SOURCE:
        yield "does not use ${datasource}"
    unit = panel["fieldConfig"]["defaults"].get("unit", "")
    if unit not in UNITS and not unit.startswith("suffix: "):
        yield f"unit {unit!r} is not one of Grafana's that we use"
    if not panel.get("targets"):
        yield "no target"
    for target in panel.get("targets", []):
        yield from _target_problems(target)


def _target_problems(target: Json) -> Iterator[str]:
    name = f"target {target['refId']}"
    if target.get("datasource") != DATA_SOURCE:
        yield f"{name} does not use ${{datasource}}"
    if not target.get("rawQuery") or not target.get("query"):
        yield f"{name} has no raw InfluxQL query"
    for part in ("$timeFilter", "'$namespace'", "'$stream'"):
        if part not in target.get("query", ""):
            yield f"{name} does not filter by {part}"
    if not target.get("alias"):
        yield f"{name} has no alias, so its legend would be the query's"


def _overlaps(panels: list[Json]) -> Iterator[str]:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        grid = panel["gridPos"]
        if grid["x"] + grid["w"] > GRID_WIDTH:
            yield f"{panel['title']}: wider than the grid"
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                other = taken.setdefault((x, y), panel["title"])
                if other != panel["title"]:
                    yield f"{panel['title']}: lies over {other}"
                    return


def alert_problems(rule: Json) -> Iterator[str]:
    """Give one sentence for each rule that an alert rule breaks."""
    for key in ("uid", "title", "noDataState", "execErrState"):
        if not rule.get(key):
            yield f"no {key}"
    for key in ("summary", "description"):
        if not rule.get("annotations", {}).get(key):
            yield f"no annotation {key}"
    if rule.get("labels", {}).get("severity") not in {"warning", "critical"}:
        yield "the label severity must be warning or critical"
    yield from _chain_problems(rule["data"], rule["condition"])


def _chain_problems(data: list[Json], condition: str) -> Iterator[str]:
    if [part["refId"] for part in data] != ["A", "B", "C"] or condition != "C":
        yield "must be a query A, a reduction B of A and a threshold C on B"
        return
    query, reduction, threshold = data
    if query["datasourceUid"] != "videostream-influxdb":
        yield "the query must use the provisioned data source"
    if query["relativeTimeRange"]["from"] <= 0:
        yield "the query has no time range"
    if [part["datasourceUid"] for part in (reduction, threshold)] != ["__expr__"] * 2:
        yield "B and C must be expressions"
    if (reduction["model"]["expression"], threshold["model"]["expression"]) != ("A", "B"):
        yield "B must reduce A, and C must look at B"
    for part in data:
        if part["model"]["refId"] != part["refId"]:
            yield f"{part['refId']}: the model's refId differs"
