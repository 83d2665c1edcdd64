"""Groups on a real broker: first offsets, and the process that may die of a library's fault."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest

from videostream_controller.kafka import (
    KafkaClient,
    KafkaUnavailable,
    LagTarget,
    delete_group,
    ensure_offsets,
    sweep,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.kafka import Broker

pytestmark = pytest.mark.kafka


@pytest.fixture
async def client(kafka: Broker, tmp_path: Path) -> AsyncIterator[KafkaClient]:
    (tmp_path / "bootstrap.servers").write_text(kafka.bootstrap_servers)
    client = KafkaClient(tmp_path)
    yield client
    await client.close()


@pytest.fixture
def group() -> str:
    return f"group-{uuid.uuid4().hex[:8]}"


def fill(kafka: Broker, topic: str, *, each: int) -> None:
    producer = kafka.producer()
    for number in range(12 * each):
        producer.produce(topic, b"frame", partition=number % 12)
    assert producer.flush(10) == 0


@pytest.mark.parametrize(("start_from", "offset"), [("Latest", 5), ("Earliest", 0)])
async def test_a_new_group_starts_where_the_spec_says(
    kafka: Broker, topic: str, client: KafkaClient, group: str, start_from: str, offset: int
) -> None:
    fill(kafka, topic, each=5)
    made = await ensure_offsets(client, group, topic, partitions=12, start_from=start_from)  # type: ignore[arg-type]
    assert made == 12
    committed = kafka.committed(group, topic)
    assert {number: found for number, (found, _) in committed.items()} == (
        dict.fromkeys(range(12), offset)
    )
    fill(kafka, topic, each=1)
    again = await ensure_offsets(client, group, topic, partitions=12, start_from="Latest")
    assert again == 0, "offsets that are there are not touched"
    target = LagTarget("a/b", group, topic, 12)
    samples = await sweep(client, [target])
    assert samples["a/b"].records == 12 * (6 - offset)


async def test_one_gap_makes_a_lag_unknown_and_leaves_the_others(
    topic: str, client: KafkaClient, group: str
) -> None:
    await ensure_offsets(client, group, topic, partitions=12, start_from="Latest")
    samples = await sweep(
        client,
        [
            LagTarget("a/good", group, topic, 12),
            LagTarget("a/none", f"{group}-none", topic, 12),
            LagTarget("a/gone", group, f"{topic}-gone", 12),
        ],
    )
    assert samples["a/good"].records == 0
    assert samples["a/none"].records is None
    assert "no offset" in samples["a/none"].message
    assert samples["a/gone"].records is None


async def test_the_end_of_the_group_process_is_an_outage_and_not_ours(
    topic: str, client: KafkaClient, group: str
) -> None:
    await ensure_offsets(client, group, topic, partitions=12, start_from="Latest")
    child = client._group_process._child
    assert child is not None
    child.kill()
    await child.wait()
    assert await delete_group(client, group), "a process that has ended is replaced"

    broken = {"do": "nothing that the process knows"}
    with pytest.raises(KafkaUnavailable, match="process ended"):
        await client.ask_groups(broken, timeout_s=5)


async def test_deleting_a_group_twice_is_no_error(
    topic: str, client: KafkaClient, group: str
) -> None:
    await ensure_offsets(client, group, topic, partitions=12, start_from="Latest")
    assert await delete_group(client, group)
    assert not await delete_group(client, group)


@pytest.mark.timeout(180)
async def test_groups_are_known_again_soon_after_an_outage_of_the_broker(
    kafka: Broker, topic: str, client: KafkaClient, group: str
) -> None:
    await ensure_offsets(client, group, topic, partitions=12, start_from="Latest")
    target = LagTarget("a/b", group, topic, 12)
    before = await sweep(client, [target])
    assert before["a/b"].records == 0
    kafka.stop()
    try:
        during = await sweep(client, [target])
    finally:
        kafka.start()
    assert during["a/b"].records is None

    records = None
    async with asyncio.timeout(45):
        while records != 0:
            records = (await sweep(client, [target]))["a/b"].records
            await asyncio.sleep(0.5)
