"""What masking finds and what it costs: `python -m bench.masking [--dialogs N]`.

Invented dialogs with planted personal data are masked as an episode is, with the dictionary of names and without it.
Prints recall per kind with its bounds, how many messages with nothing but prices, dates and numbers were touched, and
texts per second. `--recogniser slovnet:FOLDER` measures natasha's models (`emb/navec…tar`, `model/slovnet_ner…tar`) in
the dictionary's place; the product uses none of them (docs/decisions.md).
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.table import Row, tell
from synkro_resources.rules.masking.dictionary import dictionary_names
from synkro_resources.rules.masking.masker import Masker, NameRecogniser
from synkro_resources.rules.masking.tokens import Tokens
from synkro_resources.sandbox.masking_texts import CLEAN, NAMES, Dialog, Message, Planted, dialogs

KEY = b"bench"
STRUCTURED_RECALL, NAME_RECALL, FALSE_POSITIVES = 0.99, 0.95, 0.005
UNBOUNDED = frozenset({"address"})

Places = list[tuple[int, int]]


@dataclass(slots=True)
class Tally:
    """Planted and found values by kind; `CLEAN` counts messages without any."""

    planted: Counter[str] = field(default_factory=Counter[str])
    found: Counter[str] = field(default_factory=Counter[str])
    missed: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, message: Message, places: Places) -> None:
        if not message.planted:
            self.planted[CLEAN] += 1
            self.found[CLEAN] += bool(places)
            if places:
                self.missed.setdefault(CLEAN, []).append(message.text)
        for value in message.planted:
            hit = _covered(message.text, value, places)
            self.planted[value.kind] += 1
            self.found[value.kind] += hit
            if not hit:
                self.missed.setdefault(value.kind, []).append(message.text)

    def share(self, kind: str) -> float:
        return self.found[kind] / self.planted[kind]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.masking", description="Recall and pace of masking.")
    parser.add_argument("--dialogs", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--recogniser", help="slovnet:FOLDER, in the dictionary's place")
    parser.add_argument("--missed", type=int, default=0, help="show so many missed messages of each kind")
    options = parser.parse_args()
    corpus = list(dialogs(options.dialogs, options.seed))
    messages = [message for dialog in corpus for message in dialog.messages]
    recogniser = named(options.recogniser) if options.recogniser else dictionary_names
    tallies: list[Tally] = []
    seconds: list[float] = []
    for what, recognise in (("lists and forms alone", None), (options.recogniser or "with the dictionary", recogniser)):
        start = time.perf_counter()
        found = masked(corpus, recognise)
        seconds.append(time.perf_counter() - start)
        print(f"{what}: {len(messages) / seconds[-1]:,.0f} texts/s")
        tallies.append(counted(messages, found))
    alone, whole = tallies
    print(f"{len(corpus):,} dialogs, {len(messages):,} texts")
    for kind in sorted(whole.planted, key=lambda kind: (kind == CLEAN, kind in NAMES, kind)):
        print(f"{kind:<55}{whole.planted[kind]:>7,}{alone.share(kind):>9.2%}{whole.share(kind):>9.2%}")
        for text in whole.missed.get(kind, [])[: options.missed]:
            print(f"    {text}")
    held = judged(whole)
    tell(
        Row(
            bench="masking",
            measures="texts a second in which personal data are found and hidden",
            value=len(messages) / seconds[-1],
            unit="texts/s",
            repeats=1,
            aim=f"recall ≥ {STRUCTURED_RECALL:.0%} of values, ≥ {NAME_RECALL:.0%} of names",
            met=held,
            amount=len(messages),
            amount_of="texts",
            seconds=seconds[-1],
        )
    )
    return 0 if held else 1


def masked(corpus: Sequence[Dialog], recogniser: NameRecogniser | None = None) -> list[Places]:
    """The places that masking took, message by message."""
    tokens = Tokens(KEY)
    found: list[Places] = []
    for dialog in corpus:
        masker = Masker(tokens, dialog.people, recognise=recogniser)
        for message in dialog.messages:
            spans = masker.mask(message.text).spans
            found.append([(span.original_start, span.original_end) for span in spans])
    return found


def counted(messages: Sequence[Message], found: Sequence[Places]) -> Tally:
    tally = Tally()
    for message, places in zip(messages, found, strict=True):
        tally.add(message, places)
    return tally


def judged(tally: Tally) -> bool:
    """Whether the bounds hold: values with a form, names together, messages without any."""
    forms = [kind for kind in tally.planted if kind not in NAMES | UNBOUNDED | {CLEAN}]
    names = sum(tally.found[kind] for kind in NAMES) / sum(tally.planted[kind] for kind in NAMES)
    checks = {
        f"values with a form {min(map(tally.share, forms)):.2%} (at least {STRUCTURED_RECALL:.0%} of each kind)": (
            min(map(tally.share, forms)) >= STRUCTURED_RECALL
        ),
        f"names {names:.2%} (at least {NAME_RECALL:.0%})": names >= NAME_RECALL,
        f"untouched prices, dates, numbers {1 - tally.share(CLEAN):.2%} (at least {1 - FALSE_POSITIVES:.1%})": (
            tally.share(CLEAN) <= FALSE_POSITIVES
        ),
    }
    for text, holds in checks.items():
        print(f"{'ok  ' if holds else 'FAIL'} {text}")
    return all(checks.values())


def named(name: str) -> NameRecogniser:
    """A recogniser from a library that is not among the product's own."""
    kind, _, folder = name.partition(":")
    if kind != "slovnet" or not folder:
        raise SystemExit("--recogniser: slovnet:FOLDER")
    return _by_network(importlib.import_module("navec"), importlib.import_module("slovnet"), Path(folder))


def _by_network(vectors: Any, network: Any, folder: Path) -> NameRecogniser:
    model = network.NER.load(next((folder / "model").glob("slovnet_ner*.tar")))
    model.navec(vectors.Navec.load(next((folder / "emb").glob("navec*.tar"))))

    def places(text: str) -> Places:
        return [(span.start, span.stop) for span in model(text).spans if span.type == "PER"]

    return places


def _covered(text: str, value: Planted, places: Places) -> bool:
    """Whether nothing of the value is left but the spaces between its words."""
    left = {at for at in range(value.start, value.end) if not text[at].isspace()}
    for start, end in places:
        left.difference_update(range(start, end))
    return not left


if __name__ == "__main__":
    sys.exit(main())
