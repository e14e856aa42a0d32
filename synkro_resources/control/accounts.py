"""Which vendor account an integration speaks to: what pace and blocks hang on, whichever tenant connected it."""

from __future__ import annotations

from collections.abc import Mapping

from synkro_resources.http.account import account_key
from synkro_resources.model.ids import IntegrationKind

# Both of Radist's hosts serve the same companies.
_SAME_HOST = {"//api-ru.radist.online": "//api.radist.online"}


def key_of(kind: IntegrationKind, public: Mapping[str, str | int | bool]) -> str:
    """The key of `rate_bucket` and `vendor_block` for an integration's public settings."""
    address = str(public.get("base_url", ""))
    for other, usual in _SAME_HOST.items():
        address = address.replace(other, usual)
    account = str(public.get("company_id", 0)) if kind is IntegrationKind.RADIST else ""
    return account_key(kind, address, account)
