"""The pages of one-time links: an invitation into a company, and a new password.

The token in the address is the proof; the gate lets these addresses through by their shape alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from synkro_app.cabinet.texts import translate
from synkro_app.web.account import Account, own_form
from synkro_app.web.forms import Field, Form, browser_language, page, said
from synkro_resources.control.invitations import Invitation, accept, accept_as_new, find_invitation
from synkro_resources.control.new_passwords import find_reset, use_reset
from synkro_resources.control.sessions import choose_tenant
from synkro_resources.control.tenants import get_tenant
from synkro_resources.control.users import User, find_user
from synkro_resources.model.errors import SynkroError

START = "/"


@dataclass(frozen=True, slots=True)
class LinkPages:
    """The routes `/invite/<token>` and `/reset/<token>`."""

    account: Account

    def routes(self) -> list[Route]:
        return [
            Route("/invite/{token}", self.invitation, methods=["GET"]),
            Route("/invite/{token}", self.accept, methods=["POST"]),
            Route("/reset/{token}", self.reset_form, methods=["GET"]),
            Route("/reset/{token}", self.reset, methods=["POST"]),
        ]

    async def invitation(self, request: Request) -> Response:
        return await self._invitation_page(request)

    async def accept(self, request: Request) -> Response:
        """Join with the account of the session, or with a new one; a session opens afterwards."""
        form = await own_form(request)
        if isinstance(form, Response):
            return form
        token = str(request.path_params["token"])
        user = await self.account.user(request)
        try:
            if user is not None:
                joined = await run_in_threadpool(
                    accept, self.account.control, token, user.user_id, user.email, self.account.clock
                )
                await run_in_threadpool(
                    choose_tenant, self.account.control, user.sid, joined.tenant, self.account.clock
                )
                return RedirectResponse(START, 303)
            added, tenant = await run_in_threadpool(self._add, token, form, browser_language(request))
        except SynkroError as error:
            return await self._invitation_page(request, problem=error, name=form.get("name", ""))
        return await self.account.signed_in(request, added.user_id, START, tenant=tenant)

    async def reset_form(self, request: Request) -> Response:
        return await self._reset_page(request)

    async def reset(self, request: Request) -> Response:
        """Set the password; the person then signs in with it, and with the second factor where there is one."""
        form = await own_form(request)
        if isinstance(form, Response):
            return form
        token, password = str(request.path_params["token"]), form.get("new_password", "")
        try:
            await run_in_threadpool(use_reset, self.account.control, token, password, self.account.clock)
        except SynkroError as error:
            return await self._reset_page(request, problem=error)
        return RedirectResponse("/login?notice=password_set", 303)

    def _add(self, token: str, form: dict[str, str], language: str) -> tuple[User, str]:
        return accept_as_new(
            self.account.control,
            token,
            name=form.get("name", ""),
            password=form.get("new_password", ""),
            language=language,
            clock=self.account.clock,
        )

    async def _invitation_page(
        self, request: Request, *, problem: SynkroError | None = None, name: str = ""
    ) -> Response:
        language = browser_language(request)
        token = str(request.path_params["token"])
        invited = await run_in_threadpool(find_invitation, self.account.control, token, self.account.clock)
        if invited is None:
            return _over(language, "invite")
        company, is_known = await run_in_threadpool(self._about, invited)
        role = translate(language, f"role.{invited.role}")
        user = await self.account.user(request)
        address = f"/invite/{token}"
        if user is not None and user.email != invited.email:
            lead = translate(language, "invite.other_person", email=invited.email, present=user.email)
            forms = (Form("/account/logout", "sign_out"),)
        elif user is not None:
            lead = translate(language, "invite.lead_member", company=company, role=role)
            forms = (Form(address, "accept"),)
        elif is_known:
            return RedirectResponse(f"/login?next={address}&notice=invited", 303)
        else:
            lead = translate(language, "invite.lead_new", company=company, role=role)
            fields = (
                Field("email", "email", "username", invited.email, fixed=True),
                Field("name", "text", "name", name),
                Field("new_password", "password", "new-password"),
            )
            forms = (Form(address, "join", fields),)
        told = "" if problem is None else said(problem, language)
        title = translate(language, "invite.title")
        return page(language, title, lead, *forms, problem=told, status=200 if problem is None else 400)

    def _about(self, invited: Invitation) -> tuple[str, bool]:
        company = get_tenant(self.account.control, invited.tenant).name
        return company, find_user(self.account.control, invited.email) is not None

    async def _reset_page(self, request: Request, *, problem: SynkroError | None = None) -> Response:
        language = browser_language(request)
        token = str(request.path_params["token"])
        link = await run_in_threadpool(find_reset, self.account.control, token, self.account.clock)
        if link is None:
            return _over(language, "reset")
        form = Form(
            f"/reset/{token}",
            "set_password",
            (
                Field("email", "email", "username", link.email, fixed=True),
                Field("new_password", "password", "new-password"),
            ),
        )
        told = "" if problem is None else said(problem, language)
        lead = translate(language, "reset.lead")
        status = 200 if problem is None else 400
        return page(language, translate(language, "reset.title"), lead, form, problem=told, status=status)


def _over(language: str, kind: str) -> Response:
    lead = translate(language, f"{kind}.over")
    return page(language, translate(language, f"{kind}.title"), lead, status=404)
