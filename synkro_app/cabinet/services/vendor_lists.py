"""What a saved connection can be asked for so that nobody has to type it: Radist's companies, a provider's models."""

from __future__ import annotations

from dataclasses import dataclass

import openai

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import WHO_CONNECTS, require_state
from synkro_resources.ai.client import explain
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.probing import opened
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.sessions import SessionUser
from synkro_resources.http import RetryPolicy
from synkro_resources.http.jsonvalues import as_text, as_whole
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Connection, Platform
from synkro_resources.radist import RadistClient

LIST_S = 10.0
"""Longest wait for a list, in seconds: somebody looks at an empty box meanwhile."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a setting, and what people call it."""

    value: str
    name: str


def choices(
    place: Installation, user: SessionUser, tenant: str, kind: IntegrationKind, field_name: str
) -> list[Choice]:
    """The values of a form's listed field, read at the service now with the stored secrets.

    Raises:
        RefusedError: `rights.not_found`. IntegrationError: `<kind>.not_connected`, or as the service answers.
        TransientError: the service does not answer.
    """
    require_state(user, tenant, WHO_CONNECTS)
    platform = Platform(place.settings, place.control, Keyring.from_settings(place.settings), place.clock)
    connection = platform.connection(tenant, kind)
    match kind, field_name:
        case IntegrationKind.RADIST, "company_id":
            return _companies(place, tenant, connection)
        case IntegrationKind.AI, "model":
            return _models(tenant, connection)
        case _:
            raise LookupError(f"{kind} cannot list {field_name}")


def _companies(place: Installation, tenant: str, connection: Connection) -> list[Choice]:
    with RadistClient(
        connection.text("base_url"),
        connection.secret("api_key"),
        0,  # the list does not depend on the company that was chosen
        tenant=tenant,
        allow_sandbox=place.settings.allow_sandbox,
        retry=RetryPolicy(tries=2),
    ) as client:
        rows = client.companies()
    found = [(as_whole(row.get("id")), as_text(row.get("name"))) for row in rows]
    return [Choice(str(number), f"{name or '?'} (№ {number})") for number, name in found if number is not None]


def _models(tenant: str, connection: Connection) -> list[Choice]:
    client = opened(Endpoint.of(connection.integration.public, connection.secret("api_key")))
    try:
        names = sorted({model.id for model in client.models.list(timeout=LIST_S).data})
    except openai.OpenAIError as failure:
        raise explain(failure, tenant=tenant) from None  # the library's text may hold parts of the key
    finally:
        client.close()
    return [Choice(name, name) for name in names]
