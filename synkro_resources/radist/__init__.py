"""Reading Radist.Online: chats, messages and channels, with the two rate buckets and the safe way back in time."""

from __future__ import annotations

from synkro_resources.radist.client import RadistClient
from synkro_resources.radist.paging import ChatHistory, ChatPair

__all__ = ["ChatHistory", "ChatPair", "RadistClient"]
