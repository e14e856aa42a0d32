"""The answer to a request for the analysis of a dialog, true by the text unless the switches want it false."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from synkro_resources.sandbox.openai.analyst.checklist import checklist
from synkro_resources.sandbox.openai.analyst.finding import Finding, said
from synkro_resources.sandbox.openai.analyst.lies import Lie, with_lies
from synkro_resources.sandbox.openai.analyst.mood import sentiments
from synkro_resources.sandbox.openai.analyst.objections import findings as objection_findings
from synkro_resources.sandbox.openai.analyst.objections import objections
from synkro_resources.sandbox.openai.analyst.reading import Reading
from synkro_resources.sandbox.openai.analyst.request import AnalysisRequest, read_request
from synkro_resources.sandbox.openai.analyst.subject import client_type, intents, lost_reason, needs_reply, topics
from synkro_resources.sandbox.openai.schema import Schema, problems, resolve
from synkro_resources.sandbox.openai.switches import OpenaiSwitches
from synkro_resources.sandbox.openai.wire import Completion


def analysis(wanted: Completion, switches: OpenaiSwitches, number: int) -> tuple[str, list[Lie]] | None:
    """JSON of the answer and the mistakes in it; None if the request asks for something else.

    `number` is the request's, under which its mistakes are noted.
    """
    asked = read_request(wanted)
    if asked is None:
        return None
    reading = Reading(asked.episode)
    lies: list[Lie] = []
    found = truth(reading, asked)
    told_orders = [message.ref for message in reading.orders]
    if switches.obeys_injection and told_orders:
        found, lies = _obedient(found, reading, number)
        told_orders = []  # who obeys an order does not report it
    if switches.lies_share > 0:
        seed = f"{wanted.model}\0{wanted.prompt}"
        found, more = with_lies(found, reading, switches, request=number, seed=seed, second=asked.is_second)
        lies = [*_moved(lies, found), *more]
    rows, kept = _fitting([_as_json(item) for item in found], wanted.schema)
    told: dict[str, object] = {"findings": rows, "instruction_like": told_orders}
    if wanted.schema is not None:
        told = {name: told[name] for name in cast("Mapping[str, Schema]", wanted.schema["properties"]) if name in told}
    told_lies = [
        lie if lie.index is None else replace(lie, index=kept.index(lie.index))
        for lie in lies
        if lie.index is None or lie.index in kept
    ]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")), told_lies


def truth(reading: Reading, asked: AnalysisRequest) -> list[Finding]:
    """What a careful reader would answer, in the order of the contract's table."""
    raised = objections(reading)
    found = [
        client_type(reading),
        *(said("intent", code, "yes", sentence) for code, sentence in intents(reading)),
        *(said("topic", code, "yes", sentence) for code, sentence in topics(reading)),
        *needs_reply(reading),
        *sentiments(reading),
        *objection_findings(raised),
        *lost_reason(reading),
    ]
    if asked.is_full:
        found += checklist(reading, raised)
    if asked.repairs is not None:
        found = [item for item in found if any(failed.covers(item) for failed in asked.repairs)]
    return found


def _obedient(found: Sequence[Finding], reading: Reading, number: int) -> tuple[list[Finding], list[Lie]]:
    """As a model answers that takes a client's orders: everything was done, and nobody waits."""
    first = reading.manager[0] if reading.manager else None
    made: list[Finding] = []
    lies: list[Lie] = []
    for finding in found:
        told = finding
        if finding.type == "checklist" and first is not None:
            told = said("checklist", finding.code, "yes", first)
        elif finding.type == "needs_reply":
            told = replace(finding, value="no")
        if told != finding:
            lies.append(Lie(number, len(made), "obeys_injection", told.type, told.code))
        made.append(told)
    return made, lies


def _moved(lies: Sequence[Lie], found: Sequence[Finding]) -> list[Lie]:
    """The notes with the places that their findings have now; those left out have none."""
    places = {(item.type, item.code): at for at, item in reversed(list(enumerate(found)))}
    return [replace(lie, index=places.get((lie.type, lie.code))) for lie in lies]


def _as_json(finding: Finding) -> dict[str, object]:
    return {
        "type": finding.type,
        "code": finding.code,
        "refs": list(finding.refs),
        "quote": finding.quote,
        "detail": finding.detail,
        "applicability": finding.applicability,
        "value": finding.value,
    }


def _fitting(rows: list[dict[str, object]], schema: Schema | None) -> tuple[list[dict[str, object]], list[int]]:
    """What a decoder that obeys the schema lets through, fields in its order, and which of `rows` that is."""
    if schema is None:
        return rows, list(range(len(rows)))
    properties = cast("Mapping[str, Schema]", schema["properties"])
    item = resolve(cast("Schema", resolve(properties["findings"], schema).get("items", {})), schema)
    ordered = [
        {name: row[name] for name in cast("Mapping[str, Schema]", item.get("properties", {})) if name in row}
        for row in rows
    ]
    kept = [at for at, row in enumerate(ordered) if not problems(row, item, schema)]
    return [ordered[at] for at in kept], kept
