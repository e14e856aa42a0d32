"""What reaches a provider of planted personal data: `python -m bench.masking_requests [--dialogs N]`.

Each invented dialog goes the road of an episode: conversation, masking, rendering, prompt, real client, a socket. Then
the emulated provider's own log of requests is searched for everything that was planted. Ends with 1 if one phone,
e-mail, card, account, username, link or number of a document is there, or more than 5 % of the names.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import orjson
import pandas as pd
from pydantic import SecretStr

from bench.masking import NAME_RECALL
from synkro_assets.analysis.answer import answer_schema
from synkro_assets.analysis.conversations import MESSAGE_COLUMNS, Conversations, Episode
from synkro_assets.analysis.prompt import system_prompt
from synkro_assets.analysis.rendering import new_nonce, render
from synkro_assets.analysis.vocabulary import Variant
from synkro_resources.ai.async_client import AsyncAiClient, CallFailed
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.profiles import PROFILES
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.rubric import R1
from synkro_resources.rules.masking.tokens import Tokens
from synkro_resources.sandbox.masking_texts import NAMES, Dialog, Planted, dialogs
from synkro_resources.sandbox.openai import openai_app
from synkro_resources.sandbox.serve import serve

BEGAN = datetime(2026, 11, 2, 7, tzinfo=UTC)
MODEL, KEY, AT_ONCE, TRIES = "sandbox-mini", "bench", 4, 4
MEASURED = frozenset({"address", *NAMES})
"""All other kinds have a form, and not one of them may leave."""
SIDES, REST = ("client", "manager"), ("1", None, None)
FEWEST_DIGITS = 10
"""Shorter runs of digits may stand in a price list by chance."""
_DIGITS = re.compile(r"\d(?:[ .()-]{0,3}\d)+")
_NOT_DIGIT = re.compile(r"\D")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.masking_requests", description="What leaves unmasked.")
    parser.add_argument("--dialogs", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shown", type=int, default=5, help="show so many values of each kind that got through")
    options = parser.parse_args()
    corpus = list(dialogs(options.dialogs, options.seed))
    app = openai_app(clock=FixedClock(BEGAN), api_key=KEY)
    start = time.perf_counter()
    with serve(app) as url:
        asyncio.run(ask_all(f"{url}/v1", corpus))
    seconds = time.perf_counter() - start
    seen = [user_text(entry.body) for entry in app.state.log.entries]
    print(f"{len(corpus):,} dialogs, {len(seen):,} requests logged (repeated ones included), {seconds:.0f} s")
    return 0 if told(corpus, seen, options.shown) else 1


async def ask_all(url: str, corpus: Sequence[Dialog]) -> None:
    """One request per dialog, as an episode of its own."""
    endpoint = Endpoint(url, SecretStr(KEY), MODEL, PROFILES["compatible"])
    client = AsyncAiClient(endpoint, tenant="bench")
    tokens, system, schema = Tokens(b"bench"), system_prompt(R1, Variant.LABELS), answer_schema()
    waiting = iter(enumerate(corpus))

    async def work() -> None:
        for number, dialog in waiting:
            content = conversation(number, dialog, tokens).of(episode(number, dialog)).content
            user = f"{number}\n{render(content, new_nonce(content))}"
            for tries_left in reversed(range(TRIES)):
                try:
                    await client.complete(name="labels", schema=schema, system=system, user=user, max_output=900)
                    break
                except CallFailed as failure:  # on a busy machine a connection may not come about in time
                    if not failure.error.retryable or not tries_left:
                        raise

    try:
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    finally:
        await client.close()


def told(corpus: Sequence[Dialog], seen: Sequence[str], shown: int) -> bool:
    """Whether the bounds hold. Each request begins with its dialog's number."""
    bodies = {int(number): body for number, _, body in (text.partition("\n") for text in seen)}
    planted: Counter[str] = Counter()
    leaked: dict[str, list[str]] = {}
    for number, dialog in enumerate(corpus):
        body = bodies[number]
        runs = {_NOT_DIGIT.sub("", run) for run in _DIGITS.findall(body)}
        for value, words in _values(dialog):
            planted[value.kind] += 1
            digits = _NOT_DIGIT.sub("", words)
            is_number = len(digits) >= FEWEST_DIGITS and value.kind not in MEASURED
            if words in body or (is_number and digits in runs):
                leaked.setdefault(value.kind, []).append(words)
    for kind in sorted(planted, key=lambda kind: (kind in MEASURED, kind)):
        got = leaked.get(kind, [])
        share = 1 - len(got) / planted[kind]
        print(f"{kind:<55}{planted[kind]:>8,} planted{len(got):>7,} reached the provider{share:>9.2%}")
        for words in got[:shown]:
            print(f"    {words}")
    forms = sum(len(got) for kind, got in leaked.items() if kind not in MEASURED)
    names = 1 - sum(len(leaked.get(kind, [])) for kind in NAMES) / sum(planted[kind] for kind in NAMES)
    checks = {
        f"values with a form that reached the provider: {forms} (0)": forms == 0,
        f"names hidden {names:.2%} (at least {NAME_RECALL:.0%})": names >= NAME_RECALL,
        f"dialogs whose request was logged {len(bodies):,}": len(bodies) == len(corpus),
    }
    for text, holds in checks.items():
        print(f"{'ok  ' if holds else 'FAIL'} {text}")
    return all(checks.values())


def user_text(body: bytes) -> str:
    return str(orjson.loads(body)["messages"][-1]["content"])


def conversation(number: int, dialog: Dialog, tokens: Tokens) -> Conversations:
    rows = [
        (f"{number}-{at}", number, BEGAN + timedelta(minutes=at), SIDES[at % 2], *(None, "text"), message.text, *REST)
        for at, message in enumerate(dialog.messages)
    ]
    people = dialog.people
    return Conversations(
        messages=pd.DataFrame(rows, columns=list(MESSAGE_COLUMNS)),
        calls=pd.DataFrame({"contact_id": [], "deal_id": [], "at": [], "direction": [], "duration_s": []}),
        names={person.id: person.name for person in people.contacts},
        deal_contacts={},
        profiles={} if people.profile is None else {number: people.profile.name},
        managers=list(people.managers),
        author_map={},
        tokens=tokens,
        zone="Europe/Moscow",
        characters=40_000,
    )


def episode(number: int, dialog: Dialog) -> Episode:
    return Episode(
        day=BEGAN.date(),
        episode_key=f"{number}:0",
        dialog_id=number,
        first_at=BEGAN,
        last_at=BEGAN + timedelta(minutes=len(dialog.messages)),
        channel="whatsapp",
        started_before_window=False,
        variant=Variant.LABELS,
        contact_id=dialog.people.contacts[0].id,
        deal_id=None,
        waits=False,
        lost_on_day=False,
        price=0.0,
    )


def _values(dialog: Dialog) -> Iterator[tuple[Planted, str]]:
    for message in dialog.messages:
        for value in message.planted:
            yield value, message.text[value.start : value.end]


if __name__ == "__main__":
    sys.exit(main())
