"""The first day of the partitions: chosen at the first start, then the same for every process of the installation."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from synkro_resources.model.errors import ConfigurationError, Sentence
from synkro_resources.settings import Settings

FILE = "history_start"


def fixed_history_start(settings: Settings) -> date:
    """The stored day; at the first start the setting's, or the first of the month 12 months back.

    Raises:
        ConfigurationError: `settings.history_start_moved`: a start that moves would hide the keys before it.
    """
    file: Path = settings.state_dir / FILE
    wanted = settings.history_start
    if not file.is_file():
        today = settings.present.now().date()
        stored = wanted or date(today.year - 1, today.month, 1)
        file.write_text(f"{stored.isoformat()}\n")
        return stored
    stored = date.fromisoformat(file.read_text().strip())
    if wanted not in (None, stored):
        raise ConfigurationError(
            "settings.history_start_moved",
            Sentence(
                f"SYNKRO_HISTORY_START={wanted}, но эта установка начата с {stored}.",
                f"SYNKRO_HISTORY_START={wanted}, but this installation began with {stored}.",
            ),
            Sentence(
                f"Уберите переменную или верните {stored}: другое начало скрыло бы загруженные дни.",
                f"Remove the variable or restore {stored}: another start would hide days that are loaded.",
            ),
        )
    return stored
