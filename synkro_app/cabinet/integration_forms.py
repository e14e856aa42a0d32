"""What each connection is asked for: one description per kind, read by the form, the service and the tests.

Labels are the texts `connect.<kind>.<field>`, explanations those ending in `_help`; a kind is added by one entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from synkro_resources.ai.profiles import PROFILES
from synkro_resources.amocrm.tokens import LONG_LIVED, OAUTH
from synkro_resources.model.ids import IntegrationKind

OWN_ADDRESS = "own"
"""The choice beside an address's presets: somebody types it."""


class FieldType(StrEnum):
    TEXT = "text"
    SECRET = "secret"  # noqa: S105  # a type's name
    ADDRESS = "address"
    HOST = "host"
    """A server by its name alone, without a scheme."""
    WHOLE = "whole"
    AMOUNT = "amount"
    CHOICE = "choice"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class FormField:
    """One setting by the name under which the vendor's client reads it.

    `presets`: addresses by the code of their text `connect.preset.<code>`. `only_if`: another field and the value with
    which this one is asked for. `unless`: a field that makes this required one needless.
    `guards`: secrets that are sent to this address, so that a new address needs them typed again. `rare`: folded away.
    `listed`: the service can list its values once the connection is saved.
    """

    name: str
    type: FieldType = FieldType.TEXT
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    presets: Mapping[str, str] = field(default_factory=dict[str, str])
    only_if: tuple[str, str] | None = None
    unless: str = ""
    guards: tuple[str, ...] = ()
    rare: bool = False
    listed: bool = False
    example: str = ""

    @property
    def is_secret(self) -> bool:
        return self.type is FieldType.SECRET


Part = Literal["amocrm_consent", "warehouse_script", "chats_link", "radist_events"]


@dataclass(frozen=True, slots=True)
class IntegrationForm:
    """`parts`: what a kind shows beside its fields."""

    kind: IntegrationKind
    icon: str
    fields: tuple[FormField, ...]
    parts: tuple[Part, ...] = ()

    def field(self, name: str) -> FormField:
        return next(item for item in self.fields if item.name == name)


_AMOCRM = IntegrationForm(
    IntegrationKind.AMOCRM,
    ":material/handshake:",
    (
        FormField("base_url", FieldType.ADDRESS, required=True, example="https://company.amocrm.ru"),
        FormField("auth", FieldType.CHOICE, default=LONG_LIVED, choices=(LONG_LIVED, OAUTH)),
        FormField("token", FieldType.SECRET, required=True, only_if=("auth", LONG_LIVED)),
        FormField("client_id", FieldType.SECRET, required=True, only_if=("auth", OAUTH)),
        FormField("client_secret", FieldType.SECRET, required=True, only_if=("auth", OAUTH)),
    ),
    ("amocrm_consent",),
)
_RADIST = IntegrationForm(
    IntegrationKind.RADIST,
    ":material/forum:",
    (
        FormField(
            "base_url",
            FieldType.ADDRESS,
            required=True,
            default="https://api.radist.online/v2",
            presets={
                "radist_main": "https://api.radist.online/v2",
                "radist_ru": "https://api-ru.radist.online/v2",
            },
        ),
        FormField("api_key", FieldType.SECRET, required=True),
        FormField("company_id", FieldType.WHOLE, listed=True),
    ),
    ("radist_events",),
)
_SUPABASE = IntegrationForm(
    IntegrationKind.SUPABASE,
    ":material/database:",
    (
        FormField(
            "url",
            FieldType.ADDRESS,
            required=True,
            unless="connection_string",
            guards=("secret_key",),
            example="https://abcdefgh.supabase.co",
        ),
        FormField("secret_key", FieldType.SECRET, required=True, unless="connection_string"),
        FormField("schema", default="public"),
        FormField("connection_string", FieldType.SECRET, rare=True),
        FormField("region_confirmed", FieldType.FLAG),
    ),
    ("warehouse_script",),
)
_AI = IntegrationForm(
    IntegrationKind.AI,
    ":material/neurology:",
    (
        FormField(
            "base_url",
            FieldType.ADDRESS,
            required=True,
            default="https://api.openai.com/v1",
            presets={
                "openai": "https://api.openai.com/v1",
                "yandex": "https://ai.api.cloud.yandex.net/v1",
                "openrouter": "https://openrouter.ai/api/v1",
            },
            guards=("api_key",),
            example="https://llm.example.ru/v1",
        ),
        FormField("profile", FieldType.CHOICE, choices=("", *PROFILES)),
        FormField("api_key", FieldType.SECRET),
        FormField("model", listed=True),
        FormField("project"),
        FormField("price_in", FieldType.AMOUNT),
        FormField("price_out", FieldType.AMOUNT),
        FormField("price_currency", FieldType.CHOICE, default="USD", choices=("USD", "RUB", "EUR")),
        FormField("price_cached", FieldType.AMOUNT, rare=True),
        FormField("concurrency", FieldType.WHOLE, rare=True),
        FormField(
            "token_limit_field", FieldType.CHOICE, choices=("", "max_tokens", "max_completion_tokens"), rare=True
        ),
        FormField("temperature", FieldType.CHOICE, choices=("", "0", "none"), rare=True),
    ),
)
_TELEGRAM = IntegrationForm(
    IntegrationKind.TELEGRAM,
    ":material/send:",
    (
        FormField("token", FieldType.SECRET, required=True),
        FormField("base_url", FieldType.ADDRESS, guards=("token",), rare=True, example="https://bot-api.example.ru"),
        FormField("proxy", rare=True, example="http://proxy.example.ru:3128"),
    ),
    ("chats_link",),
)

_EMAIL = IntegrationForm(
    IntegrationKind.EMAIL,
    ":material/mail:",
    (
        FormField("host", FieldType.HOST, required=True, guards=("password",), example="smtp.example.ru"),
        FormField("security", FieldType.CHOICE, default="starttls", choices=("starttls", "tls")),
        FormField("port", FieldType.WHOLE, rare=True),
        FormField("user", required=True),
        FormField("password", FieldType.SECRET, required=True),
        FormField("sender", required=True, example="reports@example.ru"),
        FormField("sender_name", rare=True),
        FormField("attach_files", FieldType.FLAG),
    ),
    ("chats_link",),
)

FORMS: Mapping[IntegrationKind, IntegrationForm] = {
    form.kind: form for form in (_AMOCRM, _RADIST, _SUPABASE, _AI, _TELEGRAM, _EMAIL)
}
"""By kind, in the order in which a company connects them."""


def is_asked(item: FormField, values: Mapping[str, str | bool]) -> bool:
    """Whether a field belongs to the form as it is filled in now."""
    if item.only_if is None:
        return True
    name, wanted = item.only_if
    return values.get(name) == wanted


def label_key(kind: IntegrationKind, item: FormField) -> str:
    return f"connect.{kind}.{item.name}"
