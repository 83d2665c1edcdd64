"""What an interval tells: counts, percentiles, and where the time of frames went."""

import pytest

from videostream_consumer.stages import STAGES, Passage
from videostream_consumer.tally import Tally, percentiles

S = 1_000_000_000
START = 1_790_000_000 * S


def test_percentiles() -> None:
    assert percentiles([2.0]) == (2.0, 2.0)
    assert percentiles([n / 100 for n in range(101)]) == pytest.approx((0.5, 0.95))


def test_what_is_unknown_has_no_field() -> None:
    fields = Tally(processed=1, points_written=3).fields(lag_records=None)
    assert set(fields) == {
        "processed",
        "skipped_stale",
        "skipped_invalid",
        "points_written",
        "points_rejected",
    }
    assert Tally().fields(lag_records=4)["lag_records"] == 4


def test_the_stages_of_each_frame_add_up_to_its_latency() -> None:
    captured = [START, START + S // 4]
    passage = Passage(START + S, START + 3 * S, START + 7 * S)
    assert passage.latencies_s(captured) == [7.0, 6.75]
    stages = passage.stages_s(captured)
    assert stages == {"taken": [1.0, 0.75], "measured": [2.0, 2.0], "stored": [4.0, 4.0]}
    assert [sum(times) for times in zip(*stages.values(), strict=True)] == [7.0, 6.75]
    tally = Tally()
    tally.add_times(passage, captured)
    fields = tally.fields(lag_records=None)
    assert (fields["measured_p50_s"], fields["stored_p95_s"]) == (2.0, 4.0)
    assert fields["taken_p50_s"] == pytest.approx(0.875)
    assert fields["latency_p50_s"] == pytest.approx(6.875)


def test_a_clock_that_runs_behind_gives_no_negative_time() -> None:
    behind = Passage(START, START - S, START - S // 2)
    assert behind.latencies_s([START + S]) == [0.0]
    assert behind.stages_s([START + S]) == {"taken": [0.0], "measured": [0.0], "stored": [0.5]}


def test_an_interval_keeps_no_more_than_its_bound() -> None:
    tally = Tally()
    for _ in range(30):
        tally.add_times(Passage(START, START, START), [START] * 1000)
    assert [len(tally.stages_s[stage]) for stage in STAGES] == [20_000] * 3
    assert len(tally.latencies_s) == 20_000
