"""Whether a limit of money can hold: it is counted by the model's price, so without one nothing would ever reach it."""

from __future__ import annotations

from synkro_resources.ai.prices import price_of
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import get_integration
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.ids import IntegrationKind


def require_price(db: Database, tenant: str) -> None:
    """Refuse a limit that could not hold; a tenant without a model may set one beforehand.

    Raises:
        UserInputError: `ai.cap_without_price`.
    """
    integration = get_integration(db, tenant, IntegrationKind.AI)
    if integration is None:
        return
    model, base_url = (str(integration.public.get(name, "")).strip() for name in ("model", "base_url"))
    if price_of(model, base_url, integration.public) is None:
        raise cap_without_price(tenant, model)


def cap_without_price(tenant: str, model: str) -> UserInputError:
    """What people are told where money is limited and the price is unknown."""
    return UserInputError(
        "ai.cap_without_price",
        Sentence(
            f"Цена модели {model} неизвестна, поэтому лимит в деньгах не сработал бы.",
            f"The price of {model} is unknown, so a limit of money would never be reached.",
        ),
        Sentence(
            "Сначала укажите цену за миллион токенов в настройках ИИ (price_in и price_out), потом лимит.",
            "First give the price per million tokens in the AI settings (price_in and price_out), then the limit.",
        ),
        tenant=tenant,
    )
