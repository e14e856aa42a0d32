from tests.resources.supabase.projects import direct, project, rest, switches

__all__ = ["direct", "project", "rest", "switches"]
