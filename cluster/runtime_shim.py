"""An OCI runtime in front of runc for machines whose root lacks CAP_SYS_RESOURCE.

There runc can neither grant that capability nor raise resource limits nor lower an OOM score,
and fails on a container that asks for any of it, as a privileged one does. This program takes
those wishes out of the container's configuration and then becomes runc. It is copied out of the
package and run on its own, so it imports the standard library only.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

_CAPABILITY = "CAP_SYS_RESOURCE"


def fit_process(process: dict[str, Any]) -> dict[str, Any]:
    """Return the OCI process object without what needs CAP_SYS_RESOURCE."""
    fitted = {**process, "rlimits": []}
    if "capabilities" in process:
        fitted["capabilities"] = {
            name: [capability for capability in granted or [] if capability != _CAPABILITY]
            for name, granted in process["capabilities"].items()
        }
    if process.get("oomScoreAdj", 0) < 0:
        fitted["oomScoreAdj"] = 0
    return fitted


def fit_config(config: dict[str, Any]) -> dict[str, Any]:
    """Return the OCI bundle configuration with its process fitted."""
    if "process" not in config:
        return config
    return {**config, "process": fit_process(config["process"])}


def option(argv: list[str], *names: str) -> str | None:
    """Return the value of a command-line option given as ``--name value`` or ``--name=value``."""
    for index, word in enumerate(argv):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else (argv[index + 1] if index + 1 < len(argv) else None)
    return None


def _rewrite(path: Path, *, whole_config: bool) -> None:
    content = json.loads(path.read_text())
    fitted = fit_config(content) if whole_config else fit_process(content)
    path.write_text(json.dumps(fitted))


def main(argv: list[str]) -> None:
    """Edit the configuration that runc is about to read, then replace this process by runc."""
    if "create" in argv or "run" in argv:
        bundle = option(argv, "--bundle", "-b") or "."
        _rewrite(Path(bundle, "config.json"), whole_config=True)
    elif "exec" in argv:
        process_file = option(argv, "--process", "-p")
        if process_file:
            _rewrite(Path(process_file), whole_config=False)
    os.execvp("runc", ["runc", *argv])  # noqa: S606 -- becoming runc is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
