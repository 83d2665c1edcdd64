"""Dashboards, alert rules and data source keep our rules, and the linter sees what breaks them."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.grafana_lint import alert_problems, dashboard_problems
from tests.support.dashboards import ALERTS, DASHBOARDS, GRAFANA

pytestmark = pytest.mark.chart


def rules() -> list[Any]:
    return [
        rule
        for path in ALERTS
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_dashboard_keeps_the_rules(path: Path) -> None:
    assert list(dashboard_problems(json.loads(path.read_text()))) == []
    # The ConfigMap with all dashboards must stay below 1 MiB.
    assert path.stat().st_size < 150_000


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda board: board.update(editable=True), "is editable"),
        (lambda board: board.update(id=7), "has an id"),
        (lambda board: board.update(schemaVersion=42), "schemaVersion is 42"),
        (lambda board: board["panels"][0].update(title=""), "no title"),
        (lambda board: board["panels"][0].update(targets=[]), "no target"),
        (lambda board: board["panels"][0].update(datasource={"uid": "P1"}), "does not use"),
        (lambda board: board["panels"][1].update(id=1), "same id"),
        (lambda board: board["panels"][1]["gridPos"].update(x=0), "lies over State"),
        (lambda board: board["templating"]["list"].pop(0), "one data source variable"),
        (lambda board: board["templating"]["list"][1].update(refresh=1), "must refresh"),
        (
            lambda board: board["panels"][0]["targets"][0].update(query="SELECT 1"),
            "does not filter by '$stream'",
        ),
        (
            lambda board: board["panels"][0]["fieldConfig"]["defaults"].update(unit="furlong"),
            "unit 'furlong'",
        ),
    ],
)
def test_linter_sees(change: Any, sentence: str) -> None:
    board = json.loads(DASHBOARDS[0].read_text())
    change(board)
    assert any(sentence in problem for problem in dashboard_problems(board))


def test_dashboard_uids_are_unique() -> None:
    uids = [json.loads(path.read_text())["uid"] for path in DASHBOARDS]
    assert len(uids) == len(set(uids)) > 0


def test_alert_rules_keep_the_rules() -> None:
    found = {rule["uid"]: list(alert_problems(rule)) for rule in rules()}
    assert not any(found.values()), found
    assert len(found) == len(rules()) > 0


def test_linter_sees_a_broken_alert() -> None:
    rule = copy.deepcopy(rules()[0])
    rule["data"][0]["datasourceUid"] = "somewhere"
    del rule["annotations"]["summary"]
    assert list(alert_problems(rule)) == [
        "no annotation summary",
        "the query must use the provisioned data source",
    ]


def test_alerts_use_the_data_source_that_is_provisioned() -> None:
    (source,) = yaml.safe_load((GRAFANA / "datasources" / "videostream.yaml").read_text())[
        "datasources"
    ]
    used = {part["datasourceUid"] for rule in rules() for part in rule["data"]}
    assert used == {source["uid"], "__expr__"}
    assert source["jsonData"]["httpHeaderName1"] == "Authorization"
