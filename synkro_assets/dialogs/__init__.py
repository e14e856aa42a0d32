"""Radist: chats, messages, episodes and turns."""
