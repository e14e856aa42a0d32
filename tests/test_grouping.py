"""What the modules' shared loads rely on: tests of one group meet on one worker."""

from __future__ import annotations

import os

import pytest

GROUP = "grouping"


@pytest.mark.xdist_group(GROUP)
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process has one worker")
def test_what_a_module_loads_is_loaded_once_and_not_by_every_worker(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith(f"@{GROUP}")
