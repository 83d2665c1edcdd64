"""docs/metrics.md tells of all metrics, and their names keep Prometheus' rules."""

import re

import pytest

from docs.metrics_reference import PAGE, Entry, entries, page

ALL = [entry for found in entries().values() for entry in found]


def test_the_page_is_what_the_code_declares() -> None:
    assert PAGE.read_text() == page(), "run `make metrics-doc`"


def test_every_process_has_its_metrics_and_no_name_is_there_twice() -> None:
    names = [entry.name for entry in ALL]
    assert len(names) == len(set(names))
    assert {
        "videostream_reconcile_total",  # of a module
        "videostream_lag_records",  # made when it is scraped
        "videostream_producer_dropped_frames_total",  # of a registry of its own
        "videostream_consumer_records_total",
    } <= set(names)


@pytest.mark.parametrize("entry", ALL, ids=lambda entry: entry.name)
def test_a_name_follows_the_rules_and_the_help_is_a_sentence(entry: Entry) -> None:
    assert re.fullmatch(r"videostream_[a-z]+(_[a-z]+)*", entry.name)
    assert entry.name.endswith("_total") == (entry.type == "counter")
    assert not re.search(r"_(ms|milliseconds|minutes|mib|mb|kb|percent)(_|$)", entry.name)
    if entry.type == "histogram":
        assert entry.unit, "what is distributed has a unit, at the end of its name"
    assert entry.help.endswith(".")
    assert "|" not in entry.help, "it would end the cell of the table"
    assert len(entry.labels) == len(set(entry.labels))
    assert "le" not in entry.labels
