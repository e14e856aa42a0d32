"""The Dagster code location: what exists and how it is derived."""
