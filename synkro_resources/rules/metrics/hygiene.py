"""Order in the CRM (#22): open deals without a task, late tasks, empty mandatory fields, shared phones. Lists only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from synkro_resources.rules.deal_history import Deal, DealHistory, Stage
from synkro_resources.rules.metrics.frames import moment, records, text, whole


@dataclass(frozen=True, slots=True)
class LateTask:
    """A task whose time is up; the deal or contact that it belongs to may be unknown."""

    task_id: int
    deal_id: int | None
    contact_id: int | None
    responsible_id: int | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class EmptyFields:
    """An open deal in a stage that demands fields which are empty."""

    deal_id: int
    field_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SharedPhone:
    """Contacts with the same normalised phone."""

    phone: str
    contact_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hygiene:
    """Stocks at an instant, each as its list; deals by id, late tasks the oldest first."""

    without_task: tuple[int, ...]
    late_tasks: tuple[LateTask, ...]
    empty_fields: tuple[EmptyFields, ...]
    shared_phones: tuple[SharedPhone, ...]


def crm_hygiene(
    history: DealHistory,
    tasks: pd.DataFrame,
    deal_fields: pd.DataFrame,
    contacts: pd.DataFrame,
    contact_phones: pd.DataFrame,
    *,
    as_of: datetime,
    mandatory: Mapping[Stage, Collection[int]] | None = None,
    excluded_pipelines: Iterable[int] = (),
) -> Hygiene:
    """#22 at `as_of`. `mandatory`: field ids that a stage demands; without it nothing is said about fields.

    Tasks, fields and phones are known as they are now: a task counts as open at `as_of` if it was created by then and
    not completed before it.
    """
    open_deals = [
        deal for deal in history.visible(as_of, excluded_pipelines) if history.is_open_at(deal.deal_id, as_of)
    ]
    waiting = [row for row in records(tasks) if _is_open(row, as_of)]
    with_task = {whole(row["deal_id"]) for row in waiting}
    return Hygiene(
        without_task=tuple(deal.deal_id for deal in open_deals if deal.deal_id not in with_task),
        late_tasks=_late(waiting, as_of),
        empty_fields=tuple(_empty_fields(history, open_deals, deal_fields, mandatory or {}, as_of)),
        shared_phones=_shared_phones(contacts, contact_phones),
    )


def _is_open(task: Mapping[str, object], as_of: datetime) -> bool:
    created, completed = moment(task["created_at"]), moment(task["completed_at"])
    if created is not None and created >= as_of:
        return False
    return not task["is_completed"] or (completed is not None and completed >= as_of)


def _late(tasks: Iterable[Mapping[str, object]], as_of: datetime) -> tuple[LateTask, ...]:
    found = [
        LateTask(task_id, whole(row["deal_id"]), whole(row["contact_id"]), whole(row["responsible_id"]), due_at)
        for row in tasks
        if (task_id := whole(row["task_id"])) is not None
        and (due_at := moment(row["due_at"])) is not None
        and due_at < as_of
    ]
    return tuple(sorted(found, key=lambda task: (task.due_at, task.task_id)))


def _empty_fields(
    history: DealHistory,
    deals: Iterable[Deal],
    deal_fields: pd.DataFrame,
    mandatory: Mapping[Stage, Collection[int]],
    as_of: datetime,
) -> Iterable[EmptyFields]:
    filled: dict[int, set[int]] = {}
    for row in records(deal_fields) if mandatory else ():
        deal_id, field_id = whole(row["deal_id"]), whole(row["field_id"])
        deal = None if deal_id is None else history.deals.get(deal_id)
        # A field holds while its version equals the deal's: emptied fields leave an older row behind.
        if (
            deal
            and field_id is not None
            and moment(row["source_updated_at"]) == deal.version
            and text(row["value_text"])
        ):
            filled.setdefault(deal.deal_id, set()).add(field_id)
    for deal in deals:
        wanted = set(mandatory.get(history.stage_at(deal.deal_id, as_of), ()))
        if empty := wanted - filled.get(deal.deal_id, set()):
            yield EmptyFields(deal.deal_id, tuple(sorted(empty)))


def _shared_phones(contacts: pd.DataFrame, contact_phones: pd.DataFrame) -> tuple[SharedPhone, ...]:
    alive = {
        whole(row["contact_id"]): moment(row["source_updated_at"]) for row in records(contacts) if not row["is_deleted"]
    }
    owners: dict[str, set[int]] = {}
    for row in records(contact_phones):
        contact_id, phone = whole(row["contact_id"]), text(row["phone_norm"])
        if contact_id is None or phone is None or contact_id not in alive:
            continue
        if alive[contact_id] == moment(row["source_updated_at"]):
            owners.setdefault(phone, set()).add(contact_id)
    return tuple(SharedPhone(phone, tuple(sorted(ids))) for phone, ids in sorted(owners.items()) if len(ids) > 1)
