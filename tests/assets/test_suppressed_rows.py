"""People who asked to be forgotten are left out of every load, and the load does not look as if it had lost rows."""

from __future__ import annotations

from datetime import UTC, date, datetime

from synkro_assets.crm.extract import extract_entities
from synkro_assets.extraction import without_suppressed
from synkro_resources.control.keyring import Keyring
from synkro_resources.erasure.suppression import Suppression, person_hash
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.model.tables.raw import AMOCRM_CONTACTS, AMOCRM_LEADS
from synkro_resources.model.window import TenantWindow

TENANT, PHONE = "demo", "79123456789"
WINDOW = TenantWindow(TENANT, "Europe/Moscow", date(2026, 9, 7), date(2026, 9, 8))
CHANGED = int(datetime(2026, 9, 7, 9, tzinfo=UTC).timestamp())
KEYRING = Keyring({"k1": bytes(range(32))})
ERASED = Suppression(KEYRING, TENANT, frozenset({person_hash(KEYRING, TENANT, "phone", PHONE)}))


def contact(identity: int, phone: str, **more: object) -> JsonObject:
    field: JsonObject = {"field_code": "PHONE", "values": [{"value": phone}]}
    return {"id": identity, "updated_at": CHANGED, "custom_fields_values": [field], **more}


def test_an_erased_person_is_left_out_and_does_not_count_as_lost() -> None:
    rows = [contact(1, "8 912 345-67-89"), contact(2, "8 912 345-67-80"), contact(3, "1")]
    rows.append({**contact(4, "+7 (912) 345-67-89"), "id": None})
    found = without_suppressed(extract_entities(rows, AMOCRM_CONTACTS, WINDOW, with_baseline=False), ERASED)
    assert found.table.column("id").to_pylist() == [2, 3]
    assert (found.seen, found.put_aside, found.quarantined, found.outside) == (2, 0, [], 0)
    assert found.seen == found.spool.added + found.put_aside + found.outside


def test_tables_that_name_nobody_and_tenants_without_erased_people_pass_untouched() -> None:
    leads = extract_entities([{"id": 7, "updated_at": CHANGED}], AMOCRM_LEADS, WINDOW, with_baseline=False)
    assert without_suppressed(leads, ERASED) is leads
    contacts = extract_entities([contact(1, PHONE)], AMOCRM_CONTACTS, WINDOW, with_baseline=False)
    assert without_suppressed(contacts, Suppression(KEYRING, TENANT, frozenset())) is contacts
