"""Run the camera: ``python3 -m camera``. Ends at SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from gi.repository import GLib

from .feed import Fault, Feed
from .jpeg import JpegEncoder
from .rtsp import PATH, RtspServer
from .settings import SettingInvalidError, Settings, read_settings
from .web import MJPEG_PATH, WebServer

if TYPE_CHECKING:
    from collections.abc import Callable

_SWITCH_TIMEOUT_S = 5.0

_log = logging.getLogger("camera")


class FaultSwitch:
    """Switches faults inside the main loop, to which the RTSP server belongs.

    A drop ends by itself; any later fault replaces it.
    """

    def __init__(self, feed: Feed, rtsp: RtspServer) -> None:
        self._feed = feed
        self._rtsp = rtsp
        self._end_of_drop_id: int | None = None

    def switch(self, fault: Fault, drop_s: int) -> None:
        """Switch to a fault and return when it is in effect. For other threads."""
        done: Future[None] = Future()

        def switch() -> bool:
            self._apply(fault, drop_s)
            done.set_result(None)
            return bool(GLib.SOURCE_REMOVE)

        GLib.idle_add(switch)
        done.result(_SWITCH_TIMEOUT_S)

    def _apply(self, fault: Fault, drop_s: int) -> None:
        _log.info("fault: %s", fault.value)
        if self._end_of_drop_id is not None:
            GLib.source_remove(self._end_of_drop_id)
            self._end_of_drop_id = None
        self._feed.fault = fault
        if fault is Fault.DROP:
            self._rtsp.close()
            self._end_of_drop_id = GLib.timeout_add_seconds(drop_s, self._end_drop)
        else:
            self._rtsp.open()

    def _end_drop(self) -> bool:
        self._end_of_drop_id = None
        self._apply(Fault.NONE, 0)
        return bool(GLib.SOURCE_REMOVE)


def serve(settings: Settings) -> None:
    """Serve viewers until a signal ends it; raise OSError when a port is taken."""
    feed = Feed(width=settings.width, height=settings.height, fps=settings.fps)
    rtsp = RtspServer(feed, settings)
    web = WebServer(
        settings.http_port,
        feed=feed,
        encoder=JpegEncoder(settings),
        credentials=settings.credentials,
        switch_fault=FaultSwitch(feed, rtsp).switch,
    )
    loop = GLib.MainLoop()
    rtsp.open()
    works = (feed.run, rtsp.pump, web.serve_forever)
    threads = [threading.Thread(target=_run, args=(work, loop), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    _log.info(
        "%dx%d at %d fps: rtsp port %d path %s, http port %d path %s, %s",
        *(settings.width, settings.height, settings.fps),
        *(settings.rtsp_port, PATH, settings.http_port, MJPEG_PATH),
        "open to all" if settings.credentials is None else "with credentials",
    )
    loop.run()
    rtsp.close()
    if not all(thread.is_alive() for thread in threads):
        sys.exit("camera: a part of it has failed")
    _log.info("ended by a signal")


def _run(work: Callable[[], None], loop: Any) -> None:
    """Run one part; a part that fails takes the camera down, to be started anew as a whole."""
    try:
        work()
    finally:
        loop.quit()


def main() -> None:
    """Read the environment, serve, and turn what is wrong at the start into one line."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s"
    )
    try:
        serve(read_settings(os.environ))
    except (SettingInvalidError, OSError) as error:
        sys.exit(f"camera: {error}")


if __name__ == "__main__":
    main()
