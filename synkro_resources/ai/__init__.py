"""The AI provider of a tenant: any OpenAI-compatible service behind one small adapter."""

from synkro_resources.ai.client import AiAnswer, AiClient

__all__ = ["AiAnswer", "AiClient"]
