"""An emulator of an OpenAI-compatible API with a small rule-based model behind it."""

from synkro_resources.sandbox.openai.app import openai_app
from synkro_resources.sandbox.openai.switches import OpenaiSwitches

__all__ = ["OpenaiSwitches", "openai_app"]
