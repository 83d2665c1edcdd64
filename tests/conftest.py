"""Fixtures that start real services, shared by all layers; each starts on first use only."""

pytest_plugins = [
    "tests.support.apiserver",
    "tests.support.camera",
    "tests.support.influxdb",
    "tests.support.kafka",
]
