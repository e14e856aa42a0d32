"""How one stored object is shown: what `with` asks for, and the `_links` the account does not store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from synkro_resources.sandbox.amocrm.filters import Json
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches

Link = Callable[[Json], str]
"""The path below the mount that shows an object."""

OPTIONAL_PARTS = {
    "leads": {
        "contacts": "contacts",
        "loss_reason": "loss_reason",
        "catalog_elements": "catalog_elements",
        "source": "source",
    },
    "contacts": {
        "leads": "leads",
        "customers": "customers",
        "catalog_elements": "catalog_elements",
        "social_profiles": "social_profiles",
    },
    "companies": {
        "contacts": "contacts",
        "leads": "leads",
        "customers": "customers",
        "catalog_elements": "catalog_elements",
    },
}
"""`_embedded` parts that appear only when `with` asks for them."""

OPTIONAL_FIELDS = {
    "leads": ("is_price_modified_by_robot",),
    "users": ("uuid", "amojo_id", "user_rank", "phone_number"),
    "notes": ("is_pinned",),
    "statuses": ("descriptions",),
}
"""Fields of that kind."""

USER_PARTS = {"roles": "role", "groups": "group"}

LINKED_PARTS = {
    "contacts": "/api/v4/contacts/{}",
    "companies": "/api/v4/companies/{}",
    "leads": "/api/v4/leads/{}",
    "loss_reason": "/api/v4/leads/loss_reasons/{}",
    "roles": "/api/v4/roles/{}",
}
"""`_embedded` lists whose items carry a link of their own."""


@dataclass(frozen=True, slots=True)
class View:
    """What one request wants to see, and from where."""

    base: str
    """The address of the account, including where the emulator is mounted; another host if the switch says so."""
    asked: frozenset[str]

    @classmethod
    def of(cls, request: Request, switches: AmocrmSwitches) -> View:
        asked = frozenset(part.strip() for part in request.query_params.get("with", "").split(",") if part.strip())
        host = switches.foreign_host if switches.foreign_next_host else own_host(request)
        return cls(f"{host}{mount(request)}", asked)

    def link(self, path: str) -> Json:
        return {"self": {"href": self.base + path}}

    def linked(self, row: Json, path: str) -> Json:
        """`row` with its own link."""
        return {**row, "_links": self.link(path)}

    def show(self, row: Json, collection: str, link: Link | None = None) -> Json:
        """`row` of `collection` as the API would show it now."""
        shown = dict(row)
        for name in OPTIONAL_FIELDS.get(collection, ()):
            if name not in self.asked:
                shown.pop(name, None)
            elif name not in shown and collection == "notes":
                shown[name] = False
        if collection == "leads" and "source_id" in shown and "source_id" not in self.asked:
            shown["source_id"] = None
        shown["_links"] = self.link(link(row) if link is not None else f"/api/v4/{collection}/{row['id']}")
        embedded = shown.pop("_embedded", None)
        if isinstance(embedded, dict) and (parts := self._parts(embedded, collection)):
            shown["_embedded"] = parts
        return shown

    def _parts(self, embedded: Json, collection: str) -> Json:
        optional = OPTIONAL_PARTS.get(collection, {})
        if collection == "users":
            optional = USER_PARTS
        return {
            name: self._with_links(name, part)
            for name, part in embedded.items()
            if name not in optional or optional[name] in self.asked
        }

    def _with_links(self, name: str, part: Any) -> Any:
        path = LINKED_PARTS.get(name)
        if path is None or not part:
            return part
        return [{**item, "_links": self.link(path.format(item["id"]))} for item in part]


def mount(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def below_mount(request: Request) -> str:
    return request.url.path.removeprefix(mount(request))


def own_host(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
