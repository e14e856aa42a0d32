"""What a tenant decides about its own numbers: zone, calendar, norms (docs/metrics.md, «Tenant settings»)."""

from __future__ import annotations

from datetime import date, time
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator


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
    autotext: dict[str, str] = Field(
        default_factory=dict, description="Normalised text → bot, broadcast or manager, as the tenant decided."
    )
    author_map: dict[str, int] = Field(default_factory=dict, description="Radist author → amoCRM user id.")
    show_manager_names: bool = True
    fetch_media: bool = Field(False, description="Download attachments of messages into the lake.")
    report_time: time = time(8, 30)
    history_days: int = Field(30, ge=1, description="Days of history loaded when the tenant starts.")

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

    retention_days: dict[str, int] = Field(
        default_factory=dict, description="Table of the lake → days that are kept; older ones go. Not named: for ever."
    )

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is not an IANA time zone, for example Asia/Yekaterinburg") from error
        return value
