import pytest

from synkro_resources.supabase import WarehouseWriter
from tests.resources.supabase.projects import direct, project, rest, rest_url, switches, waits

__all__ = ["direct", "project", "rest", "rest_url", "switches", "waits", "writer"]


@pytest.fixture(params=["direct", "rest"])
def writer(request: pytest.FixtureRequest) -> WarehouseWriter:
    """Both ways into the same project, one after the other."""
    return request.getfixturevalue(request.param)
