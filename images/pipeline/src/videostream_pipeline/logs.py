"""One JSON object per line on standard error, with secrets taken out.

Video and Kafka libraries put whole URLs, passwords included, into their exception texts. So the
redaction sits in the formatter, behind everything that can reach a log line: the message with its
arguments, extra fields, tracebacks.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from types import TracebackType

_SHORTEST_SECRET: Final = 4  # replacing shorter ones would tear every line apart
_LONGEST_TEXT: Final = 8192
# It starts at the slashes: a search for the scheme reads a long word anew from each of its letters.
_USERINFO: Final = re.compile(r"://[^\s/]*@")
_PERCENT_CODE: Final = re.compile(r"%[0-9A-F]{2}")
_MASK: Final = "***"
_RECORD_ATTRIBUTES: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class Redactor:
    """Knows the literal secrets of this process and replaces them in any text."""

    def __init__(self) -> None:
        self._spellings: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def register(self, secret: str) -> None:
        """Take a secret out of every text from now on, also where it is percent-encoded.

        Secrets of fewer than 4 characters are left to the URL rule alone.
        """
        if len(secret) < _SHORTEST_SECRET:
            return
        encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
        lower = {_PERCENT_CODE.sub(lambda code: code[0].lower(), text) for text in encoded}
        self._spellings |= {secret, *encoded, *lower}
        longest_first = sorted(self._spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def redact(self, text: str) -> str:
        """Return the text without registered secrets and without the userinfo of any URL."""
        known = self._pattern.sub(_MASK, text) if self._pattern else text
        return _USERINFO.sub(f"://{_MASK}@", known)


class JsonFormatter(logging.Formatter):
    """Formats a record as one redacted JSON line: ts, level, logger, message, extra fields."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record."""
        extra = {k: v for k, v in vars(record).items() if k not in _RECORD_ATTRIBUTES}
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **extra,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(self._clean(line), ensure_ascii=False)

    def _clean(self, value: object) -> object:
        """Redact every text within a value; what JSON does not know becomes its text."""
        match value:
            case None | bool() | int() | float():
                return value
            case dict():
                return {str(self._clean(k)): self._clean(v) for k, v in value.items()}
            case list() | tuple():
                return [self._clean(item) for item in value]
            case _:
                text = self._redactor.redact(str(value))
                return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def configure_logging(level: str, *, stream: IO[str] | None = None) -> Redactor:
    """Send all logging, warnings and uncaught exceptions of the process through the formatter.

    Returns the redactor, to which secrets are registered as they become known.
    """
    redactor = Redactor()
    output = logging.StreamHandler(stream or sys.stderr)
    output.setFormatter(JsonFormatter(redactor))
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    return redactor


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    logging.getLogger(__name__).critical("uncaught exception", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    error = args.exc_value if args.exc_value is not None else args.exc_type()
    thread = args.thread.name if args.thread else None
    logging.getLogger(__name__).critical(
        "uncaught exception",
        exc_info=(args.exc_type, error, args.exc_traceback),
        extra={"thread_name": thread},
    )


class SparseLog:
    """Logs the first event of a kind, then at most one per period with the number left out.

    For what a broken peer can cause once per frame. Kinds are fixed words of the caller.
    """

    def __init__(self, logger: logging.Logger, *, period_s: float = 60.0) -> None:
        self._logger = logger
        self._period_s = period_s
        self._next_at: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def warning(self, kind: str, message: str, *args: object) -> None:
        """Log a warning, or count it as left out when its kind was logged just now."""
        now = time.monotonic()
        if now < self._next_at.get(kind, 0.0):
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return
        self._next_at[kind] = now + self._period_s
        extra = {"event": kind, "left_out": self._left_out.pop(kind, 0)}
        self._logger.warning(message, *args, extra=extra)
