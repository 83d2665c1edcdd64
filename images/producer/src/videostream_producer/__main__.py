"""The command `videostream-producer`: settings from the environment, exit codes for the kubelet.

0 ended as asked; 2 the environment is wrong; 70 the video library got stuck; 1 anything else.
"""

import logging
import os
import signal
import sys
import threading
from typing import Final, NoReturn

import cv2

from videostream_pipeline.logs import configure_logging
from videostream_producer.process import ProducerProcess
from videostream_producer.settings import SettingsInvalid, parse_settings
from videostream_producer.source import silence_native_logs
from videostream_producer.tls import share_public_authorities

EXIT_SETTINGS: Final = 2

_log = logging.getLogger(__name__)


def main() -> NoReturn:
    """Run a producer until SIGTERM or SIGINT."""
    redactor = configure_logging("INFO")
    try:
        settings = parse_settings(os.environ)
    except SettingsInvalid as invalid:
        for error in invalid.errors:
            _log.critical("%s", error, extra={"field": error.field})
        sys.exit(EXIT_SETTINGS)
    logging.getLogger().setLevel(settings.log_level)
    # One camera per process and one core per camera: more threads only cost.
    cv2.setNumThreads(1)
    silence_native_logs()
    share_public_authorities()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    _log.info("producing", extra={"stream": str(settings.stream), "source": settings.source.url})
    code = ProducerProcess(settings, redactor=redactor).run(stopping)
    _log.info("ended", extra={"exit_code": code})
    logging.shutdown()
    # A thread inside a native call cannot be ended, and tearing the interpreter down around it
    # crashes: so leave without.
    os._exit(code)


if __name__ == "__main__":
    main()
