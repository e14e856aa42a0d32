"""A stand-in for one hosted Supabase project: real PostgREST on real PostgreSQL behind our own gateway."""

from synkro_resources.sandbox.supabase.binary import postgrest_binary
from synkro_resources.sandbox.supabase.gateway import gateway_app
from synkro_resources.sandbox.supabase.process import PostgrestProcess
from synkro_resources.sandbox.supabase.project import prepare_project
from synkro_resources.sandbox.supabase.switches import SupabaseSwitches
from synkro_resources.sandbox.supabase.tokens import legacy_key

__all__ = ["PostgrestProcess", "SupabaseSwitches", "gateway_app", "legacy_key", "postgrest_binary", "prepare_project"]
