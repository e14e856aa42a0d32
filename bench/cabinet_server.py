"""The cabinet's own server, which also writes down every statement of a page: `python -m bench.cabinet_server FILE`.

One JSON line per statement that a page's script has sent: its text and the rows that came back or were changed.
Statements of the gate, of routes and of background tasks are left out, and so is what each transaction begins with.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from synkro_app.server import main

SCRIPT_THREAD = "ScriptRunner.scriptThread"
FURNITURE = ("SELECT set_config", "SELECT 1", "select pg_catalog.version", "show ", "SHOW ")


def write_down(file: Path) -> None:
    """Listen to all engines of this process."""
    lines = file.open("a", buffering=1, encoding="utf-8")

    def note(_connection: object, cursor: Any, statement: str, *_rest: object) -> None:
        if not threading.current_thread().name.startswith(SCRIPT_THREAD):
            return
        if not statement.startswith(FURNITURE):
            lines.write(json.dumps({"sql": " ".join(statement.split()), "rows": cursor.rowcount}) + "\n")

    event.listen(Engine, "after_cursor_execute", note)


if __name__ == "__main__":
    write_down(Path(sys.argv[1]))
    main()
