"""Connection checks: what was looked at, whether it works, what it means and what to do (one function per integration).

A check never raises for a vendor's refusal: the refusal becomes the finding that people read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import SecretStr

from synkro_resources.control.integrations import CheckFinding, PublicSettings
from synkro_resources.model.clock import Clock, SystemClock
from synkro_resources.model.errors import Sentence, SynkroError
from synkro_resources.model.ids import IntegrationKind

Secrets = Mapping[str, SecretStr]

PROBE_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "mood": {"type": "string", "enum": ["good", "bad"]},
        "count": {"type": "integer"},
        "note": {"type": ["string", "null"]},
    },
    "required": ["mood", "count", "note"],
    "additionalProperties": False,
}


def check_integration(
    tenant: str,
    kind: IntegrationKind,
    public: PublicSettings,
    secrets: Secrets,
    *,
    clock: Clock | None = None,
    allow_sandbox: bool = False,
) -> Sequence[CheckFinding]:
    """The findings of one integration, the basic ones first."""
    checks: dict[IntegrationKind, Callable[[_Subject], list[CheckFinding]]] = {
        IntegrationKind.AMOCRM: _check_amocrm,
        IntegrationKind.RADIST: _check_radist,
        IntegrationKind.SUPABASE: _check_supabase,
        IntegrationKind.AI: _check_ai,
        IntegrationKind.TELEGRAM: _check_telegram,
    }
    subject = _Subject(tenant, public, secrets, clock or SystemClock(), allow_sandbox)
    try:
        return checks[kind](subject)
    except SynkroError as error:
        return [*subject.findings, CheckFinding(error.code.partition(".")[2], "broken", error.what, error.remedy)]


class _Subject:
    """What is checked, and what has been found so far."""

    def __init__(
        self, tenant: str, public: PublicSettings, secrets: Secrets, clock: Clock, allow_sandbox: bool
    ) -> None:
        self.tenant = tenant
        self.clock = clock
        self.allow_sandbox = allow_sandbox
        self._public = public
        self._secrets = secrets
        self.findings: list[CheckFinding] = []

    def text(self, name: str, default: str = "") -> str:
        return str(self._public.get(name, default))

    def secret(self, name: str) -> SecretStr:
        return self._secrets.get(name, SecretStr(""))

    def ok(self, name: str, ru: str, en: str) -> None:
        self.findings.append(CheckFinding(name, "ok", Sentence(ru, en)))

    def warn(self, name: str, what: Sentence, remedy: Sentence) -> None:
        self.findings.append(CheckFinding(name, "warning", what, remedy))

    def broken(self, name: str, what: Sentence, remedy: Sentence) -> None:
        self.findings.append(CheckFinding(name, "broken", what, remedy))


def _check_amocrm(subject: _Subject) -> list[CheckFinding]:
    from synkro_resources.amocrm import AmocrmClient

    with AmocrmClient(
        subject.text("base_url"),
        subject.secret("token"),
        tenant=subject.tenant,
        clock=subject.clock,
        allow_sandbox=subject.allow_sandbox,
    ) as client:
        account = client.account()
        name = account.get("name")
        subject.ok("account", f"Аккаунт «{name}» отвечает.", f"The account “{name}” answers.")
        if account.get("is_api_filter_enabled") is False:
            subject.warn(
                "api_filter",
                Sentence("В аккаунте выключен фильтр API.", "The account's API filter is off."),
                Sentence(
                    "Напишите в поддержку amoCRM: с ним чтение быстрее.",
                    "Ask amoCRM's support to turn it on: reading is faster with it.",
                ),
            )
        try:
            people = sum(1 for _ in client.users())
        except SynkroError as error:
            subject.warn("rights", error.what, error.remedy)
        else:
            subject.ok(
                "rights", f"Права администратора есть, людей: {people}.", f"Administrator rights, {people} users."
            )
    return subject.findings


def _check_radist(subject: _Subject) -> list[CheckFinding]:
    from synkro_resources.radist import RadistClient

    with RadistClient(
        subject.text("base_url"),
        subject.secret("api_key"),
        int(subject.text("company_id", "0")),
        tenant=subject.tenant,
        allow_sandbox=subject.allow_sandbox,
    ) as client:
        sources = list(client.sources())
    if not sources:
        subject.broken(
            "sources",
            Sentence("В компании Radist нет ни одного канала.", "The Radist company has no channel."),
            Sentence("Подключите мессенджер в Radist и оплатите его.", "Connect and pay for a messenger in Radist."),
        )
    else:
        subject.ok("sources", f"Ключ подходит, каналов: {len(sources)}.", f"The key fits, {len(sources)} channels.")
    return subject.findings


def _check_supabase(subject: _Subject) -> list[CheckFinding]:
    from synkro_resources.model.tables import WAREHOUSE_TABLES
    from synkro_resources.supabase import DirectWriter, RestWriter, WarehouseWriter

    key = subject.secret("secret_key")
    if key.get_secret_value().startswith("sb_publishable_"):
        subject.broken(
            "key_kind",
            Sentence("Это публичный ключ.", "This is the public key."),
            Sentence("Нужен секретный ключ: sb_secret_… или service_role.", "The secret key is needed: sb_secret_…"),
        )
        return subject.findings
    direct = subject.secret("connection_string")
    writer: WarehouseWriter = (
        DirectWriter(direct, tenant=subject.tenant, schema=subject.text("schema", "public"))
        if direct.get_secret_value()
        else RestWriter(subject.text("url"), key, tenant=subject.tenant, schema=subject.text("schema", "public"))
    )
    try:
        for table in WAREHOUSE_TABLES:
            writer.count(table)
    finally:
        writer.close()
    count = len(WAREHOUSE_TABLES)
    subject.ok("schema", f"Все таблицы на месте: {count}.", f"All {count} tables are there.")
    if writer.path == "rest":
        subject.warn(
            "separate_project",
            Sentence(
                "Секретный ключ открывает все таблицы проекта.", "The secret key opens every table of the project."
            ),
            Sentence(
                "Лучше отдельный проект или строка подключения роли synkro_writer.",
                "Better use a separate project, or a connection string of the role synkro_writer.",
            ),
        )
    return subject.findings


def _check_ai(subject: _Subject) -> list[CheckFinding]:
    from synkro_resources.ai import AiClient

    client = AiClient(subject.text("base_url"), subject.secret("api_key"), subject.text("model"), tenant=subject.tenant)
    try:
        answer = client.structured(
            name="probe", schema=PROBE_SCHEMA, system="Answer with the JSON object only.", user="mood good, count 3"
        )
    finally:
        client.close()
    subject.ok("model", f"Модель {client.model} отвечает.", f"The model {client.model} answers.")
    if answer.content is None or set(answer.content) != {"mood", "count", "note"}:
        subject.broken(
            "structured_output",
            Sentence("Модель не отвечает по схеме.", "The model does not answer by the schema."),
            Sentence("Выберите модель со структурированным ответом.", "Choose a model with structured output."),
        )
    else:
        subject.ok("structured_output", "Ответ по схеме получен.", "It answers by the schema.")
    return subject.findings


def _check_telegram(subject: _Subject) -> list[CheckFinding]:
    from telegram.error import TelegramError

    from synkro_resources.telegram.client import OFFICIAL_API, TelegramChannel

    channel = TelegramChannel(
        subject.secret("token"),
        base_url=subject.text("base_url", OFFICIAL_API),
        proxy=subject.text("proxy") or None,
    )
    try:
        username = channel.identity()
    except TelegramError:
        subject.broken(
            "token",
            Sentence(
                "Telegram не принял токен бота или не отвечает.", "Telegram refused the token or does not answer."
            ),
            Sentence(
                "Возьмите токен у @BotFather и проверьте прокси.", "Take the token from @BotFather, check the proxy."
            ),
        )
    else:
        subject.ok("token", f"Бот @{username} отвечает.", f"The bot @{username} answers.")
    finally:
        channel.close()
    return subject.findings
