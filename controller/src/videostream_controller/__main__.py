"""Command line: `run` (default) the controller, set InfluxDB up, or test the connections."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from typing import Final

from videostream_controller.settings import Settings, SettingsInvalid, parse_settings
from videostream_pipeline.logs import configure_logging

_log = logging.getLogger("videostream_controller")
# Every list or answer of the API server is thousands of containers that stay: Python's own 700 had
# the collector look at them again and again, for a fifth of the CPU while 1,000 streams were read.
_COLLECT_AFTER: Final = 50_000


def main() -> None:
    """Run the chosen command and exit with its code."""
    parser = argparse.ArgumentParser(prog="videostream-controller", description=__doc__)
    commands = {
        "run": _run,
        "bootstrap-influx": _bootstrap_influx,
        "connection-test": _connection_test,
    }
    parser.add_argument("command", nargs="?", choices=commands, default="run")
    command = commands[parser.parse_args().command]
    level = os.environ.get("LOG_LEVEL", "INFO").upper()
    configure_logging(level)
    # It says the same about an outage many times a second; we say it once.
    logging.getLogger("librdkafka").setLevel(level if level == "DEBUG" else logging.CRITICAL)
    sys.exit(command())


def _run() -> int:
    try:
        settings = parse_settings(os.environ)
    except SettingsInvalid as invalid:
        for error in invalid.errors:
            _log.error("setting %s", error)
        return 1
    gc.set_threshold(_COLLECT_AFTER)
    asyncio.run(_until_signal(settings))
    return 0


async def _until_signal(settings: Settings) -> None:
    # Imported late, so that the one-shot commands need neither kopf nor its 0.5 s.
    from videostream_controller.run import run  # noqa: PLC0415

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def listen() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)

    listen()
    # kopf puts its own signal handlers in place when it starts: ours come back after that.
    await run(settings, stop, on_watching=listen)


def _bootstrap_influx() -> int:
    from videostream_controller.bootstrap import main as bootstrap  # noqa: PLC0415

    return bootstrap(os.environ)


def _connection_test() -> int:
    from videostream_controller.connection_test import main as test  # noqa: PLC0415

    return test(os.environ)


if __name__ == "__main__":
    main()
