"""Telegram: the first channel that reports are delivered through."""

from synkro_resources.telegram.client import TelegramChannel

__all__ = ["TelegramChannel"]
