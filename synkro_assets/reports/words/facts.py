"""The conclusions under «Главное»: which of them hold, and how they are worded (docs/report.md, «Facts»).

Code decides, by the figures of the package alone; a model may later word a fact, but neither find nor count one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from synkro_assets.reports.words.figure_words import FigureWords
from synkro_resources.model.package import Change, Package, PackageFact, PackageMetric
from synkro_resources.model.period import PeriodKind
from synkro_resources.rules import formats

SHOWN_FACTS = 4
NOTABLE_SHARE = 0.20  # of lost deals without a reason, or with one that the dialog contradicts
NOTABLE_OBJECTION = 0.15
COMPARED_DEALS = 10  # below, a share of contradicting reasons says nothing
MOVED = (Change.UP, Change.DOWN)
WORDED_IN = "worded_in"
"""Among a fact's values: the language of a model's wording."""


def facts_of(package: Package, language: str) -> tuple[PackageFact, ...]:
    """Every fact that holds, the most important first; none for a day, which only lists who waits."""
    if package.period.kind is PeriodKind.DAY:
        return ()
    words = FigureWords(package, language)
    found: list[PackageFact] = []
    for number, (code, finder) in enumerate(_FINDERS.items(), start=1):
        values = finder(package)
        if values is not None:
            amount = values.get("amount")
            fact = PackageFact(code, code, number, amount=amount if isinstance(amount, int) else None, values=values)
            found.append(fact)
    if not found:
        found = [PackageFact("F_CALM", "F_CALM", len(_FINDERS) + 1)]
    return tuple(_worded(fact, words) for fact in found)


def shown_facts(package: Package) -> tuple[PackageFact, ...]:
    """The facts that a report shows."""
    return package.facts[:SHOWN_FACTS]


def word_fact(fact: PackageFact, words: FigureWords) -> str:
    """The sentence of a fact in the language of `words`, from its values and the package's figures."""
    return words.say(fact.code, **gaps_of(fact, words))


def gaps_of(fact: PackageFact, words: FigureWords) -> dict[str, str]:
    """What fills the gaps of a fact's sentence: figures with their units, names, and whole parts that may be empty."""
    return _GAPS[fact.code](fact.values, words)


def shown_sentence(fact: PackageFact, words: FigureWords) -> str:
    """The sentence that a report in the language of `words` shows: a model's where one was accepted in it."""
    worded = fact.wording == "model" and fact.values.get(WORDED_IN) == words.language
    return fact.final_text if worded else word_fact(fact, words)


def _worded(fact: PackageFact, words: FigureWords) -> PackageFact:
    text = word_fact(fact, words)
    return replace(fact, template_text=text, final_text=text)


Values = dict[str, object]
Gaps = dict[str, str]


def _unanswered(package: Package) -> Values | None:
    count = _whole(package, 4, "unanswered")
    if not count:
        return None
    values: Values = {"count": count, "amount": _whole(package, 4, "unanswered_amount")}
    comparison = package.health_of("manager_comparison")
    people = [item for item in package.scoped(4, "unanswered", "manager") if item.value]
    if comparison is not None and comparison.status == "on" and people:
        most = max(people, key=lambda item: (item.value or 0, item.scope_id))
        values |= {"manager": most.scope_id, "most": int(most.value or 0)}
    return values


def _critical(package: Package) -> Values | None:
    count = _whole(package, 14, "critical_fails")
    items = [item for item in package.scoped(14, "critical_fails", "item") if item.value]
    if not count or not items:
        return None
    return {"count": count, "item": max(items, key=lambda item: (item.value or 0, item.scope_id)).scope_id}


def _sla(package: Package) -> Values | None:
    found = package.metric(3, "in_sla")
    return {} if found is not None and found.verdict in MOVED else None


def _objection(package: Package) -> Values | None:
    top = top_objection(package)
    if top is None or top.value is None:
        return None
    fires = top.value >= NOTABLE_OBJECTION and top.display == "ok"
    return {"objection": top.scope_id} if fires or top.verdict is Change.UP else None


def _lost(package: Package) -> Values | None:
    count, without = _whole(package, 9, "lost"), _whole(package, 9, "lost_without_reason")
    mismatch = package.metric(9, "mismatch")
    differs = mismatch is not None and (mismatch.den or 0) >= COMPARED_DEALS and (mismatch.value or 0) >= NOTABLE_SHARE
    if not count or not (without / count >= NOTABLE_SHARE or differs):
        return None
    return {"count": count, "amount": _whole(package, 9, "lost_amount"), "without": without, "mismatch": differs}


def _no_deal(package: Package) -> Values | None:
    found = package.metric(7, "no_deal")
    return {"count": found.num} if found is not None and found.num else None


def _silent(package: Package) -> Values | None:
    found = package.metric(8, "new_silent")
    return {"count": found.num} if found is not None and found.num else None


