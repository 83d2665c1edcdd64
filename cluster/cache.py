"""The cache of built things: one folder for each, named by version and by a hash of the recipe.

An entry appears by one atomic rename, so a reader never sees half of it, and a lock file
lets two commands at once share one build.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def cache_dir() -> Path:
    """Return the cache folder: ``$VIDEOSTREAM_CACHE``, else ``~/.cache/videostream``."""
    named = os.environ.get("VIDEOSTREAM_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "videostream"


def log_file(name: str) -> Path:
    """Return the log file of a step; it is kept between runs and overwritten by the next."""
    return cache_dir() / "logs" / f"{name}.log"


def fresh_log(name: str) -> Path:
    """Return the log file of a step, emptied."""
    log = log_file(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    return log


def entry_key(name: str, version: str, *recipe: str | bytes) -> str:
    """Return the name of a cache entry: readable name and version, and a hash of its recipe."""
    digest = hashlib.sha256()
    for part in recipe:
        data = part.encode() if isinstance(part, str) else part
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(f"{len(data)}:".encode() + data)
    return f"{name}-{version}-{digest.hexdigest()[:12]}"


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the lock ``name`` against other processes; a killed process holds none."""
    path = cache_dir() / "locks" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def ensure(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the folder of entry ``key``, made by ``build(folder)`` when it is absent."""
    final = cache_dir() / kind / key
    if final.is_dir():
        return final
    with lock(key):
        if final.is_dir():
            return final
        final.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=final.parent))
        try:
            build(work)
            # mkdtemp makes it private; what is built here ends in images that run as other users.
            work.chmod(0o755)
            work.rename(final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return final
