"""What models cost, for estimates: a dated list of public prices, and the price that a tenant has agreed itself.

Prices change several times a year and differ by reseller, so nothing is billed by them. A model that is not listed has
no price, and its cost is told as unknown instead of guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

import httpx

PER_TOKENS = 1_000_000


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """Prices per million tokens; `cached` is that of input read from the provider's prompt cache."""

    incoming: Decimal
    outgoing: Decimal
    currency: str
    source: str
    as_of: date | None
    cached: Decimal | None = None

    def cost(self, tokens_in: int, tokens_out: int, tokens_cached: int = 0) -> Decimal:
        """Cost of one call, in `currency`; `tokens_cached` of the input were read from the provider's cache."""
        cached = self.incoming if self.cached is None else self.cached
        fresh = tokens_in - tokens_cached
        return (self.incoming * fresh + cached * tokens_cached + self.outgoing * tokens_out) / PER_TOKENS


OPENAI_SOURCE = "https://developers.openai.com/api/docs/pricing"
OPENAI_AS_OF = date(2026, 10, 1)
OPENAI_HOST = "api.openai.com"

# Standard tier, prompts up to 272,000 tokens: input, cached input, output.
_OPENAI_USD: Mapping[str, tuple[str, str, str]] = {
    "gpt-4.1": ("2.00", "0.50", "8.00"),
    "gpt-4.1-mini": ("0.40", "0.10", "1.60"),
    "gpt-4o": ("2.50", "1.25", "10.00"),
    "gpt-4o-mini": ("0.15", "0.075", "0.60"),
    "gpt-5.4": ("2.50", "0.25", "15.00"),
    "gpt-5.4-mini": ("0.75", "0.075", "4.50"),
    "gpt-5.4-nano": ("0.20", "0.02", "1.25"),
    "gpt-5.5": ("5.00", "0.50", "30.00"),
    "gpt-5.6-luna": ("0.20", "0.02", "1.20"),
    "gpt-5.6-terra": ("2.00", "0.20", "12.00"),
    "gpt-6-astra": ("10.00", "1.00", "50.00"),
    "gpt-6-luna": ("0.10", "0.01", "0.50"),
    "gpt-6-sol": ("2.00", "0.20", "10.00"),
    "gpt-6.1-sol": ("2.00", "0.10", "10.00"),
}

OWN = "settings"


def price_of(model: str, base_url: str, public: Mapping[str, str | int | bool]) -> ModelPrice | None:
    """The tenant's own price if it is set, else the list's; None if neither is known.

    Own prices are the public settings `price_in`, `price_cached`, `price_out` (per million tokens) and
    `price_currency`.
    The list holds for the maker's own address only: the same model costs something else at a reseller.

    Raises:
        ValueError: a price of the tenant is set and is no number.
    """
    own_in, own_out = str(public.get("price_in", "")).strip(), str(public.get("price_out", "")).strip()
    if own_in or own_out:
        currency = str(public.get("price_currency", "")).strip() or "USD"
        own_cached = str(public.get("price_cached", "")).strip()
        cached = _amount(own_cached) if own_cached else None
        return ModelPrice(_amount(own_in), _amount(own_out), currency, OWN, None, cached)
    if httpx.URL(base_url).host != OPENAI_HOST or model not in _OPENAI_USD:
        return None
    incoming, cached, outgoing = (Decimal(value) for value in _OPENAI_USD[model])
    return ModelPrice(incoming, outgoing, "USD", OPENAI_SOURCE, OPENAI_AS_OF, cached)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise ValueError("a price is no number") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("a price is no number")
    return amount