def _conversion(package: Package) -> Values | None:
    moved = [item for item in package.scoped(10, "conversion", "step") if item.verdict in MOVED]
    return {"step": moved[0].scope_id} if moved else None


_FINDERS: dict[str, Callable[[Package], Values | None]] = {
    "F_UNANSWERED": _unanswered,
    "F_CRITICAL": _critical,
    "F_SLA": _sla,
    "F_OBJECTION": _objection,
    "F_LOST": _lost,
    "F_NODEAL": _no_deal,
    "F_SILENT": _silent,
    "F_CONVERSION": _conversion,
}
"""In the order of their importance."""


def top_objection(package: Package) -> PackageMetric | None:
    """The most frequent objection of the period."""
    known = [item for item in package.scoped(13, "objection", "objection") if item.num]
    return max(known, key=lambda item: (item.num or 0, item.scope_id), default=None)


def _of_unanswered(values: Values, words: FigureWords) -> Gaps:
    amount, count = _int(values, "amount"), _int(values, "count")
    most = ""
    if "manager" in values:
        name = words.package.names.get("manager", {}).get(str(values["manager"]), "")
        most = words.say("fact_most", name=name, count=formats.whole(_int(values, "most"))) if name else ""
    money = words.say("fact_amount", amount=formats.money(amount, words.language)) if amount else ""
    end = words.say(f"end_{words.package.period.kind}")
    episodes = formats.counted(count, "episode", words.language)
    return {"end": end, "count": episodes, "amount": money, "most": most}


def _of_critical(values: Values, words: FigureWords) -> Gaps:
    item = words.package.names.get("item", {}).get(str(values["item"]), str(values["item"]))
    return {"count": formats.counted(_int(values, "count"), "case", words.language), "item": item}


def _of_sla(_values: Values, words: FigureWords) -> Gaps:
    found = words.metric(3, "in_sla")
    assert found is not None  # the fact was found by it
    return {
        "sla": words.package.versions.get("sla_minutes", ""),
        "share": words.share_now(found),
        "change": words.change(found),
        "before": words.share_before(found),
    }


def _of_objection(values: Values, words: FigureWords) -> Gaps:
    code = str(values["objection"])
    found = words.metric(13, "objection", "objection", code)
    assert found is not None
    handled = words.metric(13, "objection_handled", "objection", code)
    unhandled = ""
    if handled is not None and handled.den:
        unhandled = words.say("fact_unhandled", num=(handled.den or 0) - (handled.num or 0), den=handled.den)
    before = "" if found.prev_value is None else words.say("fact_before", before=words.share_before(found))
    return {
        "name": words.package.names.get("objection", {}).get(code, code),
        "num": formats.whole(found.num or 0),
        "den": formats.counted(found.den or 0, "deal_of", words.language),
        "share": words.share_now(found),
        "change": words.change(found),
        "before": before,
        "unhandled": unhandled,
    }


def _of_lost(values: Values, words: FigureWords) -> Gaps:
    amount = _int(values, "amount")
    mismatch = words.metric(9, "mismatch")
    differs = ""
    if values.get("mismatch") and mismatch is not None:
        differs = words.say("fact_mismatch", num=mismatch.num, den=mismatch.den)
    return {
        "count": formats.whole(_int(values, "count")),
        "amount": words.say("fact_lost_amount", amount=formats.money(amount, words.language)) if amount else "",
        "without": formats.whole(_int(values, "without")),
        "mismatch": differs,
    }


def _of_no_deal(values: Values, words: FigureWords) -> Gaps:
    return {"count": formats.counted(_int(values, "count"), "episode", words.language)}


def _of_silent(values: Values, words: FigureWords) -> Gaps:
    days = int(words.package.versions.get("silent_working_days", "3"))
    return {
        "count": formats.counted(_int(values, "count"), "new_deal", words.language),
        "days": formats.counted(days, "work_day", words.language),
    }


def _of_conversion(values: Values, words: FigureWords) -> Gaps:
    step = str(values["step"])
    found = words.metric(10, "conversion", "step", step)
    assert found is not None
    return {
        "step": words.package.names.get("step", {}).get(step, step),
        "share": words.share_now(found),
        "change": words.change(found),
        "before": words.share_before(found),
        "cohort": words.cohort(found),
    }


_GAPS: dict[str, Callable[[Values, FigureWords], Gaps]] = {
    "F_UNANSWERED": _of_unanswered,
    "F_CRITICAL": _of_critical,
    "F_SLA": _of_sla,
    "F_OBJECTION": _of_objection,
    "F_LOST": _of_lost,
    "F_NODEAL": _of_no_deal,
    "F_SILENT": _of_silent,
    "F_CONVERSION": _of_conversion,
    "F_CALM": lambda _values, _words: {},
}


def _whole(package: Package, number: int, code: str) -> int:
    found = package.metric(number, code)
    return 0 if found is None or found.value is None else int(found.value)


def _int(values: Values, key: str) -> int:
    value = values.get(key)
    return value if isinstance(value, int) else 0
