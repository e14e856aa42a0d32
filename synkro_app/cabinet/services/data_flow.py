"""The data-flow sheet for a security officer: what leaves where to, what is kept and how, told by facts of the code."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from synkro_app.cabinet.components.formats import day
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.integration_forms import FORMS, FieldType, IntegrationForm
from synkro_app.cabinet.services.rights import WHO_CONNECTS, require_state
from synkro_app.cabinet.texts import catalogue, translate
from synkro_resources.control.ai_ledger import TEXTS_KEPT
from synkro_resources.control.integrations import Integration, list_integrations
from synkro_resources.control.keyring import KEY_BYTES
from synkro_resources.control.sessions import IDLE_LIMIT, LIFETIME, SessionUser
from synkro_resources.control.tenants import get_tenant, tenant_settings
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables import TABLES, Table
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.rules.masking import MASKER_VERSION
from synkro_resources.telegram.client import OFFICIAL_API

DEFAULT_HOSTS = {IntegrationKind.TELEGRAM: urlsplit(OFFICIAL_API).hostname or ""}
"""Where a kind leads whose settings name no address."""
BITS = 8


def sheet(place: Installation, user: SessionUser, tenant: str, language: str) -> str:
    """The sheet as Markdown in one language, for the connections and settings as they are now.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    company, settings = get_tenant(place.control, tenant), tenant_settings(place.control, tenant)
    stored = {item.kind: item for item in list_integrations(place.control, tenant)}

    def say(key: str, **values: object) -> str:
        return translate(language, f"dataflow.{key}", **values)

    made = day(place.clock.now().date(), language)
    parts = [
        f"# {say('title', company=company.name)}",
        say("made", day=made),
        f"## {say('flows')}",
        _table(
            [say("service"), say("host"), say("what"), say("region")],
            [_flow(form, stored.get(form.kind), settings, language) for form in FORMS.values()],
        ),
        f"## {say('ai_title')}",
        _bullets([say("ai_masked", version=MASKER_VERSION), say("ai_never"), say("ai_kept", days=TEXTS_KEPT.days)]),
        f"## {say('fields')}",
        say("fields_about"),
        _table([say("table"), say("personal")], _personal_rows(language)),
        f"## {say('keeping')}",
        _bullets(_keeping(place, settings, language)),
        f"## {say('protection')}",
        _bullets(
            [
                say("encryption", bits=KEY_BYTES * BITS),
                say("transport"),
                say("at_rest"),
                say("isolation"),
                say("sessions", days=LIFETIME.days, idle=IDLE_LIMIT.days),
                say("audit"),
            ]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def host_of(form: IntegrationForm, integration: Integration) -> str:
    """Where a connection leads, by its stored address; empty where only a secret says so."""
    found = [
        stored if item.type is FieldType.HOST else urlsplit(stored).hostname
        for item in form.fields
        if item.type in (FieldType.ADDRESS, FieldType.HOST) and (stored := str(integration.public.get(item.name, "")))
    ]
    return next((host for host in found if host), DEFAULT_HOSTS.get(form.kind, ""))


def _flow(form: IntegrationForm, integration: Integration | None, settings: TenantSettings, language: str) -> list[str]:
    texts, kind = catalogue(language), form.kind
    name = texts.get(f"integration.{kind}", kind)
    what = texts.get(f"dataflow.{kind}_what", "–")
    if integration is None:
        return [name, texts["dataflow.not_connected"], what, "–"]
    sends_files = {
        IntegrationKind.TELEGRAM: bool(settings.attach_files),
        IntegrationKind.EMAIL: integration.public.get("attach_files") is True,
    }
    if sends_files.get(kind):
        what = f"{what} {texts['dataflow.with_files']}"
    if kind is IntegrationKind.RADIST and settings.fetch_media:
        what = f"{what} {texts['dataflow.with_media']}"
    is_confirmed = integration.public.get("region_confirmed") is True
    region = texts.get(f"dataflow.{kind}_region", texts["dataflow.unknown_region"])
    return [
        name,
        host_of(form, integration) or texts["dataflow.secret_host"],
        what,
        texts["dataflow.region_confirmed"] if is_confirmed else region,
    ]


def _personal_rows(language: str) -> list[list[str]]:
    """Of every table that holds personal data: its name and those columns."""
    found = [(table, _personal(table, language)) for table in TABLES.values()]
    return [[_name(table, language), ", ".join(columns)] for table, columns in found if columns]


def _personal(table: Table, language: str) -> list[str]:
    return [column.ru if language == "ru" else column.en for column in table.columns if column.personal]


def _name(table: Table, language: str) -> str:
    return f"{table.ru if language == 'ru' else table.en} (`{table.name}`)"


def _keeping(place: Installation, settings: TenantSettings, language: str) -> list[str]:
    def say(key: str, **values: object) -> str:
        return translate(language, f"dataflow.{key}", **values)

    lake = urlsplit(place.settings.lake_root)
    told = [say("lake_bucket", bucket=lake.netloc) if lake.scheme == "s3" else say("lake_disk")]
    for name, days in settings.retention_days.items():
        told.append(say("kept_days", table=_name(TABLES[name], language), days=days))
    if not settings.retention_days:
        told.append(say("kept_for_ever"))
    return [*told, say("backups", days=place.settings.backup_retention_days), say("erasing")]


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in lines)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
