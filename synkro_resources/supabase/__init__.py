"""The client's own Supabase: our tables' DDL and two ways to write them, with one interface."""

from synkro_resources.supabase.direct import DirectWriter
from synkro_resources.supabase.rest import RestWriter
from synkro_resources.supabase.writer import WarehouseWriter

__all__ = ["DirectWriter", "RestWriter", "WarehouseWriter"]
