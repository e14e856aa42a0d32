"""Reading amoCRM: a client that cannot write, complete listings, and what each refusal means."""

from __future__ import annotations

from synkro_resources.amocrm.client import AmocrmClient, EntityType

__all__ = ["AmocrmClient", "EntityType"]
