"""Cache entries: keyed by version and recipe, made once, whole or not at all."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from cluster import cache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIDEOSTREAM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_key_names_the_thing_and_its_version() -> None:
    assert cache.entry_key("helm", "v4.3.1", "recipe").startswith("helm-v4.3.1-")


def test_key_changes_with_the_version_and_with_each_part_of_the_recipe() -> None:
    keys = {
        cache.entry_key("a", "1", "x", "y"),
        cache.entry_key("a", "2", "x", "y"),
        cache.entry_key("a", "1", "xy", ""),
        cache.entry_key("a", "1", "x", "z"),
    }
    assert len(keys) == 4


def test_key_is_the_same_for_text_and_its_bytes() -> None:
    assert cache.entry_key("a", "1", "x") == cache.entry_key("a", "1", b"x")


def test_an_entry_is_built_once() -> None:
    built = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "file").write_text("content")

    first = cache.ensure("things", "a-1", build)
    assert cache.ensure("things", "a-1", build) == first
    assert (first / "file").read_text() == "content"
    assert len(built) == 1


def test_a_failed_build_leaves_nothing_behind(own_cache: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "half").write_text("")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        cache.ensure("things", "a-1", build)
    assert list((own_cache / "things").iterdir()) == []


def test_other_users_may_read_an_entry() -> None:
    entry = cache.ensure("things", "a-1", lambda _folder: None)
    assert entry.stat().st_mode & 0o777 == 0o755


def test_two_builders_at_once_share_one_build() -> None:
    built = []
    begun = threading.Event()
    release = threading.Event()

    def build(folder: Path) -> None:
        built.append(folder)
        begun.set()
        assert release.wait(timeout=10)

    threads = [threading.Thread(target=cache.ensure, args=("t", "a-1", build)) for _ in range(2)]
    threads[0].start()
    assert begun.wait(timeout=10)
    threads[1].start()
    release.set()
    for thread in threads:
        thread.join(timeout=10)
    assert len(built) == 1
