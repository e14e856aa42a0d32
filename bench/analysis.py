"""How long labelling takes next to the provider's own time: `python -m bench.analysis [--episodes N] [--latency S]`.

An analyst labels invented dialogs with a real control database and masking, over a socket to an emulated provider in a
process of its own that answers every call after a second, 20 at most side by side. Prints seconds against the ideal
(calls × latency / 20), the peak of this process's memory, and tokens and price of 1,000 episodes.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
from pydantic import SecretStr

from bench.load import MIB, resident
from bench.table import Row, tell
from synkro_assets.analysis.analyst import Analyst, Question, Tally
from synkro_assets.analysis.conversations import MESSAGE_COLUMNS, Conversations, Episode
from synkro_assets.analysis.provider import Provider
from synkro_assets.analysis.vocabulary import Variant
from synkro_resources.ai.async_client import AsyncAiClient
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.prices import ModelPrice
from synkro_resources.ai.profiles import profile_of
from synkro_resources.child_process import dies_with_parent
from synkro_resources.control.ai_ledger import AiLedger
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.migrate import migrate
from synkro_resources.control.pii_tokens import StoredTokens, TokenValue, save_tokens, tenant_masking_key, values_in
from synkro_resources.control.tenants import add_tenant
from synkro_resources.embedded_postgres import EmbeddedPostgres
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.rubric import R1
from synkro_resources.rules.masking.names import Named
from synkro_resources.rules.masking.tokens import Tokens
from synkro_resources.sandbox.openai import openai_app
from synkro_resources.sandbox.openai.switches import OpenaiSwitches
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.facts import PlantedEpisode
from synkro_resources.sandbox.world.labels import is_labelable, skip_reason
from synkro_resources.sandbox.world.people import MANAGERS

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
SLUG, KEY, MODEL = "demo", "bench", "sandbox-mini"
ZONE = "Asia/Yekaterinburg"
PRICE = ModelPrice(Decimal(100), Decimal(400), "RUB", "invented", None)
AT_ONCE = 20
MOST_OF_IDEAL = 1.15


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.analysis", description="Pace and price of labelling.")
    parser.add_argument("--episodes", type=int, default=1_000)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds of each call")
    parser.add_argument("--provider", action="store_true", help="be the provider")
    parser.add_argument("--profile", action="store_true", help="show where this process's time goes")
    options = parser.parse_args()
    if options.provider:
        return be_provider(options.latency)
    with provider(options.latency) as url, database() as db:
        made = list(_episodes(options.episodes))
        profiler = cProfile.Profile()
        if options.profile:
            profiler.enable()
        tally, asked, seconds = labelled(db, url, made)
        if options.profile:
            profiler.disable()
            pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)
    return 0 if told(tally, asked, seconds, options.latency) else 1


def told(tally: Tally, asked: Provider, seconds: float, latency: float) -> bool:
    """Whether the pace holds."""
    spent, price = asked.spending, 1000 / tally.episodes
    ideal, of_all = tally.primary * latency / AT_ONCE, spent.calls * latency / AT_ONCE
    share = seconds / of_all
    statuses = ", ".join(f"{name} {count}" for name, count in tally.statuses.items())
    print(f"{tally.episodes:,} episodes ({statuses}), {tally.findings:,} findings, {sum(tally.drops.values())} dropped")
    print(f"{spent.calls:,} calls: {tally.primary:,} first, {tally.repairs} repairs, {tally.confirmations} confirming")
    print(f"{seconds:.1f} s; ideal {of_all:.1f} s for all calls: {share:.3f} × (at most {MOST_OF_IDEAL})")
    print(f"first calls' share {seconds * tally.primary / spent.calls:.1f} s; their ideal {ideal:.1f} s")
    print(f"{time.process_time():.1f} s of processor time in this process, making the dialogs included")
    print(f"memory {resident('VmHWM') / MIB:.0f} MiB at most")
    print(
        f"1,000 episodes: {spent.calls * price:,.0f} calls, {spent.tokens_in * price:,.0f} tokens in "
        f"({spent.tokens_cached * price:,.0f} cached), {spent.tokens_out * price:,.0f} out, "
        f"{float(spent.cost) * price:.2f} {asked.currency}"
    )
    held = share <= MOST_OF_IDEAL
    tell(
        Row(
            bench="analysis",
            measures=f"dialogs a second that are labelled, {AT_ONCE} calls of {latency:g} s side by side",
            value=tally.episodes / seconds,
            unit="dialogs/s",
            repeats=1,
            ratio=share,
            next_to="the provider's own time",
            aim=f"≤ {MOST_OF_IDEAL}",
            met=held,
            amount=tally.episodes,
            amount_of="dialogs",
            seconds=seconds,
        )
    )
    return held


def labelled(db: Database, url: str, made: list[PlantedEpisode]) -> tuple[Tally, Provider, float]:
    clock = FixedClock(END)
    keyring = Keyring({"k1": bytes(range(32))})
    add_tenant(db, slug=SLUG, name="ООО", zone=ZONE, account=SLUG, cell="main", plan="pro", clock=clock)
    tokens = Tokens(tenant_masking_key(db, keyring, SLUG, clock), StoredTokens(db, keyring, SLUG))
    conversations = _conversations(made, tokens)
    profile = profile_of(url, MODEL, {"concurrency": AT_ONCE})
    client = AsyncAiClient(Endpoint(url, SecretStr(KEY), MODEL, profile), tenant=SLUG)
    asked = Provider(client, AiLedger(db, SLUG, clock, Decimal(1_000_000)), PRICE, END.date())
    kept: set[TokenValue] = set()

    def keep(values: frozenset[TokenValue]) -> None:
        if new := values - kept:
            save_tokens(db, keyring, SLUG, new, clock)
            kept.update(new)

    def question(planted: PlantedEpisode) -> Callable[[], Question]:
        def make() -> Question:
            episode = _episode(planted)
            conversation = conversations.of(episode)
            personal = frozenset(values_in(episode.dialog_id, conversation.masked))
            return Question(END.date(), episode.variant, conversation.content, personal)

        return make

    analyst = Analyst(asked, db, SLUG, clock, R1, keep_tokens=keep)
    keys = [_key(planted) for planted in made]
    start = time.perf_counter()
    tally = analyst.run(map(question, made), keys)
    return tally, asked, time.perf_counter() - start


def _episodes(count: int) -> Iterator[PlantedEpisode]:
    """Episodes that are labelled and scored, each once."""
    found = 0
    for seed in range(1, 100):
        for episode in build_world(seed, END, days=120).truth.episodes:
            if is_labelable(episode.lines) and skip_reason(episode.lines) is None:
                episode.chat_id += seed * 1_000_000
                found += 1
                yield episode
                if found == count:
                    return


def _conversations(made: list[PlantedEpisode], tokens: Tokens) -> Conversations:
    rows = [
        (line.message_id, one.chat_id, line.at, line.writer, None, "text", line.words or None, "1", None, None)
        for one in made
        for line in one.lines
    ]
    names = dict(zip((one.chat_id for one in made), ("Анна Тестова", "Павел", "Ольга К.") * len(made), strict=False))
    return Conversations(
        messages=pd.DataFrame(rows, columns=list(MESSAGE_COLUMNS)),
        calls=pd.DataFrame({"contact_id": [], "deal_id": [], "at": [], "direction": [], "duration_s": []}),
        names={},
        deal_contacts={},
        profiles=names,
        managers=[Named(number, name) for number, name in MANAGERS.items()],
        author_map={},
        tokens=tokens,
        zone=ZONE,
        characters=12_000,
    )


def _episode(planted: PlantedEpisode) -> Episode:
    return Episode(
        day=END.date(),
        episode_key=_key(planted),
        dialog_id=planted.chat_id,
        first_at=planted.lines[0].at,
        last_at=planted.lines[-1].at,
        channel=planted.channel,
        started_before_window=False,
        variant=Variant.FULL,
        contact_id=None,
        deal_id=None,
        waits=False,
        lost_on_day=False,
        price=0.0,
    )


def _key(planted: PlantedEpisode) -> str:
    return f"{planted.chat_id}:{planted.start_id}"


@contextmanager
def database() -> Generator[Database]:
    with tempfile.TemporaryDirectory(prefix="synkro-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the database's account must pass through
        with EmbeddedPostgres(folder) as server:
            url = server.create_database("synkro")
            migrate(url)
            db = Database(url)
            try:
                yield db
            finally:
                db.close()


@contextmanager
def provider(latency: float) -> Generator[str]:
    """The emulated provider's address; it has a process of its own, so that its work is not counted as ours."""
    arguments = [sys.executable, "-m", "bench.analysis", "--provider", "--latency", str(latency)]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, preexec_fn=dies_with_parent(signal.SIGTERM)
    ) as child:
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip()
        finally:
            child.terminate()


def be_provider(latency: float) -> int:
    app = openai_app(clock=FixedClock(END), api_key=KEY, switches=OpenaiSwitches(latency_s=latency))
    with serve(app) as url:
        print(f"{url}/v1", flush=True)
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
