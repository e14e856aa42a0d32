"""A stack in the foreground of a terminal: what it says while it starts, and how it ends."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from synkro_app.operations.stack import Stack
    from synkro_resources.model.errors import Sentence

TICK_S = 0.5


def say_step(sentence: Sentence) -> None:
    click.echo(f"· {sentence.ru} / {sentence.en}")


@contextmanager
def stopped_in_the_end(stack: Stack) -> Generator[None]:
    """Ctrl-C and SIGTERM stop the stack in order; a second Ctrl-C cannot interrupt that."""
    for stop_signal in (signal.SIGTERM, signal.SIGINT):  # a shell starts background jobs with SIGINT ignored
        signal.signal(stop_signal, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\nОстанавливаю… / Stopping…")
    finally:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        stack.stop()
        signal.signal(signal.SIGINT, before)
