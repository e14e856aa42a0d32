"""What an invented world is made of: two vendors' accounts and the planted truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from synkro_resources.sandbox.world.truth import Truth

Json = dict[str, Any]
"""One object in a vendor's own shape."""


@dataclass(slots=True)
class AmocrmAccount:
    """Everything an amoCRM account answers with, every object in the vendor's shape without `_links`."""

    account: Json
    """With all optional `with` parts; the emulator leaves out what was not asked for."""
    users: list[Json]
    pipelines: list[Json]
    """With `_embedded.statuses`, among them 142, 143 and one of type 1."""
    loss_reasons: list[Json]
    custom_fields: dict[str, list[Json]]
    """By plural entity type."""
    leads: dict[int, Json]
    """Present leads with all optional parts."""
    deleted_leads: dict[int, Json]
    """The trash: nulls except id, updated_by, updated_at, is_deleted, account_id."""
    contacts: dict[int, Json]
    companies: dict[int, Json]
    events: list[Json]
    """Ascending created_at."""
    notes: dict[str, list[Json]]
    """By plural entity type, calls and commons."""
    tasks: list[Json]
    deleted_contacts: dict[int, Json] = field(default_factory=dict[int, Json])
    """The contacts' trash, as `deleted_leads`."""
    deleted_companies: dict[int, Json] = field(default_factory=dict[int, Json])
    tags: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])
    """By plural entity type."""
    unsorted: list[Json] = field(default_factory=list[Json])
    """Incoming leads that nobody has accepted yet; ascending created_at."""
    talks: dict[int, Json] = field(default_factory=dict[int, Json])
    chats: list[Json] = field(default_factory=list[Json])
    """Which contact owns which of amoCRM's own chats: `chat_id`, `contact_id`, `id`."""


@dataclass(slots=True)
class RadistCompany:
    """Everything a Radist company answers with."""

    companies: list[Json]
    sources: list[Json]
    connections: list[Json]
    contacts: list[Json]
    """With nested chats, `last_message` filled."""
    messages: Mapping[int, list[Json]]
    """By INTEGER chat_id, ascending time; the message objects hold the messenger's string chat_id.

    A large company makes a chat's messages when they are asked for, so that changes to such a list are forgotten.
    """


@dataclass(slots=True)
class World:
    """One invented company from `first_day` to `end`; nothing after `end` exists."""

    slug: str
    seed: int
    first_day: date
    end: datetime
    zone: str
    amocrm: AmocrmAccount
    radist: RadistCompany
    truth: Truth
