"""What labelling has cost this month, what more would cost, and the limits that the company sets."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Literal

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import company
from synkro_app.cabinet.services.rights import WHO_CONNECTS, require_state
from synkro_resources.ai.caps import require_price
from synkro_resources.control.ai_usage import AiUsage, LabelEstimate, ai_usage, estimate_labels
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import Sentence, UserInputError

ESTIMATED_DAYS = 30


def usage(place: Installation, user: SessionUser, tenant: str) -> AiUsage:
    """This month's calls and money."""
    require_state(user, tenant, WHO_CONNECTS)
    return ai_usage(place.control, tenant, place.clock.now().date())


def estimate(place: Installation, user: SessionUser, tenant: str) -> LabelEstimate:
    """What 30 more days would take; unknown before anything was labelled."""
    require_state(user, tenant, WHO_CONNECTS)
    return estimate_labels(place.control, tenant, ESTIMATED_DAYS)


def save(
    place: Installation,
    user: SessionUser,
    tenant: str,
    *,
    monthly_cap: str,
    history: Literal["sample", "all"],
    facts_by_model: bool = False,
) -> int:
    """Set the month's limit (empty: none), what long loads label, and who words the conclusions of long reports.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `ai.bad_cap`, or `ai.cap_without_price` for a new limit.
    """
    require_state(user, tenant, WHO_CONNECTS)
    cap = _amount(monthly_cap)
    if cap is not None and cap != company.settings_of(place, user, tenant).ai_monthly_cap:
        require_price(place.control, tenant)
    changes: dict[str, object] = {
        "ai_monthly_cap": cap,
        "label_history": history,
        "facts_by_model": facts_by_model,
    }
    return company.save(place, user, tenant, changes)


def _amount(written: str) -> Decimal | None:
    text = written.strip().replace(",", ".").replace(" ", "").replace("\u00a0", "")
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise UserInputError(
            "ai.bad_cap",
            Sentence(f"«{written}» – не сумма.", f"“{written}” is no amount of money."),
            Sentence("Пример: 5000. Пусто – без ограничения.", "For example: 5000. Empty means no limit."),
        )
    return amount
