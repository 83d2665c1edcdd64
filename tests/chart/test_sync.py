"""What the chart copies from other folders is what lies there."""

import pytest

from charts.sync import CHART, stale_copies, values_table, wanted_files

pytestmark = pytest.mark.chart


def test_copies_equal_their_sources() -> None:
    differing = [
        str(path.relative_to(CHART))
        for path, content in wanted_files().items()
        if not path.exists() or path.read_bytes() != content
    ]
    assert not differing, "run `make sync-chart`"
    assert not stale_copies(), "run `make sync-chart`"


def test_readme_lists_every_value() -> None:
    table = values_table()
    for key in ("crds.install", "kafka.persistence.size", "grafana.route.parentRefs"):
        assert f"| `{key}` |" in table
    assert table in (CHART / "README.md").read_text()
