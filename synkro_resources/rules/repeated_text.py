"""The form in which sendings of the same text are counted (docs/metrics.md, «Messages»)."""

from __future__ import annotations

import re
import unicodedata

_SPACES = re.compile(r"\s+")


def normalized_text(text: str | None) -> str:
    """NFKC, lower case, spaces collapsed."""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text or "").lower()).strip()
