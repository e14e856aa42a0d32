"""What tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from synkro_resources.control.migrate import migrate
from synkro_resources.embedded_postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def new_control_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Makes control databases of the present schema on a server of its own: each call gives the next one's address."""
    folder: Path = tmp_path_factory.mktemp("postgres")
    numbers = count()

    with EmbeddedPostgres(folder) as server:

        def new() -> str:
            url = server.create_database(f"synkro_{next(numbers)}")
            migrate(url)
            return url

        yield new
