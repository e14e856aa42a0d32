"""Two entities become one: what the one that stays takes over from the other."""

from __future__ import annotations

from typing import cast

from synkro_resources.sandbox.amocrm.desk import Change, Desk, add_link, drop_link, ids_in
from synkro_resources.sandbox.amocrm.filters import Json
from synkro_resources.sandbox.amocrm.store import CARDS


def merge(desk: Desk, change: Change, kind: str, winner: Json, loser: Json, by: int) -> None:
    """`loser` goes, `winner` gets its links, fields, tags, notes, tasks and talks.

    The vendor writes one event with empty arrays; whose id it carries, and whether the loser is also deleted, are
    switches because it is not known.
    """
    switches = desk.store.switches
    change.note(kind, winner["id"])
    _take_fields(winner, loser)
    _take_tags(winner, loser)
    for other in CARDS:
        for linked in desk.cards(other, ids_in(loser, other)):
            was_main = any(
                item.get("is_main") for item in linked["_embedded"].get(kind, []) if item["id"] == loser["id"]
            )
            drop_link(linked, kind, loser["id"])
            add_link(linked, kind, winner["id"], is_main=was_main)
            if other in winner["_embedded"] and not (other == "companies" and winner["_embedded"][other]):
                add_link(winner, other, linked["id"])
            if switches.merge_touches_leads and other == "leads":
                desk.stamp(change, "leads", linked, by)
    _take_feed(desk, kind, winner["id"], loser["id"])
    desk.take_out(change, kind, loser)
    desk.stamp(change, kind, winner, by)
    named = loser if switches.merge_event_names_loser else winner
    desk.event(change, "entity_merged", kind, named["id"], by)
    if switches.merge_also_deletes:
        desk.throw_away(change, kind, loser, by)


def _take_fields(winner: Json, loser: Json) -> None:
    """Fields the winner lacks, and all values of fields that have several."""
    mine = cast("list[Json]", winner.get("custom_fields_values") or [])
    known = {item["field_id"]: item for item in mine}
    for item in cast("list[Json]", loser.get("custom_fields_values") or []):
        if item["field_id"] not in known:
            mine.append(item)
        elif item["field_type"] == "multitext":
            values: list[Json] = known[item["field_id"]]["values"]
            values += [value for value in item["values"] if value["value"] not in {it["value"] for it in values}]
    winner["custom_fields_values"] = mine or winner.get("custom_fields_values")


def _take_tags(winner: Json, loser: Json) -> None:
    tags: list[Json] = winner["_embedded"]["tags"]
    tags += [tag for tag in loser["_embedded"]["tags"] if tag["id"] not in {known["id"] for known in tags}]


def _take_feed(desk: Desk, kind: str, winner: int, loser: int) -> None:
    """Notes, tasks, talks and chats belong to the winner now, without looking edited."""
    account = desk.account
    for row in account.notes.get(kind, []):
        if row["entity_id"] == loser:
            row["entity_id"] = winner
    for row in account.tasks:
        if (row["entity_type"], row["entity_id"]) == (kind, loser):
            row["entity_id"] = winner
    for talk in account.talks.values():
        if kind == "contacts" and talk["contact_id"] == loser:
            talk["contact_id"] = winner
        if kind == "leads" and (talk["entity_type"], talk["entity_id"]) == ("lead", loser):
            talk["entity_id"] = winner
        for item in talk.get("_embedded", {}).get(kind) or []:
            if item["id"] == loser:
                item["id"] = winner
    for chat in account.chats if kind == "contacts" else []:
        if chat["contact_id"] == loser:
            chat["contact_id"] = winner
