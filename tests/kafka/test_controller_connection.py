"""`connection-test`, as `helm test` runs it: against servers that are there and that are not."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.controller import NOBODY
from videostream_controller.connection_test import influx_works, kafka_works

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.influxdb import Influx
    from tests.support.kafka import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.influx]


def test_all_connections_that_work_pass(tmp_path: Path, kafka: Broker, bucket: Influx) -> None:
    kafka.write_connection(tmp_path / "kafka" / "default")
    (tmp_path / "influx").mkdir()
    bucket.write_connection(tmp_path / "influx" / "default", token=bucket.new_token("write"))
    done = subprocess.run(
        [sys.executable, "-m", "videostream_controller", "connection-test"],
        env={
            "PATH": os.environ["PATH"],
            "KAFKA_CONNECTIONS_DIR": str(tmp_path / "kafka"),
            "INFLUX_CONNECTIONS_DIR": str(tmp_path / "influx"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Kafka default works" in done.stderr
    assert "InfluxDB default works" in done.stderr
    assert bucket.query("SELECT ok FROM connection_test")
    left = [name for name in kafka.admin().list_topics(timeout=10).topics if "connection" in name]
    assert left == [], "the test topic is removed"


def test_a_kafka_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "bootstrap.servers").write_text(NOBODY)
    reason = kafka_works(tmp_path)
    assert reason is not None
    assert NOBODY in reason


def test_a_token_that_may_not_write_is_named(tmp_path: Path, bucket: Influx) -> None:
    directory = bucket.write_connection(tmp_path / "influx", token=bucket.new_token("read"))
    reason = influx_works(directory)
    assert reason is not None
    assert "Unauthorized" in reason


def test_no_connection_at_all_is_a_failure(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "videostream_controller", "connection-test"],
        env={
            "PATH": os.environ["PATH"],
            "KAFKA_CONNECTIONS_DIR": str(tmp_path),
            "INFLUX_CONNECTIONS_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "no connections" in done.stderr
