"""The first day of the partitions must not move under data that are loaded."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from synkro_app.operations.history_start import fixed_history_start
from synkro_resources.model.errors import ConfigurationError
from synkro_resources.settings import Settings


def test_the_first_start_chooses_a_year_and_later_starts_keep_that_day(tmp_path: Path) -> None:
    first = Settings(state_dir=tmp_path, clock="2026-11-20T12:00:00Z")
    assert fixed_history_start(first) == date(2025, 11, 1)
    two_months_later = Settings(state_dir=tmp_path, clock="2027-01-20T12:00:00Z")
    assert fixed_history_start(two_months_later) == date(2025, 11, 1)


def test_a_setting_that_would_hide_loaded_days_is_refused(tmp_path: Path) -> None:
    fixed_history_start(Settings(state_dir=tmp_path, history_start=date(2026, 1, 1)))
    with pytest.raises(ConfigurationError, match="began with 2026-01-01"):
        fixed_history_start(Settings(state_dir=tmp_path, history_start=date(2026, 6, 1)))
