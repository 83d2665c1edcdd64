"""The Docker engine: the one that runs is used as it is; where there is none, ours is started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from cluster import cache, debian
from cluster.progress import StepFailedError, say, step, tail

_EXEC_ROOT = Path("/run/videostream-docker")
_PACKAGES = ("docker.io", "containerd", "runc", "iptables", "ca-certificates")
_CAP_SYS_RESOURCE = 24
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 60.0
_POLL_S = 0.2

# An engine that this process started outlives it. Its handle is kept: Python warns of one that is
# thrown away while its process runs.
_started: list[subprocess.Popen[bytes]] = []


def engine_dir() -> Path:
    """Return the folder of the engine that we start: its pid file, data and runtime shim."""
    return cache.cache_dir() / "engine"


def answers() -> bool:
    """Tell whether a Docker engine answers at the place where the client looks for it."""
    client = shutil.which("docker")
    if client is None:
        return False
    done = subprocess.run(
        [client, "version", "--format", "{{.Server.Version}}"], capture_output=True, check=False
    )
    return done.returncode == 0


def ensure() -> None:
    """Make sure that an engine answers, starting one where there is none.

    Raises RuntimeError when none answers and none can be started here.
    """
    if answers():
        return
    with cache.lock("engine"):
        if answers():
            return
        if elsewhere := os.environ.get("DOCKER_HOST"):
            raise RuntimeError(f"no Docker engine answers at DOCKER_HOST={elsewhere}")
        if not debian.can_install():
            raise RuntimeError(
                "no Docker engine answers. Start Docker, or run this command as root on Debian, "
                "where it installs and starts an engine by itself."
            )
        debian.install(*_PACKAGES)
        with step("starting the Docker engine"):
            _start()


def lacks_sys_resource(status: str) -> bool:
    """Tell from the text of ``/proc/self/status`` whether CAP_SYS_RESOURCE is out of reach."""
    for line in status.splitlines():
        if line.startswith("CapBnd:"):
            return not int(line.split()[1], 16) >> _CAP_SYS_RESOURCE & 1
    return False


def _start() -> None:
    home = engine_dir()
    home.mkdir(parents=True, exist_ok=True)
    _forget_dead()
    command = [
        debian.find_command("dockerd") or "dockerd",
        *("--data-root", str(home / "data")),
        *("--exec-root", str(_EXEC_ROOT)),
        *("--pidfile", str(pid_file())),
    ]
    if lacks_sys_resource(Path("/proc/self/status").read_text()):
        say("this machine lacks CAP_SYS_RESOURCE: containers run through a fitting runtime shim")
        command += ["--add-runtime", f"fit={_install_shim()}", "--default-runtime", "fit"]
    log = cache.fresh_log("dockerd")
    with log.open("a") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            # Its own session: the engine outlives this command and its terminal.
            start_new_session=True,
        )
    _started.append(process)
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise StepFailedError(f"the Docker engine did not come up; log: {log}\n{tail(log)}")
        time.sleep(_POLL_S)


def _install_shim() -> Path:
    # The system's Python where there is one: a virtual environment may be gone tomorrow.
    interpreter = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    source = Path(__file__).with_name("runtime_shim.py").read_text()
    shim = engine_dir() / "fit-runc"
    fresh = shim.with_suffix(".new")
    fresh.write_text(f"#!{interpreter} -IS\n{source}")
    fresh.chmod(0o755)
    fresh.rename(shim)
    return shim


def pid_file() -> Path:
    """Return the pid file of the engine that we start."""
    return engine_dir() / "dockerd.pid"


def own_pid() -> int | None:
    """Return the process id of the engine that we started, None when none of ours runs."""
    return _running(pid_file(), marker=str(pid_file()))


def _running(file: Path, *, marker: str) -> int | None:
    """Return the process id in a pid file, None unless that process has ``marker`` in its command.

    A pid file outlives a crash, and its number may then belong to another program or a zombie.
    """
    try:
        pid = int(file.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if marker.encode() in command else None


def _forget_dead() -> None:
    # The engine believes the pid file of its containerd, and would wait for a dead one for ever.
    for file in (pid_file(), _EXEC_ROOT / "containerd" / "containerd.pid"):
        if _running(file, marker=str(file.parent)) is None:
            file.unlink(missing_ok=True)


def stop() -> bool:
    """Stop the engine if it is ours; return whether it was. Its images are kept."""
    pid = own_pid()
    if pid is None:
        return False
    with step("stopping the Docker engine"):
        os.kill(pid, signal.SIGTERM)
        deadline_s = time.monotonic() + _STOP_TIMEOUT_S
        while Path(f"/proc/{pid}").exists() and _state(pid) != "Z":
            if time.monotonic() > deadline_s:
                raise StepFailedError(
                    f"the Docker engine (pid {pid}) does not stop; log: {cache.log_file('dockerd')}"
                )
            time.sleep(_POLL_S)
    return True


def remove_data() -> None:
    """Remove the images and volumes of the engine that we start; it must be stopped."""
    shutil.rmtree(engine_dir() / "data", ignore_errors=True)


def _state(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return "Z"
