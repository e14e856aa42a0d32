"""What every process of an installation gets by its environment: all settings, Dagster's home, the way to programs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pydantic import SecretStr

from synkro_app.operations.dagster_home import FRUGAL
from synkro_resources.settings import ENV_PREFIX, Settings

HUNG_THREAD_S = "600"
"""A daemon ends by itself when one of its threads has not beaten for so long; Dagster's own limit is 1800."""


def process_environment(settings: Settings, dagster_home: Path) -> dict[str, str]:
    """The environment of this process, completed by every setting and by the way to our own programs."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    ours = {f"{ENV_PREFIX}{name.upper()}": str(value) for name, value in plain_settings(settings).items()}
    return {
        **FRUGAL,
        **mine,
        **ours,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), mine.get("PATH", os.defpath)]),
        "DAGSTER_HOME": str(dagster_home),
        "DAGSTER_RUN_STATUS_SENSOR_PROCESS_LIMIT": "25",
        "DAGSTER_DAEMON_HEARTBEAT_TOLERANCE": HUNG_THREAD_S,
        "PYTHONUNBUFFERED": "1",
    }


def plain_settings(settings: Settings) -> dict[str, object]:
    """Every setting as text or number, secrets in the clear: for the owner's file and for our children only."""
    plain: dict[str, object] = {}
    for name in type(settings).model_fields:
        value: object = getattr(settings, name)
        if isinstance(value, SecretStr):
            plain[name] = value.get_secret_value()
        elif isinstance(value, bool | int):
            plain[name] = int(value)
        elif value is not None:
            plain[name] = str(value)
    return plain
