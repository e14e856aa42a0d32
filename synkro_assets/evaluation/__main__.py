"""`python -m synkro_assets.evaluation`: labels by one model, measured; started by `synkro evaluate`.

The key comes from the environment variable that `--api-key-env` names. Without `--database-url` a database is made and
thrown away. Ends with 1 if a gate fails, with 2 where nothing could be measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from synkro_assets.evaluation.attacks import attacks
from synkro_assets.evaluation.evaluation import evaluated
from synkro_assets.evaluation.gates import Verdict, gates
from synkro_assets.evaluation.gold import as_lines, read_gold
from synkro_assets.evaluation.laboratory import Laboratory, Model
from synkro_assets.evaluation.masking_recall import read_planted
from synkro_assets.evaluation.report import as_json, markdown, table
from synkro_assets.evaluation.synthetic import synthetic_gold
from synkro_resources.ai.prices import price_of
from synkro_resources.control.database import Database
from synkro_resources.control.migrate import migrate
from synkro_resources.embedded_postgres import EmbeddedPostgres
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.errors import SynkroError

FAILED, NOT_MEASURED = 1, 2


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    if options.write_gold:
        options.write_gold.write_text("\n".join(as_lines(synthetic_gold())) + "\n", encoding="utf-8")
        return 0
    if not options.base_url or not options.model:
        raise SystemExit("--base-url and --model are needed")
    try:
        return _evaluate(options)
    except SynkroError as error:
        print(f"Ошибка: {error.what.ru} {error.remedy.ru}", file=sys.stderr)
        print(f"Error:  {error.what.en} {error.remedy.en}", file=sys.stderr)
        return NOT_MEASURED


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m synkro_assets.evaluation", description="Measures labels.")
    parser.add_argument("--base-url", help="address of an OpenAI-compatible provider")
    parser.add_argument("--orders-base-url", help="another address for the texts that hold orders")
    parser.add_argument("--model")
    parser.add_argument("--api-key-env", default="SYNKRO_EVALUATION_KEY", help="variable that holds the key")
    parser.add_argument("--price-in", default="", help="price of a million tokens in; with --price-out")
    parser.add_argument("--price-out", default="")
    parser.add_argument("--price-cached", default="")
    parser.add_argument("--currency", default="")
    parser.add_argument("--at-once", type=int, default=8, help="calls side by side")
    parser.add_argument("--gold", type=Path, help="agreed labels; without it the invented set")
    parser.add_argument("--write-gold", type=Path, help="only write the invented set to this file")
    parser.add_argument("--personal", type=Path, help="texts with planted personal data")
    parser.add_argument("--no-orders", action="store_true", help="leave out the texts that hold orders")
    parser.add_argument("--database-url", help="an empty database that may be filled")
    parser.add_argument("--report", type=Path, default=Path("evaluation"), help="folder for the report")
    return parser.parse_args(arguments)


def _evaluate(options: argparse.Namespace) -> int:
    gold = read_gold(options.gold) if options.gold else synthetic_gold()
    personal = read_planted(options.personal) if options.personal else []
    with _database(options.database_url) as db:
        found = evaluated(
            Laboratory(db, SystemClock(), _model(options, options.base_url)),
            gold,
            gold_name=options.gold.name if options.gold else "invented",
            orders=[] if options.no_orders else list(attacks()),
            orders_laboratory=Laboratory(
                db, SystemClock(), _model(options, options.orders_base_url or options.base_url)
            ),
            personal=personal,
            on_step=lambda step: print(f"… {step}", file=sys.stderr, flush=True),
        )
    options.report.mkdir(parents=True, exist_ok=True)
    (options.report / "evaluation.md").write_text(markdown(found), encoding="utf-8")
    (options.report / "evaluation.json").write_bytes(as_json(found))
    print(table(found))
    print(f"\n{options.report / 'evaluation.md'}\n{options.report / 'evaluation.json'}")
    if found.stopped:
        print(found.stopped, file=sys.stderr)
    if not found.statuses.get("ok"):
        return NOT_MEASURED
    return FAILED if any(gate.verdict is Verdict.FAIL for gate in gates(found)) else 0


def _model(options: argparse.Namespace, base_url: str) -> Model:
    prices = {
        "price_in": options.price_in,
        "price_out": options.price_out,
        "price_cached": options.price_cached,
        "price_currency": options.currency,
    }
    return Model(
        base_url=base_url,
        name=options.model,
        api_key=SecretStr(os.environ.get(options.api_key_env, "")),
        price=price_of(options.model, base_url, prices),
        at_once=options.at_once,
    )


@contextmanager
def _database(url: str | None) -> Generator[Database]:
    """A migrated control database."""
    if url is not None:
        yield from _opened(url)
        return
    with tempfile.TemporaryDirectory(prefix="synkro-evaluation-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the database's account must pass through
        with EmbeddedPostgres(folder) as server:
            yield from _opened(server.create_database("evaluation"))


def _opened(url: str) -> Generator[Database]:
    migrate(url)
    db = Database(url)
    try:
        yield db
    finally:
        db.close()


if __name__ == "__main__":
    sys.exit(main())
