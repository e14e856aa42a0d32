"""A running emulator of the small account, anew for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.resources.sandbox.amocrm.company import small_account
from tests.resources.sandbox.amocrm.running import Running, running


@pytest.fixture
def amo() -> Iterator[Running]:
    with running(small_account()) as started:
        yield started
