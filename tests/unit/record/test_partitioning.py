"""The partitioner printed in docs/frame-record.md is Kafka's, so the page alone is enough."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[3] / "docs" / "frame-record.md"


def documented_murmur2() -> Callable[[bytes], int]:
    source = DOCUMENT.read_text().split("```python murmur2\n")[1].split("```")[0]
    names: dict[str, Callable[[bytes], int]] = {}
    exec(source, names)  # noqa: S102 (our own page)
    return names["murmur2"]


@pytest.mark.parametrize(
    ("key", "signed"),
    # The vectors of Kafka's own UtilsTest.
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_documented_murmur2_is_kafkas(key: bytes, signed: int) -> None:
    assert documented_murmur2()(key) == signed % 2**32


def test_documented_example_is_right() -> None:
    found = re.search(
        r'murmur2\("(.+)"\) & 0x7fffffff` = (\d+), which is partition (\d+) of (\d+)',
        DOCUMENT.read_text(),
    )
    assert found is not None
    key, full, partition, partitions = found.groups()
    assert documented_murmur2()(key.encode()) & 0x7FFFFFFF == int(full)
    assert int(full) % int(partitions) == int(partition)
