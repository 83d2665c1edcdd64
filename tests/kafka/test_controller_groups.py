"""Groups on a real broker: first offsets, and the process that may die of a library's fault."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest

from videostream_controller.autoscaling import Report, Sample
from videostream_controller.kafka import (
    KafkaClient,
    KafkaUnavailable,
    SampleTarget,
    Sweeper,
    delete_group,
    ensure_offsets,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.kafka import Broker

pytestmark = pytest.mark.kafka


@pytest.fixture
async def client(kafka: Broker, tmp_path: Path) -> AsyncIterator[KafkaClient]:
    client = KafkaClient(kafka.write_connection(tmp_path))
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


def target(group: str, topic: str, key: str = "a/b") -> SampleTarget:
    return SampleTarget(key, group, topic, "topic-id", 12)


async def sample(client: KafkaClient, group: str, topic: str) -> list[tuple[int | None, int, int]]:
    """Return committed, first and end offset of each partition."""
    found = (await Sweeper(client).sweep([target(group, topic)]))["a/b"]
    assert isinstance(found, Sample), found
    return [(part.committed, part.start, part.end) for part in found.partitions]


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
    assert await sample(client, group, topic) == [(offset, 0, 6)] * 12


async def test_one_gap_makes_a_lag_unknown_and_leaves_the_others(
    topic: str, client: KafkaClient, group: str
) -> None:
    await ensure_offsets(client, group, topic, partitions=12, start_from="Latest")
    samples = await Sweeper(client).sweep(
        [
            target(group, topic, "a/good"),
            target(f"{group}-none", topic, "a/none"),
            target(group, f"{topic}-gone", "a/gone"),
        ]
    )
    assert isinstance(samples["a/good"], Sample)
    assert "no offset for 12 of 12" in str(samples["a/none"])
    assert "UNKNOWN_TOPIC_OR_PART" in str(samples["a/gone"])


@pytest.mark.parametrize("protocol", ["consumer", "classic"])
async def test_what_consumers_say_of_their_capacity_comes_with_their_commits(
    kafka: Broker, topic: str, client: KafkaClient, group: str, protocol: str
) -> None:
    await ensure_offsets(client, group, topic, partitions=12, start_from="Latest")
    said = '{"v":1,"m":"pod-1","mu":12.5,"busy":0.4,"blk":0.0,"t":1790000000}'
    fill(kafka, topic, each=3)
    kafka.commit(group, topic, dict.fromkeys(range(12), 2), metadata=said, protocol=protocol)
    found = (await Sweeper(client).sweep([target(group, topic)]))["a/b"]
    assert isinstance(found, Sample)
    assert found.reports == (Report("pod-1", 12.5, 0.4, 0.0, 1790000000),)
    assert {part.committed for part in found.partitions} == {2}


async def test_records_that_were_deleted_are_no_lag(
    kafka: Broker, topic: str, client: KafkaClient, group: str
) -> None:
    await ensure_offsets(client, group, topic, partitions=12, start_from="Latest")
    fill(kafka, topic, each=4)
    kafka.delete_records(topic, dict.fromkeys(range(12), 3))
    assert await sample(client, group, topic) == [(0, 3, 4)] * 12


async def test_a_group_at_rest_is_not_asked_again_until_a_record_comes(
    kafka: Broker, topic: str, client: KafkaClient, group: str
) -> None:
    await ensure_offsets(client, group, topic, partitions=12, start_from="Latest")
    sweeper, one = Sweeper(client), target(group, topic)
    first = (await sweeper.sweep([one]))["a/b"]
    assert await delete_group(client, group)
    resting = (await sweeper.sweep([one]))["a/b"]
    assert isinstance(first, Sample)
    assert isinstance(resting, Sample)
    assert resting.partitions == first.partitions
    assert resting.at_s > first.at_s
    fill(kafka, topic, each=1)
    assert "no offset" in str((await sweeper.sweep([one]))["a/b"])


async def test_the_end_of_the_admin_process_is_an_outage_and_not_ours(
    topic: str, client: KafkaClient, group: str
) -> None:
    await ensure_offsets(client, group, topic, partitions=12, start_from="Latest")
    child = client._admin_process._child
    assert child is not None
    child.kill()
    await child.wait()
    assert await delete_group(client, group), "a process that has ended is replaced"

    broken = {"do": "nothing that the process knows"}
    with pytest.raises(KafkaUnavailable, match="process ended"):
        await client.request(broken, timeout_s=5)


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
    sweeper = Sweeper(client)

    async def lag_is_known() -> bool:
        return isinstance((await sweeper.sweep([target(group, topic)]))["a/b"], Sample)

    assert await lag_is_known()
    kafka.stop()
    try:
        assert not await lag_is_known()
    finally:
        kafka.start()
    async with asyncio.timeout(45):
        while not await lag_is_known():  # noqa: ASYNC110 it is an attempt, not a flag
            await asyncio.sleep(0.5)
