"""What the documentation lets a read of each path carry, as data; what is not here is an oddity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from synkro_resources.sandbox.amocrm.filters import KNOWN, Filter, one_of, status_pairs, within
from synkro_resources.sandbox.amocrm.lists import MAX_LIMIT, ORDERS

EVENTS_LIMIT = 100
"""Documented for amocrm.ru; other numbers were seen."""


@dataclass(frozen=True, slots=True)
class Reads:
    """One path's parameters. `filters` says by its maker of what form a filter is; None: of a form of its own."""

    filters: Mapping[str, Filter | None] = field(default_factory=dict[str, Filter | None])
    parts: frozenset[str] = frozenset()
    """What `with` may ask for."""
    orders: tuple[str, ...] = ()
    parameters: frozenset[str] = frozenset()
    """Plain ones beside `page`, `limit`, `with`."""
    paged: bool = False
    max_limit: int = MAX_LIMIT


def _list(collection: str, *parts: str, parameters: tuple[str, ...] = ()) -> Reads:
    return Reads(
        filters=dict(KNOWN.get(collection, {})),
        parts=frozenset(parts),
        orders=ORDERS.get(collection, ()),
        parameters=frozenset(parameters),
        paged=True,
    )


PLAIN = Reads()
"""One object or an unpaged list without parameters."""

LEAD_PARTS = (
    "contacts",
    "only_deleted",
    "loss_reason",
    "is_price_modified_by_robot",
    "catalog_elements",
    "source_id",
    "source",
)
CONTACT_PARTS = ("leads", "customers", "catalog_elements", "social_profiles", "only_deleted")
COMPANY_PARTS = ("contacts", "leads", "customers", "catalog_elements", "only_deleted")
USER_PARTS = ("role", "group", "uuid", "amojo_id", "user_rank", "phone_number")
EVENT_PARTS = (
    "contact_name",
    "lead_name",
    "company_name",
    "catalog_element_name",
    "customer_name",
    "catalog_name",
    "note",
)
ACCOUNT_PARTS = (
    "amojo_id",
    "uuid",
    "amojo_rights",
    "users_groups",
    "task_types",
    "version",
    "datetime_settings",
    "invoices_settings",
    "is_api_filter_enabled",
    "drive_url",
    "entity_names",
)

ACCOUNT = Reads(parts=frozenset(ACCOUNT_PARTS))
LEADS = _list("leads", *LEAD_PARTS, parameters=("query",))
CONTACTS = _list("contacts", *CONTACT_PARTS, parameters=("query",))
COMPANIES = _list("companies", *COMPANY_PARTS, parameters=("query",))
LEAD = Reads(parts=LEADS.parts)
CONTACT = Reads(parts=CONTACTS.parts)
COMPANY = Reads(parts=COMPANIES.parts)
TASKS = Reads(filters={**KNOWN["tasks"], "lead_statuses": status_pairs}, orders=ORDERS["tasks"], paged=True)
NOTES = _list("notes", "is_pinned")
NOTE = Reads(parts=NOTES.parts)
FIELDS = _list("custom_fields")
GROUPS = Reads(paged=True)
TAGS = _list("tags", parameters=("query",))
USERS = _list("users", *USER_PARTS)
USER = Reads(parts=USERS.parts)
ROLES = Reads(paged=True)
STATUSES = Reads(parts=frozenset(("descriptions",)))
LINKS = Reads(filters={"to_entity_id": one_of, "to_entity_type": one_of, "to_catalog_id": one_of}, paged=True)
MASS_LINKS = Reads(filters={**LINKS.filters, "entity_id": one_of}, paged=True)
EVENTS = Reads(
    filters=dict.fromkeys(
        ("id", "created_at", "created_by", "entity", "entity_id", "type", "value_before", "value_after")
    ),
    parts=frozenset(EVENT_PARTS),
    paged=True,
    max_limit=EVENTS_LIMIT,
)
EVENT_TYPES = Reads(parameters=frozenset(("language_code",)))
CHATS = Reads(parameters=frozenset(("contact_id", "chat_id")), paged=True)
UNSORTED = _list("unsorted")
SUMMARY = Reads(filters={"uid": one_of, "created_at": within, "pipeline_id": one_of})
CATALOGS = _list("catalogs")
ELEMENTS = _list("elements", parameters=("query",))
WEBHOOKS = Reads(filters=dict(KNOWN["webhooks"]))
LOSS_REASONS = Reads(paged=True)
"""Whether they are paged is not known, so pages are not held against anybody."""
