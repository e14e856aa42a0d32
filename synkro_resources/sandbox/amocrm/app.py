"""One account's API as an application: what is in front of the endpoints, and all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import cast

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from synkro_resources.model.clock import Clock
from synkro_resources.sandbox.amocrm import answers
from synkro_resources.sandbox.amocrm.cards import Cards
from synkro_resources.sandbox.amocrm.configuration import Configuration
from synkro_resources.sandbox.amocrm.door import Door
from synkro_resources.sandbox.amocrm.editing import AccountEditor
from synkro_resources.sandbox.amocrm.feeds import Feeds
from synkro_resources.sandbox.amocrm.filters import BadFilter
from synkro_resources.sandbox.amocrm.gate import METHODS, OAUTH_PATH, Gate
from synkro_resources.sandbox.amocrm.oauth import OauthClient, OauthRefusal, Tokens
from synkro_resources.sandbox.amocrm.oddities import API, Oddities, OdditiesMiddleware
from synkro_resources.sandbox.amocrm.routes import Answer
from synkro_resources.sandbox.amocrm.store import AccountExtras, Store
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.journal import JournalMiddleware, RequestJournal
from synkro_resources.sandbox.world.model import AmocrmAccount

__all__ = ["OAUTH_PATH", "amocrm_app"]


def amocrm_app(
    account: AmocrmAccount,
    *,
    clock: Clock,
    token: str,
    state: AmocrmSwitches | None = None,
    oauth: OauthClient | None = None,
    extras: AccountExtras | None = None,
) -> Starlette:
    """The API of one account below `/api/v4`, and `/oauth2/access_token` for `oauth`; `token` is the long-lived one.

    `app.state` holds `switches` (an `AmocrmSwitches`), `log` (a `RequestJournal`), `oddities` (sentences about
    requests that no documentation allows), `editor` (an `AccountEditor`), `tokens` (the `Tokens`: refreshes made,
    dated long-lived tokens) and `faults` (how often each injected fault was handed out).
    """
    switches = state or AmocrmSwitches()
    client = oauth or OauthClient()
    store = Store(account, clock, switches, extras)
    tokens = Tokens(token, client, clock, int(account.account["id"]), switches)
    spots = [*Configuration(store).spots(), *Feeds(store).spots(), *Cards(store).spots()]
    log, oddities = RequestJournal(), Oddities([(API + spot.path, spot.reads) for spot in spots])
    counts: Counter[str] = Counter()
    app = Starlette(
        routes=[
            *Gate(store, tokens, client).routes(),
            *(Route(API + spot.path, _locked(store, spot.answer), methods=METHODS) for spot in spots),
            Route("/{rest:path}", _wrong_path, methods=METHODS),
        ],
        exception_handlers={BadFilter: _bad_filter, OauthRefusal: _no_tokens},
        middleware=[
            Middleware(JournalMiddleware, journal=log),
            Middleware(OdditiesMiddleware, oddities=oddities),
            Middleware(Door, tokens=tokens, switches=switches, counts=counts),
        ],
    )
    app.state.switches = switches
    app.state.log = log
    app.state.oddities = oddities.found
    app.state.editor = AccountEditor(account, clock, store=store)
    app.state.tokens = tokens
    app.state.faults = counts
    return app


def _locked(store: Store, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Whoever edits from another thread waits for the answer to be ready, and the other way round."""

    async def endpoint(request: Request) -> Response:
        with store.lock:
            return answer(request)

    return endpoint


async def _wrong_path(request: Request) -> Response:
    del request
    return answers.not_found()


async def _bad_filter(_request: Request, _error: Exception) -> Response:
    return answers.bad_filter()


async def _no_tokens(_request: Request, error: Exception) -> Response:
    return cast("OauthRefusal", error).response()
