"""The mark of a restore that has begun and not ended: nothing may work on such a place."""

from __future__ import annotations

from pathlib import Path

from synkro_resources.model.errors import ConfigurationError, Sentence

MARK = "restore.unfinished"


def unfinished_restore(state_dir: Path) -> str | None:
    """Id of the backup whose restore was begun here."""
    mark = state_dir / MARK
    return mark.read_text().strip() if mark.is_file() else None


def refuse_unfinished_restore(state_dir: Path) -> None:
    """Raises `ConfigurationError` `restore.unfinished`."""
    backup_id = unfinished_restore(state_dir)
    if backup_id is not None:
        raise ConfigurationError(
            "restore.unfinished",
            Sentence(
                f"Восстановление из копии {backup_id} прервано: данных здесь ещё не хватает.",
                f"The restore of the backup {backup_id} was interrupted: data are still missing here.",
            ),
            Sentence("Повторите ту же команду synkro restore.", "Run the same synkro restore command again."),
        )
