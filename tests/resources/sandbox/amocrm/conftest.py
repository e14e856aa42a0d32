"""A running emulator of the small account, anew for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.resources.sandbox.amocrm.running import Running, running, small_account


@pytest.fixture
def amo() -> Iterator[Running]:
    with running(small_account()) as started:
        yield started
