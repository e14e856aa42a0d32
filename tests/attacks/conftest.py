"""The running cabinet of the other tests. Files here are called `attack_…`: only `make attacks` collects them."""

from __future__ import annotations

from tests.app.conftest import cabinet

__all__ = ["cabinet"]
