"""How the company has set up its account: users, pipelines, fields, catalogs, webhooks."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from synkro_resources.sandbox.amocrm import answers, documented, lists
from synkro_resources.sandbox.amocrm.filters import Json
from synkro_resources.sandbox.amocrm.query import Query, values
from synkro_resources.sandbox.amocrm.routes import Answer, Spot
from synkro_resources.sandbox.amocrm.shapes import View
from synkro_resources.sandbox.amocrm.shelf import Shelf, Span
from synkro_resources.sandbox.amocrm.store import KINDS, Store

_PARTS = ("amojo_id", "uuid", "version", "drive_url", "is_api_filter_enabled", "invoices_settings")
"""Of the account, at the top level by `with`."""
_EMBEDDED = ("users_groups", "task_types", "amojo_rights", "datetime_settings", "entity_names")


class Configuration:
    """The endpoints of one account."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def spots(self) -> list[Spot]:
        found = [
            Spot("/account", self.account, documented.ACCOUNT),
            Spot("/users", self.users, documented.USERS),
            Spot("/users/{id:int}", self.user, documented.USER),
            Spot("/roles", self.roles, documented.ROLES),
            Spot("/roles/{id:int}", self.role),
            Spot("/leads/pipelines", self.pipelines, documented.STATUSES),
            Spot("/leads/pipelines/{id:int}", self.pipeline, documented.STATUSES),
            Spot("/leads/pipelines/{id:int}/statuses", self.statuses, documented.STATUSES),
            Spot("/leads/pipelines/{id:int}/statuses/{status_id:int}", self.status, documented.STATUSES),
            Spot("/leads/loss_reasons", self.loss_reasons, documented.LOSS_REASONS),
            Spot("/leads/loss_reasons/{id:int}", self.loss_reason),
            Spot("/webhooks", self.webhooks, documented.WEBHOOKS),
            Spot("/catalogs", self.catalogs, documented.CATALOGS),
            Spot("/catalogs/{id:int}", self.catalog),
            Spot("/catalogs/{id:int}/elements", self.elements, documented.ELEMENTS),
            Spot("/catalogs/{id:int}/elements/{element_id:int}", self.element),
            Spot("/catalogs/{id:int}/custom_fields", self.catalog_fields, documented.FIELDS),
        ]
        for kind in KINDS:
            found += [
                Spot(f"/{kind}/custom_fields", self._fields(kind), documented.FIELDS),
                Spot(f"/{kind}/custom_fields/groups", self._groups(kind), documented.GROUPS),
                Spot(f"/{kind}/custom_fields/{{id:int}}", self._field(kind)),
            ]
        return found

    def account(self, request: Request) -> Response:
        switches = self.store.switches
        view = View.of(request, switches)
        stored = dict(self.store.account.account)
        embedded: Json = dict(stored.pop("_embedded", {}))
        stored["is_api_filter_enabled"] = bool(stored.get("is_api_filter_enabled", True)) and not switches.filters_off
        if switches.loss_reasons_off:
            stored["is_loss_reason_enabled"] = False
        if switches.invoices_settings_embedded and "invoices_settings" in stored:
            embedded["invoices_settings"] = stored.pop("invoices_settings")
        shown = {name: value for name, value in stored.items() if name not in _PARTS or name in view.asked}
        shown["_links"] = view.link("/api/v4/account")
        may_be_embedded = (*_EMBEDDED, "invoices_settings")
        parts = {name: embedded[name] for name in may_be_embedded if name in view.asked and name in embedded}
        if parts:
            shown["_embedded"] = parts
        return answers.data(shown)

    def users(self, request: Request) -> Response:
        if self.store.switches.not_admin:
            return answers.forbidden()
        return lists.page(request, Span.of(self.store.account.users), "users", self.store.switches, totals=True)

    def user(self, request: Request) -> Response:
        if self.store.switches.not_admin:
            return answers.forbidden()
        return self._single(request, self.store.account.users, "users")

    def roles(self, request: Request) -> Response:
        if self.store.switches.not_admin:
            return answers.forbidden()
        return lists.page(request, Span.of(self._all_roles()), "roles", self.store.switches, totals=True)

    def role(self, request: Request) -> Response:
        if self.store.switches.not_admin:
            return answers.forbidden()
        return self._single(request, self._all_roles(), "roles")

    def _all_roles(self) -> list[Json]:
        """The roles the users have; the world holds no others."""
        known: dict[int, Json] = {
            role["id"]: role
            for user in self.store.account.users
            for role in user.get("_embedded", {}).get("roles") or []
        }
        return [known[role_id] for role_id in sorted(known)]

    def pipelines(self, request: Request) -> Response:
        view = View.of(request, self.store.switches)
        hide = self.store.switches.hide_archived_pipelines
        rows = [row for row in self.store.account.pipelines if not (hide and row["is_archive"])]
        if not rows:
            return answers.nothing()
        return lists.unpaged(request, [_pipeline(view, row) for row in rows], "pipelines", self.store.switches)

    def pipeline(self, request: Request) -> Response:
        row = _by_id(self.store.account.pipelines, request.path_params["id"])
        return answers.nothing() if row is None else answers.data(_pipeline(View.of(request, self.store.switches), row))

    def statuses(self, request: Request) -> Response:
        row = _by_id(self.store.account.pipelines, request.path_params["id"])
        if row is None:
            return answers.nothing()
        view = View.of(request, self.store.switches)
        shown = _pipeline(view, row)["_embedded"]["statuses"]
        return lists.unpaged(request, shown, "statuses", self.store.switches, unsure=True)

    def status(self, request: Request) -> Response:
        row = _by_id(self.store.account.pipelines, request.path_params["id"])
        statuses = [] if row is None else _pipeline(View.of(request, self.store.switches), row)["_embedded"]["statuses"]
        found = _by_id(statuses, request.path_params["status_id"])
        return answers.nothing() if found is None else answers.data(found)

    def loss_reasons(self, request: Request) -> Response:
        rows = [] if self.store.switches.loss_reasons_off else self.store.account.loss_reasons
        return lists.page(request, Span.of(rows), "loss_reasons", self.store.switches, link=_loss_reason_path)

    def loss_reason(self, request: Request) -> Response:
        rows = [] if self.store.switches.loss_reasons_off else self.store.account.loss_reasons
        row = _by_id(rows, request.path_params["id"])
        return lists.single(request, row, "loss_reasons", self.store.switches, _loss_reason_path)

    def webhooks(self, request: Request) -> Response:
        if self.store.switches.not_admin:
            return answers.forbidden()
        wanted = Query.read(request.url.query).level("filter").get("destination")
        rows = [
            row
            for row in self.store.extras.webhooks
            if wanted is None or row["destination"] in values(wanted) or self.store.switches.filters_off
        ]
        if not rows:
            return answers.nothing()
        view = View.of(request, self.store.switches)
        shown = [view.show(row, "webhooks") for row in rows]
        return lists.unpaged(request, shown, "webhooks", self.store.switches)

    def catalogs(self, request: Request) -> Response:
        return lists.entities(request, Shelf(lambda: self.store.extras.catalogs), "catalogs", self.store)

    def catalog(self, request: Request) -> Response:
        return self._single(request, self.store.extras.catalogs, "catalogs")

    def elements(self, request: Request) -> Response:
        catalog = request.path_params["id"]
        shelf = Shelf(lambda: self.store.extras.elements.get(catalog, []))
        return lists.entities(request, shelf, "elements", self.store, link=_element_path)

    def element(self, request: Request) -> Response:
        rows = self.store.extras.elements.get(request.path_params["id"], [])
        row = _by_id(rows, request.path_params["element_id"])
        return lists.single(request, row, "elements", self.store.switches, _element_path)

    def catalog_fields(self, request: Request) -> Response:
        """The emulator's catalogs have no fields of their own."""
        del request
        return answers.nothing()

    def _fields(self, kind: str) -> Answer:
        def answer(request: Request) -> Response:
            shelf = Shelf(lambda: self.store.account.custom_fields.get(kind, []))
            return lists.entities(
                request, shelf, "custom_fields", self.store, totals=True, link=lambda row: _field_path(kind, row)
            )

        return answer

    def _field(self, kind: str) -> Answer:
        def answer(request: Request) -> Response:
            row = _by_id(self.store.account.custom_fields.get(kind, []), request.path_params["id"])
            return lists.single(request, row, "custom_fields", self.store.switches, lambda row: _field_path(kind, row))

        return answer

    def _groups(self, kind: str) -> Answer:
        """The groups that fields name; their names are not stored, so the id is the name."""

        def answer(request: Request) -> Response:
            fields = self.store.account.custom_fields.get(kind, [])
            ids = sorted({field["group_id"] for field in fields if field.get("group_id")})
            rows: list[Json] = [{"id": name, "name": name, "sort": place} for place, name in enumerate(ids)]
            return lists.page(
                request,
                Span.of(rows),
                "custom_field_groups",
                self.store.switches,
                totals=True,
                link=lambda row: f"/api/v4/{kind}/custom_fields/groups/{row['id']}",
            )

        return answer

    def _single(self, request: Request, rows: list[Json], collection: str) -> Response:
        return lists.single(request, _by_id(rows, request.path_params["id"]), collection, self.store.switches)


def _by_id(rows: list[Json], wanted: int) -> Json | None:
    return next((row for row in rows if row["id"] == wanted), None)


def _pipeline(view: View, row: Json) -> Json:
    """A pipeline with the links of itself and its statuses."""
    path = f"/api/v4/leads/pipelines/{row['id']}"
    statuses = [
        view.show(
            {**status, "descriptions": status.get("descriptions", [])},
            "statuses",
            lambda status: f"{path}/statuses/{status['id']}",
        )
        for status in row["_embedded"]["statuses"]
    ]
    return {**row, "_links": view.link(path), "_embedded": {"statuses": statuses}}


def _loss_reason_path(row: Json) -> str:
    return f"/api/v4/leads/loss_reasons/{row['id']}"


def _element_path(row: Json) -> str:
    return f"/api/v4/catalogs/{row['catalog_id']}/elements/{row['id']}"


def _field_path(kind: str, row: Json) -> str:
    return f"/api/v4/{kind}/custom_fields/{row['id']}"
