"""The ASGI side of the cabinet: sign-in, sessions, gates and health."""
