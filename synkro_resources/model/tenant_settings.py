"""What a tenant decides about its own numbers: zone, calendar, norms (docs/metrics.md, «Tenant settings»)."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.tables.crm import CHOSEN_COLUMNS
from synkro_resources.model.taxonomy import LOST_REASONS


class Interval(BaseModel):
    """A stretch of working time inside one local day; `end` 00:00 means midnight at the day's end."""

    model_config = ConfigDict(frozen=True)

    start: time
    end: time


def weekdays_nine_to_six() -> dict[int, tuple[Interval, ...]]:
    shift = (Interval(start=time(9), end=time(18)),)
    return dict.fromkeys(range(1, 6), shift)


class WorkCalendar(BaseModel):
    """Weekly intervals per ISO weekday (1 = Monday) and date overrides; an override wins over everything."""

    model_config = ConfigDict(frozen=True)

    weekly: dict[int, tuple[Interval, ...]] = Field(default_factory=weekdays_nine_to_six)
    overrides: dict[date, tuple[Interval, ...]] = Field(default_factory=dict)
    public_holidays: str | None = Field(default="RU", description="Country whose public days off apply; None: none.")
    version: str = "c1"


class TenantSettings(BaseModel):
    """Versioned settings of one tenant. Durations carry their unit in the name."""

    model_config = ConfigDict(frozen=True)

    company_name: str = ""
    zone: str
    language: str = "ru"
    work_calendar: WorkCalendar = Field(default_factory=lambda: WorkCalendar())
    sla_minutes: int = Field(15, ge=1)
    episode_gap_hours: int = Field(72, ge=1)
    lookback_days: int = Field(14, ge=1)
    reread_days: int = Field(3, ge=1)
    min_sample_manager: int = 20
    attribution_floor: float = 0.90
    coverage_floor: float = 0.90
    stale_hours: int = 24
    silent_working_days: int = 3
    excluded_pipelines: tuple[int, ...] = ()
    offline_pipelines: tuple[int, ...] = ()
    loss_reason_map: dict[int, str] = Field(
        default_factory=dict, description="amoCRM's loss reason → the code of the same reason in dialogs."
    )
    deal_grace_hours: int = Field(24, ge=0)
    min_sample_checklist: int = Field(10, ge=1)
    hot_statuses: tuple[tuple[int, int], ...] = Field(
        default=(), description="Pipeline and status of the stages whose clients must not wait."
    )
    promise_default_working_days: int = Field(1, ge=1)
    promise_grace_minutes: int = Field(60, ge=0)
    followup_working_days: int = Field(2, ge=1)
    conversion_horizon_days: int = Field(30, ge=1)
    handover_pairs: tuple[tuple[int, int], ...] = Field(
        default=(), description="Pipelines from → to: such a move passes the last stage of the first one."
    )
    autotext: dict[str, str] = Field(
        default_factory=dict, description="Normalised text → bot, broadcast or manager, as the tenant decided."
    )
    author_map: dict[str, int] = Field(default_factory=dict, description="Radist author → amoCRM user id.")
    show_manager_names: bool = True
    fetch_media: bool = Field(False, description="Download attachments of messages into the lake.")
    attach_files: tuple[Literal["pdf", "xlsx"], ...] = Field(
        default=(), description="Files sent after the text of a report; they hold quotes of clients."
    )
    report_time: time = time(8, 30)
    history_days: int = Field(30, ge=1, description="Days of history loaded when the tenant starts.")
    connect_later: tuple[Literal["supabase", "ai", "telegram"], ...] = Field(
        default=(), description="Services that the tenant chose to connect later when it began."
    )

    read_chat_events: bool = Field(
        default=True, description="Read amoCRM's chat events: dialogs without a phone find their contact by them."
    )
    link_by_crm_chat: bool = Field(
        default=True, description="Find the contact of a dialog without a phone by pairing it with chat events."
    )
    attribute_by_crm_chat: bool = Field(
        default=False, description="Take the user of a paired outgoing chat event for the message's author."
    )
    read_talks: Literal["needed", "all", "never"] = Field(
        default="needed",
        description="Ask amoCRM for talks one by one: those whose events name no contact, all, or none.",
    )
    sweep_hours: int = Field(
        default=20,
        ge=0,
        description="Hours after which all deals, contacts and companies are compared by id; 0: never.",
    )

    ai_monthly_cap: Decimal | None = Field(
        default=None, ge=0, description="Money for the AI provider per month, in its price's currency; None: no limit."
    )
    ai_run_cap: Decimal | None = Field(default=None, ge=0, description="The same for one run.")
    ai_episode_cap: Decimal | None = Field(default=None, ge=0, description="The same for one call.")
    quiet_from: time = Field(default=time(21), description="From then on nobody is told of failures …")
    quiet_to: time = Field(default=time(8), description="… until then, in the tenant's zone; equal: no quiet hours.")
    notices_per_day: int = Field(default=10, ge=0, description="Messages about failures per local day.")
    refresh_margin_minutes: int = Field(
        default=60, ge=0, le=720, description="Today is refreshed in working hours and so long before and after them."
    )
    label_history: Literal["sample", "all"] = Field(
        default="sample",
        description="What a load of more than two weeks labels: the most urgent episodes of the last 31 days, or all.",
    )
    facts_by_model: bool = Field(
        default=False, description="Let the model word the conclusions of weekly and longer reports around our figures."
    )
    episode_token_budget: int = Field(
        default=6000, ge=500, description="Tokens of a conversation that are sent; the oldest messages go first."
    )

    retention_days: dict[str, int] = Field(
        default_factory=dict, description="Table of the lake → days that are kept; older ones go. Not named: for ever."
    )

    deal_columns: dict[str, int] = Field(
        default_factory=dict,
        description="Column of a deal → id of the amoCRM field that fills it; utm_* without one go by amoCRM's codes.",
    )

    @field_validator("loss_reason_map")
    @classmethod
    def _reasons_exist(cls, value: dict[int, str]) -> dict[int, str]:
        for code in value.values():
            if code not in LOST_REASONS:
                raise UserInputError(
                    "loss_reason_map.unknown",
                    Sentence(f"Причины «{code}» нет в справочнике.", f"There is no reason {code!r}."),
                    Sentence(
                        f"Выберите из списка: {', '.join(LOST_REASONS)}.", f"Choose one of: {', '.join(LOST_REASONS)}."
                    ),
                )
        return value

    @field_validator("deal_columns")
    @classmethod
    def _columns_exist(cls, value: dict[str, int]) -> dict[str, int]:
        return checked_deal_columns(value)

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is not an IANA time zone, for example Asia/Yekaterinburg") from error
        return value


def checked_deal_columns(columns: dict[str, int]) -> dict[str, int]:
    """The same columns.

    Raises:
        UserInputError: `deal_columns.unknown` or `deal_columns.bad_field`.
    """
    known = ", ".join(CHOSEN_COLUMNS)
    for column, field_id in columns.items():
        if column not in CHOSEN_COLUMNS:
            raise UserInputError(
                "deal_columns.unknown",
                Sentence(
                    f"У сделки нет столбца «{column}», который можно заполнить из поля.",
                    f"A deal has no column {column!r} that a field could fill.",
                ),
                Sentence(f"Выберите из списка: {known}.", f"Choose one of: {known}."),
            )
        if field_id < 1:
            raise UserInputError(
                "deal_columns.bad_field",
                Sentence(
                    f"Столбец «{column}»: {field_id} не может быть номером поля.",
                    f"Column {column!r}: {field_id} cannot be the id of a field.",
                ),
                Sentence(
                    "Номера полей — в таблице amocrm/custom_fields и в настройках amoCRM.",
                    "The ids of fields are in the table amocrm/custom_fields and in amoCRM's settings.",
                ),
            )
    return columns
