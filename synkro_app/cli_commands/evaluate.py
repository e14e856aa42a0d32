"""`synkro evaluate`: how good a model's labels are, against agreed ones; offline without a provider."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

KEY_VARIABLE = "SYNKRO_EVALUATION_KEY"
OFFLINE_MODEL = "sandbox-mini"
OFFLINE_PRICES = ("--price-in", "100", "--price-out", "400", "--currency", "RUB")
"""Invented, as the model is."""
PERSONAL_DIALOGS = 500


@click.command()
@click.option("--base-url", help="Address of an OpenAI-compatible provider; without it an invented model answers.")
@click.option("--model", help="Name of the model; needed with --base-url.")
@click.option("--api-key-env", default=KEY_VARIABLE, show_default=True, help="Variable that holds the key.")
@click.option("--gold", type=click.Path(exists=True, path_type=Path), help="Agreed labels; else 60 invented episodes.")
@click.option("--price-in", default="", help="Price of a million tokens in; with --price-out.")
@click.option("--price-out", default="", help="Price of a million tokens out.")
@click.option("--price-cached", default="", help="Price of a million tokens in from the provider's cache.")
@click.option("--currency", default="", help="Of these prices.")
@click.option("--at-once", default=8, show_default=True, help="Calls side by side.")
@click.option("--tenant", "slug", help="Measure on what people of this company have decided, with its own provider.")
@click.option("--yes", is_flag=True, help="With --tenant: the price is known; do not ask.")
@click.option("--again", is_flag=True, help="With --tenant: ask anew where an answer is stored, too.")
@click.option("--export", type=click.Path(path_type=Path), help="With --tenant: only write its gold set to this file.")
@click.option("--no-orders", is_flag=True, help="Leave out the 270 texts that give orders to the model.")
@click.option("--report", type=click.Path(path_type=Path), default=Path("evaluation"), help="Folder for the report.")
def evaluate(
    base_url: str | None,
    model: str | None,
    api_key_env: str,
    gold: Path | None,
    price_in: str,
    price_out: str,
    price_cached: str,
    currency: str,
    at_once: int,
    slug: str | None,
    yes: bool,
    again: bool,
    export: Path | None,
    no_orders: bool,
    report: Path,
) -> None:
    """Agreement, evidence, planted errors, orders in texts, masking and price, with the gates of a release.

    Ends with 1 if a gate fails, with 2 where nothing could be measured. Without --tenant nothing of an installation is
    read or changed. With it, what people marked as right or wrong is compared with the company's own model: answers
    that are stored cost nothing, for the others the price is told and asked for, within the company's AI limits.
    """
    if slug is not None:
        if base_url is not None or gold is not None:
            raise click.UsageError("--tenant brings its own provider and gold set: leave out --base-url and --gold")
        sys.exit(_own(slug, yes=yes, again=again, export=export, report=report))
    if yes or again or export is not None:
        raise click.UsageError("--yes, --again and --export need --tenant")
    if base_url is not None and model is None:
        raise click.UsageError("--base-url needs --model")
    arguments = ["--at-once", str(at_once), "--report", str(report), *(["--no-orders"] if no_orders else [])]
    if gold is not None:
        arguments += ["--gold", str(gold)]
    named = {"--price-in": price_in, "--price-out": price_out, "--price-cached": price_cached, "--currency": currency}
    prices = [part for name, value in named.items() if value for part in (name, value)]
    with ExitStack() as stack:
        arguments += ["--personal", str(stack.enter_context(_personal_data()))]
        if base_url is None:
            arguments += [*stack.enter_context(_offline()), *(prices or OFFLINE_PRICES)]
            environment = {**os.environ, KEY_VARIABLE: OFFLINE_MODEL}
        else:
            arguments += ["--base-url", base_url, "--model", str(model), "--api-key-env", api_key_env, *prices]
            environment = dict(os.environ)
        command = [sys.executable, "-m", "synkro_assets.evaluation", *arguments]
        ended = subprocess.run(command, env=environment, check=False)  # noqa: S603  # our own arguments
    sys.exit(ended.returncode)


def _own(slug: str, *, yes: bool, again: bool, export: Path | None, report: Path) -> int:
    """The tenant's evaluation, in the process that may read the lake; it asks its question on this terminal."""
    command = [sys.executable, "-m", "synkro_assets.evaluation", "--tenant", slug, "--report", str(report)]
    command += [*(["--yes"] if yes else []), *(["--again"] if again else [])]
    command += [] if export is None else ["--export", str(export)]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # our own arguments


@contextmanager
def _offline() -> Generator[list[str]]:
    """An invented model, and its twin that does what clients' texts order."""
    from synkro_resources.model.clock import SystemClock
    from synkro_resources.sandbox.openai import openai_app
    from synkro_resources.sandbox.openai.switches import OpenaiSwitches
    from synkro_resources.sandbox.serve import serve

    clock = SystemClock()
    honest = openai_app(clock=clock, api_key=OFFLINE_MODEL)
    obedient = openai_app(clock=clock, api_key=OFFLINE_MODEL, switches=OpenaiSwitches(obeys_injection=True))
    with serve(honest) as url, serve(obedient) as orders_url:
        yield ["--base-url", f"{url}/v1", "--orders-base-url", f"{orders_url}/v1", "--model", OFFLINE_MODEL]


@contextmanager
def _personal_data() -> Generator[Path]:
    """Invented texts with planted personal data."""
    from synkro_resources.sandbox.masking_texts import as_lines, dialogs

    with tempfile.TemporaryDirectory(prefix="synkro-evaluation-") as folder:
        path = Path(folder) / "personal.jsonl"
        path.write_text("\n".join(as_lines(dialogs(PERSONAL_DIALOGS, seed=1))), encoding="utf-8")
        yield path
