"""Where amoCRM sends a person after the consent page: the pair is fetched and kept, and a page says what happened.

No session is needed, because the browser that gave the consent may be another one; the state is what is asked for.
The page never repeats anything of the query: it holds a code.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from html import escape

import httpx
from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from synkro_app.cabinet.texts import translate
from synkro_app.web.forms import browser_language
from synkro_app.web.static import asset
from synkro_resources.amocrm.consent import CALLBACK_PATH, CallBack, finish_consent
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.model.errors import SynkroError, TransientError
from synkro_resources.settings import Settings

__all__ = ["CALLBACK_PATH", "AmocrmCallback"]

# The address of this page holds a code: neither caches nor the next page's server may learn it.
HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AmocrmCallback:
    """The call-back's endpoint; `transport` replaces the network in tests."""

    settings: Settings
    control: Database
    transport: httpx.BaseTransport | None = None

    async def answer(self, request: Request) -> Response:
        """Finish the consent that the state belongs to and tell the person how it went."""
        language = browser_language(request)
        query = request.query_params
        call = CallBack(
            state=query.get("state", ""),
            code=SecretStr(query.get("code", "")),
            referer=query.get("referer", ""),
            client_id=query.get("client_id", ""),
        )
        try:
            await run_in_threadpool(self._finish, call)
        except SynkroError as error:
            _log.warning("a consent for amoCRM was not finished: %s", error.code)
            what = translate(language, "amocrm_consent.failed", what=error.what.in_language(language))
            if isinstance(error, TransientError):  # its remedy speaks of runs, which try again; a state does not
                return _page(language, what, translate(language, "amocrm_consent.begin_anew"), status=503)
            remedy = translate(language, "amocrm_consent.what_to_do", remedy=error.remedy.in_language(language))
            return _page(language, what, remedy, status=400)
        except Exception as error:  # noqa: BLE001  # its text and traceback may hold the code: only its kind is told
            _log.error("a consent for amoCRM failed: %s", type(error).__name__)
            what = translate(language, "amocrm_consent.unexpected")
            return _page(language, what, translate(language, "amocrm_consent.begin_anew"), status=500)
        return _page(language, translate(language, "amocrm_consent.given"))

    def _finish(self, call: CallBack) -> str:
        return finish_consent(
            self.control,
            Keyring.from_settings(self.settings),
            call,
            allow_sandbox=self.settings.allow_sandbox,
            transport=self.transport,
        )


def _page(language: str, what: str, remedy: str = "", *, status: int = 200) -> Response:
    message = f"<p>{escape(what)}</p>" if not remedy else f'<p class="problem" role="alert">{escape(what)}</p>'
    page = (
        asset("message.html")
        .replace("{{language}}", language)
        .replace("{{title}}", escape(translate(language, "amocrm_consent.title")))
        .replace("{{message}}", message + (f"<p>{escape(remedy)}</p>" if remedy else ""))
    )
    return HTMLResponse(page, status, headers=HEADERS)
