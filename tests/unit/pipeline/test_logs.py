"""JSON lines, and no secret in any of them."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videostream_pipeline.logs import JsonFormatter, Redactor, SparseLog, configure_logging

SECRET = 'p@ss/w#rd%"\\ö'


@pytest.fixture
def configured() -> Iterator[tuple[Redactor, io.StringIO]]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    output = io.StringIO()
    yield configure_logging("INFO", stream=output), output
    root.handlers[:], level, sys.excepthook, threading.excepthook = before
    root.setLevel(level)
    logging.captureWarnings(False)


def fail(error: Exception) -> None:
    raise error


def lines(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_record_is_one_json_line_with_its_extra_fields(
    configured: tuple[Redactor, io.StringIO],
) -> None:
    logging.getLogger("a.b").info(
        "seen %d\nframes", 3, extra={"partitions": [1, 2], "at": Path("/x")}
    )
    [line] = lines(configured[1])
    assert line.pop("ts").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "a.b",
        "message": "seen 3\nframes",
        "partitions": [1, 2],
        "at": "/x",
    }


def test_no_secret_reaches_the_log_by_any_way(configured: tuple[Redactor, io.StringIO]) -> None:
    redactor, output = configured
    redactor.register(SECRET)
    encoded = quote(SECRET, safe="")
    try:
        fail(RuntimeError(f"cannot open rtsp://admin:{encoded}@cam/1 with {SECRET}"))
    except RuntimeError:
        logging.getLogger("x").exception(
            "open %s failed", SECRET, extra={"deep": {"list": [f"a {SECRET} b"]}}
        )
    logging.getLogger("x").warning("lower %s", encoded.lower())
    [first, second] = lines(output)
    text = json.dumps([first, second], ensure_ascii=False)
    for spelling in (SECRET, encoded, encoded.lower(), json.dumps(SECRET)[1:-1], "admin"):
        assert spelling not in text
    assert first["message"] == "open *** failed"
    assert "RuntimeError: cannot open rtsp://***@cam/1 with ***" in first["exception"]
    assert first["deep"] == {"list": ["a *** b"]}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("rtsp://user:pw@cam:554/a", "rtsp://***@cam:554/a"),
        ("http://user@host", "http://***@host"),
        ("rtsp://a:b@c rtsp://d:e@f", "rtsp://***@c rtsp://***@f"),
        ("rtsp://user:p@w@cam/a", "rtsp://***@cam/a"),
        ("rtsp://cam/a@b", "rtsp://cam/a@b"),
        ("mail a@b.c", "mail a@b.c"),
    ],
)
def test_url_userinfo_is_masked_without_being_registered(text: str, clean: str) -> None:
    assert Redactor().redact(text) == clean


@given(st.text(min_size=4), st.text(), st.text())
def test_a_registered_secret_is_never_in_the_text(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.register(secret)
    assert secret not in redactor.redact(f"{before}{secret}{after}").replace("***", "")


def test_short_secrets_do_not_tear_lines_apart() -> None:
    redactor = Redactor()
    redactor.register("a")
    redactor.register("")
    assert redactor.redact("a banana") == "a banana"


@pytest.mark.parametrize("text", ["x", "://", "a://b ", "@"])
def test_long_texts_are_cut_and_cost_no_more_than_their_length(text: str) -> None:
    redactor = Redactor()
    redactor.register(SECRET)
    # Work that grows with the square of the length would run into the time limit of a test.
    record = logging.makeLogRecord({"msg": text * 1_000_000})
    assert len(JsonFormatter(redactor).format(record)) < 9000


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_uncaught_exceptions_are_logged_too(configured: tuple[Redactor, io.StringIO]) -> None:
    _, output = configured
    try:
        fail(ValueError("rtsp://u:secret@cam"))
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    thread = threading.Thread(target=lambda: 1 / 0, name="worker")
    thread.start()
    thread.join()
    [main, worker] = lines(output)
    assert main["level"] == worker["level"] == "CRITICAL"
    assert "ValueError: rtsp://***@cam" in main["exception"]
    assert worker["thread_name"] == "worker"


def test_repeated_events_are_counted_instead_of_logged(caplog: pytest.LogCaptureFixture) -> None:
    sparse = SparseLog(logging.getLogger("sparse"), period_s=3600)
    for number in range(5):
        sparse.warning("invalid", "record %d", number)
    sparse.warning("other", "another kind")
    assert [record.getMessage() for record in caplog.records] == ["record 0", "another kind"]
    sparse._next_at["invalid"] = 0.0
    sparse.warning("invalid", "record %d", 5)
    assert vars(caplog.records[-1])["left_out"] == 4
