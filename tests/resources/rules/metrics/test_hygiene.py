"""Order in the CRM: deals without tasks, late tasks, empty mandatory fields, contacts that share a phone."""

from __future__ import annotations

from datetime import timedelta

from synkro_resources.model.tables.cards import DEAL_FIELD, TASK
from synkro_resources.rules.metrics.frames import as_frame
from synkro_resources.rules.metrics.hygiene import EmptyFields, Hygiene, SharedPhone, crm_hygiene
from tests.resources.rules.calendars import at
from tests.resources.rules.metrics.rows import LOST, OPEN, VERSION, contact, deal, frame, history, phone

AS_OF = at("09-14 00:00")
SOURCE_FIELD, CITY_FIELD = 501, 502


def task(
    task_id: int, due: str, *, deal_id: int | None = None, done: str | None = None, created: str = "09-01 10:00"
) -> dict[str, object]:
    return {
        "task_id": task_id,
        "deal_id": deal_id,
        "responsible_id": 1,
        "created_at": at(created),
        "due_at": at(due),
        "is_completed": done is not None,
        "completed_at": None if done is None else at(done),
        "source_updated_at": VERSION,
    }


def filled(deal_id: int, field_id: int, value: str | None = "Москва", *, stale: bool = False) -> dict[str, object]:
    version = VERSION - timedelta(days=1) if stale else VERSION
    return {"deal_id": deal_id, "field_id": field_id, "position": 0, "value_text": value, "source_updated_at": version}


def look(
    deals: list[dict[str, object]] | None = None,
    tasks: list[dict[str, object]] | None = None,
    fields: list[dict[str, object]] | None = None,
    contacts: list[dict[str, object]] | None = None,
    phones: list[dict[str, object]] | None = None,
    **more: object,
) -> Hygiene:
    return crm_hygiene(
        history(deals or []),
        as_frame(TASK.from_rows(tasks or [])),
        as_frame(DEAL_FIELD.from_rows(fields or [])),
        frame("contact", contacts or []),
        frame("phone", phones or []),
        as_of=AS_OF,
        **more,  # type: ignore[arg-type]
    )


def test_an_open_deal_without_an_open_task_is_listed_and_a_lost_one_is_not() -> None:
    deals = [deal(1), deal(2), deal(3), deal(4, status=LOST), deal(5, pipeline=9)]
    tasks = [task(1, "09-20 10:00", deal_id=1), task(2, "09-10 10:00", deal_id=2, done="09-10 09:00")]
    assert look(deals, tasks, excluded_pipelines=[9]).without_task == (2, 3)


def test_a_task_is_judged_as_it_was_at_the_instant_of_the_report() -> None:
    later = task(1, "09-20 10:00", deal_id=1, done="09-14 10:00")
    not_yet = task(2, "09-20 10:00", deal_id=2, created="09-14 10:00")
    assert look([deal(1), deal(2)], [later, not_yet]).without_task == (2,)


def test_late_tasks_are_listed_the_oldest_first() -> None:
    tasks = [
        task(1, "09-11 10:00"),
        task(2, "09-10 10:00", deal_id=1),
        task(3, "09-14 00:00"),
        task(4, "09-01 10:00", done="09-02 10:00"),
    ]
    assert [late.task_id for late in look(tasks=tasks).late_tasks] == [2, 1]


def test_a_stage_that_demands_fields_lists_the_deals_where_they_are_empty() -> None:
    fields = [
        filled(1, SOURCE_FIELD),
        filled(1, CITY_FIELD),
        filled(2, SOURCE_FIELD),
        filled(3, SOURCE_FIELD, stale=True),
        filled(3, CITY_FIELD, value=None),
    ]
    demanded = {(1, OPEN): [SOURCE_FIELD, CITY_FIELD]}
    deals = [deal(1), deal(2), deal(3), deal(4, status=12)]
    assert look(deals, fields=fields, mandatory=demanded).empty_fields == (
        EmptyFields(2, (CITY_FIELD,)),
        EmptyFields(3, (SOURCE_FIELD, CITY_FIELD)),
    )
    assert look(deals, fields=fields).empty_fields == ()


def test_contacts_that_share_a_phone_are_listed_together_without_deleted_ones_and_removed_phones() -> None:
    same = {"phone_norm": "79000000011"}
    removed = phone(4) | same | {"source_updated_at": VERSION - timedelta(days=1)}
    contacts = [contact(1), contact(2), contact(3) | {"is_deleted": True}, contact(4), contact(5)]
    phones = [phone(1) | same, phone(2) | same, phone(3) | same, removed, phone(5)]
    assert look(contacts=contacts, phones=phones).shared_phones == (SharedPhone("79000000011", (1, 2)),)
