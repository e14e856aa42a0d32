"""Before the first load a company reads what it will take, counted at its own services."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from synkro_app.cabinet.context import Installation as Cabinet
from synkro_app.cabinet.services.first_load import estimate_first_load
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.run_requests import list_requests
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.users import Membership
from synkro_resources.model.ids import IntegrationKind, Role
from tests.pipeline import installation

SLUG = "first-load"


def test_the_estimate_counts_what_the_services_hold_and_asks_for_no_load(control_url: str, tmp_path: Path) -> None:
    with installation(control_url, tmp_path / "estimated") as place:
        sandbox = place.add_company(SLUG, seed=3, days=20)
        cabinet = Cabinet(place.settings, place.control, place.clock)
        member = Membership(SLUG, Role.OWNER, None, can_read_texts=True)
        owner = SessionUser("u1", "o@example.com", "", "ru", "s1", (member,), SLUG, Role.OWNER, is_operator=False)
        without = estimate_first_load(cabinet, owner, SLUG)
        assert without.price is None
        assert without.deals == len(sandbox.world.amocrm.leads)
        assert 0 < without.chats <= len(sandbox.world.radist.messages)
        assert without.minutes >= 1
        assert not without.is_least
        public: dict[str, str | int | bool] = {
            "base_url": "https://api.openai.com/v1",
            "model": "own",
            "price_in": "100",
            "price_out": "0",
            "price_currency": "RUB",
        }
        set_integration(place.control, place.keyring, SLUG, IntegrationKind.AI, public, {"api_key": "k"}, "test")
        priced = estimate_first_load(cabinet, owner, SLUG)
        assert (priced.price, priced.currency) == (Decimal("0.9") * without.chats, "RUB"), "9,000 tokens a dialog"
        assert list_requests(place.control, SLUG) == []
