"""Erasing one person of one tenant: everywhere the product keeps them, and never again from the vendors.

The ids are found and stored first, and the suppression is in force before the first row goes: a crash at any point is
repaired by running the same command again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from synkro_resources.control.dialog_links import dialog_links
from synkro_resources.control.erasures import (
    Certificate,
    Erasure,
    begin_erasure,
    finish_erasure,
    save_certificate,
    suppress,
)
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.tenants import get_tenant
from synkro_resources.erasure.mentions import Phone
from synkro_resources.erasure.person_control import erase_person_from_control
from synkro_resources.erasure.person_lake import (
    BY_CONTACT,
    BY_DIALOG,
    BY_PHONE,
    LakeChanges,
    Person,
    erase_person_from_lake,
    find_person,
)
from synkro_resources.erasure.suppression import person_hash
from synkro_resources.erasure.tenant import Installation, backups_until
from synkro_resources.erasure.warehouse import WarehouseEraser
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.tables import WAREHOUSE_TABLES
from synkro_resources.rules.phones import normalize_crm_phone

Totals = dict[str, dict[str, int]]


def _quiet(step: str) -> None:
    del step


def erase_person(
    places: Installation,
    keyring: Keyring,
    tenant: str,
    typed: str,
    *,
    actor: str,
    warehouse: WarehouseEraser | None = None,
    on_step: Callable[[str], None] = _quiet,
) -> Certificate:
    """Remove one person, found by the phone as people type it, and return the certificate, which names no phone.

    Raises:
        UserInputError: `erasure.bad_phone`, `tenant.unknown`.
        TransientError: `run.tenant_busy`, or a place cannot be reached: run it again.
    """
    digits = normalize_crm_phone(typed)
    if digits is None:
        raise UserInputError(
            "erasure.bad_phone",
            Sentence("Это не похоже на телефон.", "This does not look like a phone."),
            Sentence("Пример: --phone '+7 912 345-67-89'.", "For example: --phone '+7 912 345-67-89'."),
            tenant=tenant,
        )
    db = places.control
    get_tenant(db, tenant)
    with tenant_lock(db, tenant, 0):
        erasure = _begin(places, keyring, tenant, digits, actor)
        on_step("find")
        person, totals = _found(places, erasure, Phone(digits))
        save_certificate(db, erasure, _unfinished(erasure, person, totals))
        on_step("suppress")
        _suppress(places, keyring, erasure, person)
        if warehouse is not None:
            on_step("supabase")
            _add(totals, "supabase", _erase_from_warehouse(warehouse, person))
            save_certificate(db, erasure, _unfinished(erasure, person, totals))
        on_step("control")
        _add(totals, "control", erase_person_from_control(db, keyring, tenant, person))
        save_certificate(db, erasure, _unfinished(erasure, person, totals))
        on_step("lake")
        changes = erase_person_from_lake(places.lake_root, tenant, person, on_step)
        _add_lake(totals, changes)
        on_step("finish")
        return _finish(places, erasure, person, totals, warehouse is not None)


def _begin(places: Installation, keyring: Keyring, tenant: str, digits: str, actor: str) -> Erasure:
    return begin_erasure(
        places.control,
        tenant,
        "person",
        subject=person_hash(keyring, tenant, "phone", digits),
        actor=actor,
        clock=places.clock,
    )


def _found(places: Installation, erasure: Erasure, phone: Phone) -> tuple[Person, Totals]:
    linked = {link.dialog_id: link.contact_id for link in dialog_links(places.control, erasure.tenant)}
    person = find_person(places.lake_root, erasure.tenant, phone, linked=linked)
    stored: dict[str, Any] = erasure.certificate.get("ids", {})
    return person.and_those(stored), dict(erasure.certificate.get("removed", {}))


def _unfinished(erasure: Erasure, person: Person, totals: Totals) -> Certificate:
    """While it is under way the ids are kept, or a second try would not know them; a finished one has none."""
    return {"subject": erasure.certificate["subject"], "ids": person.ids, "removed": totals}


def _suppress(places: Installation, keyring: Keyring, erasure: Erasure, person: Person) -> None:
    tenant = erasure.tenant
    hashes = [
        person_hash(keyring, tenant, "phone", person.phone.digits),
        *(person_hash(keyring, tenant, "contact", item) for item in person.contacts),
        *(person_hash(keyring, tenant, "dialog", item) for item in person.dialogs),
    ]
    suppress(places.control, tenant, erasure.erasure_id, hashes, now=places.clock.now())


def _erase_from_warehouse(warehouse: WarehouseEraser, person: Person) -> dict[str, int]:
    deleted: dict[str, int] = {}
    for table in WAREHOUSE_TABLES:
        rows = 0
        if table.name in BY_CONTACT:
            rows += warehouse.delete_where(table, "contact_id", sorted(person.contacts))
        if table.name in BY_DIALOG:
            rows += warehouse.delete_where(table, "dialog_id", sorted(person.dialogs))
        if table.name in BY_PHONE:
            rows += warehouse.delete_where(table, "phone_norm", [person.phone.digits])
        if rows:
            deleted[str(table.warehouse)] = rows
    return deleted


def _add(totals: Totals, place: str, counts: dict[str, int]) -> None:
    """Counts of several tries add up, because each counts what it removed itself."""
    here = totals.setdefault(place, {})
    for name, count in counts.items():
        if count:
            here[name] = here.get(name, 0) + count


def _add_lake(totals: Totals, changes: LakeChanges) -> None:
    _add(totals, "lake_rows", changes.dropped)
    _add(totals, "lake_rows_with_the_phone_cut_out", changes.cut)
    _add(totals, "lake_files", {"radist/media": changes.media})


def _finish(
    places: Installation, erasure: Erasure, person: Person, totals: Totals, with_warehouse: bool
) -> Certificate:
    now = places.clock.now()
    certificate: Certificate = {
        "subject": erasure.certificate["subject"],
        "erasure_id": erasure.erasure_id,
        "kind": "person",
        "tenant": erasure.tenant,
        "requested_by": erasure.requested_by,
        "requested_at": erasure.requested_at.isoformat(),
        "finished_at": now.isoformat(),
        "found": {name: len(ids) for name, ids in person.ids.items()},
        "removed": totals,
        "kept": {
            "deals": {
                "why": "Deals are the company's own records; links to the person and the phone are removed from them.",
                "why_ru": "Сделки — записи самой компании; связь с человеком и телефон из них удалены.",
            },
            "audit_event": {
                "why": "The record of who did what is append-only; it holds no texts and no phones of clients.",
                "why_ru": "Журнал действий только пополняется; текстов и телефонов клиентов в нём нет.",
            },
            "suppressed_person": {
                "why": "Keyed hashes remain, so that the next load does not bring the person back.",
                "why_ru": "Остаются хеши с ключом, чтобы следующая загрузка не вернула человека.",
            },
            **_sources(with_warehouse),
        },
        "backups": {
            "until": backups_until(now, places.backup_days),
            "why": "Backups made before the erasure may hold these data until that day.",
            "why_ru": "До этого дня данные могут оставаться в резервных копиях, снятых раньше.",
        },
    }
    with places.control.operator(erasure.requested_by, "finish an erasure", tenant=erasure.tenant) as connection:
        finish_erasure(connection, erasure, certificate, now=now)
    return certificate


def _sources(with_warehouse: bool) -> Certificate:
    kept: Certificate = {
        "amocrm, radist": {
            "why": "We only read there; the company erases the person in its own CRM and messenger.",
            "why_ru": "Там мы только читаем; в своей CRM и мессенджере компания стирает человека сама.",
        }
    }
    if not with_warehouse:
        kept["supabase"] = {
            "why": "The client's own database is not connected, or was left out.",
            "why_ru": "Собственная база клиента не подключена или не затронута.",
        }
    return kept
