"""What a company decides about its own numbers: zone, working time, norms; every change is a new version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time

from pydantic import ValidationError

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import WHO_CONNECTS, actor_of, require_state
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import check_zone, save_tenant_settings, tenant_settings
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.tenant_settings import Interval, TenantSettings

EDITABLE = frozenset(
    {
        "company_name",
        "zone",
        "language",
        "sla_minutes",
        "silent_working_days",
        "followup_working_days",
        "deal_grace_hours",
        "conversion_horizon_days",
        "min_sample_manager",
        "episode_gap_hours",
        "promise_default_working_days",
        "promise_grace_minutes",
        "stale_hours",
        "show_manager_names",
        "attach_files",
        "quiet_from",
        "quiet_to",
        "notices_per_day",
        "refresh_margin_minutes",
        "ai_monthly_cap",
        "label_history",
        "facts_by_model",
        "excluded_pipelines",
        "offline_pipelines",
        "handover_pairs",
        "loss_reason_map",
        "autotext",
        "author_map",
    }
)
"""The settings that pages may change; others have roads of their own."""
_HOURS = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–—]\s*(\d{1,2})[:.](\d{2})")


def settings_of(place: Installation, user: SessionUser, tenant: str) -> TenantSettings:
    """The newest settings."""
    require_state(user, tenant, WHO_CONNECTS)
    return tenant_settings(place.control, tenant)


def save(place: Installation, user: SessionUser, tenant: str, changes: Mapping[str, object]) -> int:
    """Change some settings; the number of the version that holds now.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `tenant.bad_zone` or `company.bad_value`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    unknown = changes.keys() - EDITABLE
    if unknown:
        raise LookupError(f"no page may change {sorted(unknown)}")
    if "zone" in changes:
        check_zone(str(changes["zone"]))
    return _save(place, user, tenant, changes)


def save_week(place: Installation, user: SessionUser, tenant: str, hours: Mapping[int, str], holidays: str) -> int:
    """Change the working week. `hours`: by ISO weekday as people write it, empty for a day off; `holidays`: a country.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `company.bad_hours`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    calendar = tenant_settings(place.control, tenant).work_calendar
    weekly = {day: found for day, written in sorted(hours.items()) if (found := read_hours(written))}
    if not weekly:
        raise _bad_hours(
            Sentence("В неделе нет ни одного рабочего дня.", "The week has no working day."),
            Sentence("Укажите часы хотя бы одного дня.", "Give the hours of one day at least."),
        )
    changed = calendar.model_copy(update={"weekly": weekly, "public_holidays": holidays or None})
    return _save(place, user, tenant, {"work_calendar": changed.model_dump()})


def set_day(place: Installation, user: SessionUser, tenant: str, day: date, hours: str | None) -> int:
    """Say when one day is worked, whatever its weekday; empty: a day off, None: like other days again.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `company.bad_hours`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    calendar = tenant_settings(place.control, tenant).work_calendar
    overrides = {known: given for known, given in calendar.overrides.items() if known != day}
    if hours is not None:
        overrides[day] = read_hours(hours)
    changed = calendar.model_copy(update={"overrides": dict(sorted(overrides.items()))})
    return _save(place, user, tenant, {"work_calendar": changed.model_dump()})


def read_hours(written: str) -> tuple[Interval, ...]:
    """«09:00–13:00, 14:00–18:00» as intervals in order; none for an empty text.

    Raises:
        UserInputError: `company.bad_hours`.
    """
    parts = [part.strip() for part in written.replace(";", ",").split(",") if part.strip()]
    found: list[Interval] = []
    for part in parts:
        match = _HOURS.fullmatch(part)
        numbers = [int(number) for number in match.groups()] if match else []
        if not numbers or numbers[0] > 23 or numbers[1] > 59 or numbers[2] > 24 or numbers[3] > 59:
            raise _bad_hours(
                Sentence(f"Часы «{part}» не удалось прочесть.", f"The hours “{part}” cannot be read."),
                Sentence("Пример: 09:00–13:00, 14:00–18:00.", "For example: 09:00–13:00, 14:00–18:00."),
            )
        end = time(0) if numbers[2] == 24 else time(numbers[2], numbers[3])
        found.append(Interval(start=time(numbers[0], numbers[1]), end=end))
    found.sort(key=lambda one: one.start)
    ends = [_minutes(one.end) or 24 * 60 for one in found]
    starts = [_minutes(one.start) for one in found]
    later = [*starts[1:], 24 * 60][: len(starts)]
    if any(not start < end <= following for start, end, following in zip(starts, ends, later, strict=True)):
        raise _bad_hours(
            Sentence("Часы дня пересекаются или идут назад.", "The hours of the day overlap or run backwards."),
            Sentence("Конец должен быть позже начала.", "The end must be later than the beginning."),
        )
    return tuple(found)


def written_hours(intervals: tuple[Interval, ...]) -> str:
    """The inverse of `read_hours`."""
    return ", ".join(
        f"{one.start:%H:%M}–{'24:00' if one.end == time(0) else format(one.end, '%H:%M')}" for one in intervals
    )


def _minutes(value: time) -> int:
    return value.hour * 60 + value.minute


def _save(place: Installation, user: SessionUser, tenant: str, changes: Mapping[str, object]) -> int:
    known = tenant_settings(place.control, tenant)
    try:
        changed = TenantSettings.model_validate({**known.model_dump(), **changes})
    except ValidationError as error:
        fields = ", ".join(sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]}))
        raise UserInputError(
            "company.bad_value",
            Sentence("Значение не подходит.", "The value cannot be used."),
            Sentence("Проверьте, что числа больше нуля.", "Check that the numbers are above zero."),
            tenant=tenant,
            detail=fields,
        ) from None
    return save_tenant_settings(place.control, tenant, changed, changed_by=actor_of(user, tenant), clock=place.clock)


def _bad_hours(what: Sentence, remedy: Sentence) -> UserInputError:
    return UserInputError("company.bad_hours", what, remedy)
