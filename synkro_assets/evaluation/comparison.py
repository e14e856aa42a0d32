"""A model's stored findings next to the agreed labels: what it says of each type and item, and where it looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from synkro_assets.analysis.vocabulary import CHECKLIST_CODES, RULES, UNCLEAR, FindingType, Variant
from synkro_assets.evaluation.agreement import Agreement, agreement
from synkro_assets.evaluation.gold import GoldEpisode, Label
from synkro_assets.evaluation.laboratory import Labelled, quote_holds
from synkro_resources.model.rubric import R1

NONE = "none"
PRESENT = "yes"
"""Of codes that an episode has or has not."""
CHOSEN = (FindingType.CLIENT_TYPE, FindingType.LOST_REASON)
JUDGED = (FindingType.NEEDS_REPLY, FindingType.SENTIMENT_START, FindingType.SENTIMENT_END)
COUNTED = (FindingType.INTENT, FindingType.TOPIC, FindingType.OBJECTION)
OF_OBJECTIONS = (FindingType.OBJECTION_REPLY, FindingType.OBJECTION_OUTCOME)
CRITICAL = tuple(item.code for item in R1.items if item.is_critical)

Verdicts = Mapping[tuple[str, str], str]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Quotes of stored findings. `elsewhere`: the label is agreed, but not on this message; `unfounded`: there is none.

    Both together are the most that can be unsupported; whether a quote carries its claim only people can say.
    `judged`: those about whose label the gold set says anything.
    """

    quoted: int
    valid: int
    judged: int
    elsewhere: int
    unfounded: int

    @property
    def unsupported(self) -> float | None:
        return (self.elsewhere + self.unfounded) / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Difference:
    """One verdict of the model that is not the agreed one; `quote`: the words that the model rests it on."""

    item: str
    episode: str
    agreed: str
    told: str
    quote: str


def differences(gold: Iterable[GoldEpisode], labelled: Labelled) -> list[Difference]:
    """Every verdict that differs, by type and item, so that people can see who is right."""
    found: list[Difference] = []
    for episode in gold:
        if labelled.answers.get(episode.key, {}).get("status") != "ok":
            continue
        quotes = {(str(row["type"]), str(row["code"])): row["quote_masked"] for row in labelled.findings[episode.key]}
        for item, (agreed, told), where in compared(episode, labelled.verdicts(episode.key)):
            if agreed != told:
                found.append(Difference(item, episode.key, agreed, told, str(quotes.get(where) or "")))
    order = {name: at for at, name in enumerate((*(kind.value for kind in FindingType), *CHECKLIST_CODES))}
    return sorted(found, key=lambda one: (order[one.item.partition(" ")[0]], one.item, one.episode))


def pairs_by_name(gold: Iterable[GoldEpisode], labelled: Labelled) -> dict[str, list[Pair]]:
    """(gold, model) verdicts by type, and by item of the checklist. Episodes without an answer are left out."""
    found: dict[str, list[Pair]] = {}
    for episode in gold:
        if labelled.answers.get(episode.key, {}).get("status") != "ok":
            continue
        for name, pair in _pairs(episode, labelled.verdicts(episode.key)):
            found.setdefault(name, []).append(pair)
    return found


def agreements(pairs: Mapping[str, Sequence[Pair]]) -> list[Agreement]:
    """One per type and item, in the order of the documentation."""
    names = [kind.value for kind in FindingType if kind is not FindingType.CHECKLIST]
    positives = {kind.value: PRESENT for kind in COUNTED}
    found = [agreement(name, pairs[name], positives.get(name)) for name in names if name in pairs]
    found += [agreement(code, pairs[code], "no") for code in CHECKLIST_CODES if code in pairs]
    # A chosen code is right or wrong as a whole: what is called precise is the share of named ones that are right.
    return [_with_precision(one, pairs[one.name]) if one.name in CHOSEN else one for one in found]


