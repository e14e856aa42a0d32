"""The pages of the cabinet by address: what the server answers with the pages' frame, and the menu lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.onboarding import is_needed
from synkro_app.cabinet.services.rights import may_connect, may_lead_people, may_operate
from synkro_resources.control.sessions import SessionUser


def _everybody(_user: SessionUser) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One line of the menu; its title is the text `nav.<name>`. `is_offered` only hides: services check the rights."""

    icon: str
    is_offered: Callable[[SessionUser], bool] = _everybody
    only_while: Callable[[Installation, SessionUser], bool] | None = None
    """Afterwards the page is left out of the menu and still opens by its address."""


START = "overview"
"""The page at `/`."""
PAGES: Mapping[str, PageEntry] = {
    START: PageEntry(":material/home:"),
    "start": PageEntry(":material/rocket_launch:", may_connect, only_while=is_needed),
    "reports": PageEntry(":material/description:"),
    "dialogs": PageEntry(":material/forum:"),
    "data": PageEntry(":material/calendar_month:"),
    "runs": PageEntry(":material/sync:"),
    "chats": PageEntry(":material/send:", may_connect),
    "settings": PageEntry(":material/settings:", may_connect),
    "plan": PageEntry(":material/payments:", may_connect),
    "team": PageEntry(":material/group:", may_lead_people),
    "journal": PageEntry(":material/history:", may_lead_people),
    "operator": PageEntry(":material/monitor_heart:", may_operate),
    "profile": PageEntry(":material/person:"),
}
"""By name, in the menu's order; the name is also the address and the module in `pages`."""


def addresses() -> list[str]:
    """The addresses that the server answers with the pages' frame."""
    return ["/" if name == START else f"/{name}" for name in PAGES]
