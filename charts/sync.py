"""Bring into the chart what belongs elsewhere: the CRD, dashboards, alert rules, the values table.

Helm packages only what lies inside a chart, and links get lost in archives and on Windows, so the
chart holds copies. Run `python3 -m charts.sync` after a change of a source; a test demands
equality. Standard library only, so that it runs before anything is installed.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CHART = ROOT / "charts" / "videostream"
SUBCHARTS = ("kafka", "influxdb", "grafana")
_COPIES = (
    ("crds", "*.yaml", CHART / "files" / "crds"),
    ("grafana/dashboards", "*.json", CHART / "files" / "dashboards"),
    ("grafana/alerts", "*.yaml", CHART / "files" / "alerts"),
    ("grafana/datasources", "*.yaml", CHART / "charts" / "grafana" / "files" / "datasources"),
)
_TABLE_START = "<!-- values table: written by charts/sync.py -->"
_TABLE_END = "<!-- end of the values table -->"


def wanted_files() -> dict[Path, bytes]:
    """Every file of the chart that is derived, with the content it should have."""
    files = {
        target / source.name: source.read_bytes()
        for folder, pattern, target in _COPIES
        for source in sorted((ROOT / folder).glob(pattern))
    }
    readme = CHART / "README.md"
    head, _, rest = readme.read_text().partition(_TABLE_START)
    _, _, tail = rest.partition(_TABLE_END)
    table = f"{head}{_TABLE_START}\n{values_table()}{_TABLE_END}{tail}"
    return files | {readme: table.encode()}


def stale_copies() -> list[Path]:
    """Files in the folders of copies whose source is gone."""
    wanted = wanted_files()
    return [path for _, _, target in _COPIES for path in target.glob("*") if path not in wanted]


def values_table() -> str:
    """Markdown table of every value: key, default, description."""
    lines = ["| Value | Default | Description |", "|---|---|---|"]
    for key, schema in leaves():
        default = json.dumps(schema["default"], ensure_ascii=False)
        description = schema["description"].replace("|", "\\|")
        lines.append(f"| `{key}` | `{default}` | {description} |")
    return "\n".join(lines) + "\n"


def leaves() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the dotted key and schema of each value that has a default of its own."""
    root = json.loads((CHART / "values.schema.json").read_text())
    for name, schema in root["properties"].items():
        if name in SUBCHARTS:
            subchart = json.loads((CHART / "charts" / name / "values.schema.json").read_text())
            properties = {k: v for k, v in subchart["properties"].items() if k != "global"}
            yield from _leaves(name, {"properties": properties})
        else:
            yield from _leaves(name, schema)


def _leaves(key: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "default" in schema:
        yield key, schema
        return
    for name, child in schema.get("properties", {}).items():
        yield from _leaves(f"{key}.{name}", child)


def main() -> None:
    """Write what differs and remove what has no source."""
    for path in stale_copies():
        path.unlink()
    for path, content in wanted_files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
