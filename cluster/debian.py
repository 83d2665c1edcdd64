"""Debian packages that the tooling needs, installed only where they are missing."""

from __future__ import annotations

import os
import shutil
import subprocess

from cluster import cache
from cluster.progress import run_logged, say, step


def can_install() -> bool:
    """Tell whether this process may install packages: root on a Debian-like system."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*packages: str) -> None:
    """Install those of the packages that are missing, never asking anything.

    Raises RuntimeError where packages are missing and can't be installed by this user.
    """
    missing = [name for name in packages if not _is_installed(name)]
    if not missing:
        return
    if not can_install():
        raise RuntimeError(
            f"missing: {', '.join(missing)}. Install them, or run this command as root on Debian, "
            "where it installs them by itself."
        )
    # apt holds one lock for the whole machine: two commands at once must queue here.
    with cache.lock("apt"), step(f"installing {' '.join(missing)}"):
        log = cache.fresh_log("apt")
        # Old package lists name versions that the archive may have replaced.
        run_logged(["apt-get", "update"], log=log)
        run_logged(
            ["apt-get", "install", "-y", "--no-install-recommends", *missing],
            log=log,
            # With run level 1 the packages don't start their services: the engine is ours to start.
            env={"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"},
        )


def install_for(commands: dict[str, str]) -> None:
    """Install the packages of those commands (``{command: package}``) that are not on PATH."""
    absent = {package for command, package in commands.items() if not find_command(command)}
    if absent:
        say(f"not on PATH: {', '.join(c for c in commands if not find_command(c))}")
        install(*sorted(absent))


def find_command(name: str) -> str | None:
    """Return the path of a command, looking in the sbin folders too."""
    return shutil.which(name) or shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin")


def _is_installed(package: str) -> bool:
    if shutil.which("dpkg-query") is None:
        return False
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.endswith("ok installed")
