from tests.resources.supabase.projects import direct, project, rest

__all__ = ["direct", "project", "rest"]
