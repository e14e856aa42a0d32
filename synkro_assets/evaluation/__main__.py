"""`python -m synkro_assets.evaluation`: labels by one model, measured; started by `synkro evaluate`.

`--tenant` takes what people of that company have decided, and its own provider. Otherwise the key comes from the
environment variable that `--api-key-env` names, and without `--database-url` a database is made and thrown away. Ends
with 1 if a gate fails, with 2 where nothing could be measured.
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
from synkro_assets.evaluation.measured import Measured
from synkro_assets.evaluation.own_gold import OwnGold, own_gold
from synkro_assets.evaluation.own_run import OwnEvaluation, spent
from synkro_assets.evaluation.report import as_json, markdown, table
from synkro_assets.evaluation.synthetic import synthetic_gold
from synkro_resources.ai.prices import price_of
from synkro_resources.control.database import Database
from synkro_resources.control.gold import note_evaluation, note_export
from synkro_resources.control.migrate import migrate
from synkro_resources.embedded_postgres import EmbeddedPostgres
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.errors import Sentence, SynkroError, UserInputError
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings

FAILED, NOT_MEASURED = 1, 2
ACTOR = "cli"


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    if options.write_gold:
        options.write_gold.write_text("\n".join(as_lines(synthetic_gold())) + "\n", encoding="utf-8")
        return 0
    if not options.tenant and (not options.base_url or not options.model):
        raise SystemExit("--base-url and --model are needed, or --tenant")
    try:
        return _own(options) if options.tenant else _evaluate(options)
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
    parser.add_argument("--tenant", help="evaluate on what people of this company have decided, with its provider")
    parser.add_argument("--yes", action="store_true", help="with --tenant: the price is known, do not ask")
    parser.add_argument("--again", action="store_true", help="with --tenant: ask anew where an answer is stored")
    parser.add_argument("--export", type=Path, help="with --tenant: only write its gold set to this file")
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
    return _told(found, options.report)


def _own(options: argparse.Namespace) -> int:
    with _platform() as platform:
        gold = own_gold(platform, options.tenant)
        if options.export:
            return _exported(platform, options.tenant, gold, options.export)
        if not gold.episodes:
            raise _no_gold(options.tenant, gold)
        evaluation = OwnEvaluation(platform, options.tenant, gold, again=options.again)
        print(f"{options.tenant}: {len(gold.episodes)} dialogs, {gold.labels} labels that people have decided")
        print(_priced(evaluation), flush=True)
        if not options.yes and not _confirmed():
            return NOT_MEASURED
        found = evaluation.measured()
        note_evaluation(platform.control, options.tenant, spent(evaluation, found), actor=ACTOR, clock=platform.clock)
    return _told(found, options.report)


def _exported(platform: Platform, tenant: str, gold: OwnGold, path: Path) -> int:
    note_export(
        platform.control,
        tenant,
        dialogs=len(gold.episodes),
        labels=gold.labels,
        actor=ACTOR,
        clock=platform.clock,
    )
    _write(path, "".join(f"{line}\n" for line in as_lines(gold.episodes)).encode())
    print(
        f"{tenant}: {len(gold.episodes)} dialogs, {gold.labels} labels, {gold.drafts} drafts, {gold.gone} gone; {path}"
    )
    return 0


def _priced(evaluation: OwnEvaluation) -> str:
    price, left = evaluation.price(), evaluation.left()
    if not price.episodes:
        return "All of them are answered with the present versions: no call, no price."
    money = "price unknown" if price.cost is None else f"about {price.cost:.2f} {price.currency}"
    calls = "" if price.calls is None else f", about {price.calls} calls"
    rest = "" if left is None else f"; {left:.2f} {evaluation.provider.currency} of the month's limit are left"
    return f"{price.episodes} of them are asked about{calls}, {money}{rest}"


def _confirmed() -> bool:
    """A person's yes; an empty answer or none at all is no."""
    print("Go on? [y/N]: ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _no_gold(tenant: str, gold: OwnGold) -> UserInputError:
    return UserInputError(
        "evaluation.no_gold",
        Sentence(
            f"Решённых меток, по которым можно мерить, нет (черновых: {gold.drafts}, недоступных: {gold.gone}).",
            f"There are no decided labels to measure by ({gold.drafts} drafts, {gold.gone} dialogs gone).",
        ),
        Sentence(
            "Отметьте выводы как «верно» или «неверно» в «Диалогах», начните с «На проверку».",
            "Mark findings as right or wrong in “Dialogs”; “To review” is where to begin.",
        ),
        tenant=tenant,
    )


def _told(found: Measured, folder: Path) -> int:
    """Write both reports, show the table; the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "evaluation.md", markdown(found).encode())
    _write(folder / "evaluation.json", as_json(found))
    print(table(found))
    print(f"\n{folder / 'evaluation.md'}\n{folder / 'evaluation.json'}")
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


def _write(path: Path, content: bytes) -> None:
    """Dialogs are personal data also where they are masked: only the account that asked may read the file."""
    path.touch(mode=0o600)
    path.chmod(0o600)  # of a file that was there before, too
    path.write_bytes(content)


@contextmanager
def _platform() -> Generator[Platform]:
    platform = Platform.open(Settings.load())
    try:
        yield platform
    finally:
        platform.control.close()


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
