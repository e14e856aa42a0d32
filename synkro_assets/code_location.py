"""What Dagster's processes load: the definitions, imported and kept without Python's search for cycles.

Every run is a process of its own, whose imports make a quarter of a million objects that live as long as it does:
looking through them again and again took a sixth of the import.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any

from synkro_resources.cycles import no_search_for_cycles

with no_search_for_cycles():
    defs: Any = import_module("synkro_assets.definitions").defs
gc.freeze()