def evidence(gold: Iterable[GoldEpisode], labelled: Labelled) -> Evidence:
    judged = list(gold)
    labels = {episode.key: _by_item(episode) for episode in judged}
    partial = {episode.key for episode in judged if not episode.complete}
    quoted = valid = told_of = elsewhere = unfounded = 0
    for content, row in labelled.rows:
        if row["quote_masked"] is None:
            continue
        quoted += 1
        valid += quote_holds(content, row)
        label = labels[content.episode_key].get((str(row["type"]), str(row["code"])))
        if label is None and content.episode_key in partial:
            continue
        told_of += 1
        if label is None or label.value != row["value"]:
            unfounded += 1
        elif label.refs and row["quote_message_id"] not in label.refs:
            elsewhere += 1
    return Evidence(quoted, valid, told_of, elsewhere, unfounded)


def missed_replies(pairs: Mapping[str, Sequence[Pair]]) -> tuple[int, int]:
    """Clients who wait in truth, and how many of them the model calls done."""
    waiting = [told for true, told in pairs.get(FindingType.NEEDS_REPLY, ()) if true == "yes"]
    return sum(told == "no" for told in waiting), len(waiting)


def critical_noes(pairs: Mapping[str, Sequence[Pair]]) -> tuple[int, int]:
    """True «no» of critical items, and how many the model found."""
    noes = [told for code in CRITICAL for true, told in pairs.get(code, ()) if true == "no"]
    return sum(told == "no" for told in noes), len(noes)


def _pairs(episode: GoldEpisode, told: Verdicts) -> Iterator[tuple[str, Pair]]:
    return ((item.partition(" ")[0], pair) for item, pair, _ in compared(episode, told))


def compared(episode: GoldEpisode, told: Verdicts) -> Iterator[tuple[str, Pair, tuple[str, str]]]:
    """What was judged, e.g. `intent invoice` or `CK03`, both verdicts, and under what the model's finding is stored."""
    agreed = {item: _verdict(label) for item, label in _by_item(episode).items()}
    for kind in CHOSEN:
        if not episode.complete and not episode.of(kind):
            continue
        pair = _chosen(kind, agreed), _chosen(kind, told)
        yield kind, pair, (kind, pair[1])
    for kind in JUDGED:
        if (true := agreed.get((kind, "-"))) is not None:
            yield kind, (true, told.get((kind, "-"), NONE)), (kind, "-")
    for kind in COUNTED:
        for code in RULES[kind].codes:
            if not episode.complete and (kind, code) not in agreed:
                continue
            yield f"{kind} {code}", (_presence(agreed, kind, code), _presence(told, kind, code)), (kind, code)
    for kind in OF_OBJECTIONS:
        for code in RULES[kind].codes:
            pair = agreed.get((kind, code), NONE), told.get((kind, code), NONE)
            if pair != (NONE, NONE) and (episode.complete or pair[0] != NONE):
                yield f"{kind} {code}", pair, (kind, code)
    if episode.variant is Variant.FULL:
        for code in CHECKLIST_CODES:
            if (true := agreed.get((FindingType.CHECKLIST, code))) is not None:
                where = (FindingType.CHECKLIST, code)
                yield code, (true, told.get(where, NONE)), where


def _by_item(episode: GoldEpisode) -> dict[tuple[str, str], Label]:
    return {(label.type.value, label.code): label for label in episode.labels}


def _verdict(label: Label) -> str:
    return label.value if label.applicability == "applicable" else label.applicability.value


def _chosen(kind: FindingType, verdicts: Verdicts) -> str:
    nothing = UNCLEAR if kind is FindingType.CLIENT_TYPE else NONE
    return next((code for (type_, code), value in verdicts.items() if type_ == kind and value == "yes"), nothing)


def _presence(verdicts: Verdicts, kind: FindingType, code: str) -> str:
    return PRESENT if verdicts.get((kind.value, code), NONE) != NONE else "no"


def _with_precision(one: Agreement, pairs: Sequence[Pair]) -> Agreement:
    named = [(true, told) for true, told in pairs if told not in (NONE, UNCLEAR)]
    there = [(true, told) for true, told in pairs if true not in (NONE, UNCLEAR)]
    right = sum(true == told for true, told in named)
    return Agreement(
        one.name,
        one.judged,
        one.share,
        one.balance,
        one.kappa,
        one.f1,
        precision=right / len(named) if named else None,
        recall=right / len(there) if there else None,
    )
