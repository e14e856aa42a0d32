"""All emulators of all sandbox tenants as one application."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox import credentials
from synkro_resources.sandbox.amocrm import amocrm_app
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.openai import openai_app
from synkro_resources.sandbox.radist import RadistSwitches, radist_app
from synkro_resources.sandbox.server.control import SHARED, Control, VendorApp, loopback
from synkro_resources.sandbox.server.page import index_page
from synkro_resources.sandbox.server.project_rest import ProjectRest
from synkro_resources.sandbox.server.tenant_page import tenant_page
from synkro_resources.sandbox.supabase import gateway_app
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.world.model import World

TELEGRAM_FILE = "telegram.json"
"""Where delivered messages are kept inside the state folder."""


def sandbox_app(
    worlds: Mapping[str, World],
    *,
    clock: Clock,
    state: Path | None = None,
    rest: ProjectRest | None = None,
    rate_limits: bool = True,
) -> Starlette:
    """Serve `worlds` (by slug). `state` keeps delivered messages, `rest` is the Supabase side if there is one.

    `rate_limits` False switches the vendors' request limits off from the start, for load tests.

    `app.state.vendors` lists the emulators as `VendorApp`s.
    """
    projects = rest or ProjectRest()
    vendors = [
        *(
            _tenant_vendor(vendor, slug, world, clock, projects, rate_limits=rate_limits)
            for slug, world in worlds.items()
            for vendor in _PER_TENANT
        ),
        VendorApp("telegram", SHARED, "/telegram", _telegram(list(worlds), clock, state)),
        VendorApp("openai", SHARED, "/openai", openai_app(clock=clock, api_key=credentials.AI_KEY)),
    ]

    def readiness() -> dict[str, object]:
        with_rest = {slug: projects.ready(slug) for slug in worlds}
        up = all(with_rest.values())
        return {
            "ready": True,
            "tenants": list(worlds),
            "worlds": {
                slug: {"seed": world.seed, "first_day": world.first_day.isoformat(), "end": world.end.isoformat()}
                for slug, world in worlds.items()
            },
            "supabase_rest": up,
            "supabase_rest_by_tenant": with_rest,
            "supabase_rest_reason": None if up else projects.reason,
        }

    async def index(_request: Request) -> Response:
        up = all(projects.ready(slug) for slug in worlds)
        return HTMLResponse(index_page(vendors, list(worlds), None if up else projects.reason))

    control = Control(vendors, readiness)

    async def tenant(request: Request) -> Response:
        slug = str(request.path_params["slug"])
        if slug not in worlds:
            return HTMLResponse("Нет такой компании. No such tenant.", 404)
        return HTMLResponse(tenant_page(slug, [item for item in vendors if item.slug in (slug, SHARED)], control))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        # Mounted applications get no lifespan of their own.
        async with AsyncExitStack() as stack:
            for item in vendors:
                await stack.enter_async_context(item.app.router.lifespan_context(item.app))
            yield

    app = Starlette(
        routes=[
            Route("/", index),
            Route("/tenants/{slug}", loopback(tenant)),
            *control.routes(),
            *(Mount(item.path, item.app) for item in vendors),
        ],
        lifespan=lifespan,
    )
    app.state.vendors = vendors
    return app


_PER_TENANT = ("amocrm", "radist", "supabase")


def _tenant_vendor(
    vendor: str, slug: str, world: World, clock: Clock, rest: ProjectRest, *, rate_limits: bool
) -> VendorApp:
    match vendor:
        case "amocrm":
            app = amocrm_app(
                world.amocrm,
                clock=clock,
                token=credentials.amocrm_token(slug),
                state=AmocrmSwitches(rate_limit=rate_limits),
            )
        case "radist":
            app = radist_app(
                world.radist,
                clock=clock,
                api_key=credentials.radist_key(slug),
                switches=RadistSwitches(rate_limit=rate_limits),
            )
        case _:
            app = gateway_app(
                rest.url(slug),
                secret_key=credentials.supabase_secret_key(slug),
                publishable_key=credentials.supabase_publishable_key(slug),
                jwt_secret=credentials.supabase_jwt_secret(slug),
                reason=rest.reason,
            )
    return VendorApp(vendor, slug, f"/{vendor}/{slug}", app)


def _telegram(slugs: list[str], clock: Clock, state: Path | None) -> Starlette:
    tokens: dict[str, BotIdentity] = {}
    chats: dict[int, Chat] = {}
    for slug in slugs:
        bot = BotIdentity(credentials.bot_id(slug), f"synkro_{slug.replace('-', '_')}_bot", "Synkro")
        tokens[credentials.telegram_token(slug)] = bot
        members = frozenset({bot.user_id})
        for chat in (
            Chat(credentials.report_chat_id(slug), "supergroup", f"Отчёты отдела продаж ({slug})", bots=members),
            Chat(credentials.owner_chat_id(slug), "private", f"Руководитель ({slug})", bots=members),
        ):
            chats[chat.chat_id] = chat
    storage = state / TELEGRAM_FILE if state else None
    return telegram_app(clock=clock, tokens=tokens, chats=chats, storage=storage)
