"""Reading Radist.Online: chats, messages and channels, with the two rate buckets and the safe way back in time."""

from __future__ import annotations

from synkro_resources.radist.client import ChatPair, RadistClient

__all__ = ["ChatPair", "RadistClient"]
