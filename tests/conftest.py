"""Fixtures that start real services, shared by all layers; each starts on first use only.

Property tests try the same examples in each run, so that a red run can be repeated;
`HYPOTHESIS_PROFILE=default` tries others.
"""

import os

from hypothesis import settings

pytest_plugins = [
    "tests.support.apiserver",
    "tests.support.camera",
    "tests.support.controller",
    "tests.support.influxdb",
    "tests.support.kafka",
    "tests.support.provision",
]

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
