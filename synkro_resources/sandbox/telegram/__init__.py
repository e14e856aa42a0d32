"""An emulator of the Telegram Bot API with pages that show what was delivered."""

from synkro_resources.sandbox.telegram.app import TelegramSandbox, telegram_app
from synkro_resources.sandbox.telegram.chats import BotIdentity, Chat
from synkro_resources.sandbox.telegram.switches import TelegramSwitches

__all__ = ["BotIdentity", "Chat", "TelegramSandbox", "TelegramSwitches", "telegram_app"]
