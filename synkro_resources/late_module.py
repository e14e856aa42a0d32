"""Libraries that are dear to import and that most processes never use: read at the first use of one of their names."""

from __future__ import annotations

import importlib


class LateModule:
    """Stands for a module until a name of it is asked for; the import system's own locks make that safe in threads.

    Type checkers see the real one:

        if TYPE_CHECKING:
            import openai
        else:
            openai = LateModule("openai")
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        return getattr(importlib.import_module(self._name), attribute)
