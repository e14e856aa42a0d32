"""Telegram: the first channel that reports are delivered through."""

from synkro_resources.telegram.channel import Channel, Message, SendOutcome
from synkro_resources.telegram.client import TelegramChannel

__all__ = ["Channel", "Message", "SendOutcome", "TelegramChannel"]
