"""What the operator's page asks: the state of all companies and of the platform, new companies, plans, suspensions.

States and numbers only. What belongs to a company's dialogs is not read here, and the database would refuse it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import httpx

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import require_operator
from synkro_app.cabinet.services.team import OneTimeLink
from synkro_resources.control import plans, support, tenant_life, tenants
from synkro_resources.control.fleet import Fleet, fleet
from synkro_resources.control.invitations import invite
from synkro_resources.control.plans import Plan
from synkro_resources.control.sessions import SessionUser, choose_tenant
from synkro_resources.control.support import Visit
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import normal_email, tenant_users
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError
from synkro_resources.model.ids import Role

DAGSTER_TIMEOUT_S = 2.0
LONGEST_REASON = 300
_DAEMONS = "{instance{daemonHealth{allDaemonStatuses{daemonType required healthy}}}}"


@dataclass(frozen=True, slots=True)
class Daemon:
    """One of Dagster's background processes."""

    name: str
    is_healthy: bool


def installation_state(place: Installation, user: SessionUser) -> Fleet:
    """All companies, those that need somebody first; that it was looked at is recorded.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_operator(user)
    return fleet(place.control, place.clock.now(), actor=_actor(user))


def known_plans(place: Installation, user: SessionUser) -> list[Plan]:
    """All plans, smallest first.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_operator(user)
    return plans.all_plans(place.control)


def daemons(place: Installation, user: SessionUser) -> list[Daemon] | None:
    """Dagster's required daemons; None if Dagster does not answer.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_operator(user)
    try:
        answer = httpx.post(
            f"{place.settings.dagster_url}/graphql",
            json={"query": _DAEMONS},
            timeout=DAGSTER_TIMEOUT_S,
            trust_env=False,
        )
        statuses = answer.json()["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
        return [Daemon(str(one["daemonType"]), bool(one["healthy"])) for one in statuses if one["required"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None


def add_company(
    place: Installation, user: SessionUser, *, slug: str, name: str, zone: str, plan: str, owner_email: str
) -> OneTimeLink:
    """A new company with an account of its own in this cell, and the link for its owner, to be passed on.

    A second company of one account is made by `synkro tenant add --account`.

    Raises:
        RefusedError: `rights.not_found` or `plan.tenants`.
        UserInputError: `user.bad_email`, `operator.no_name`, or what `add_tenant` refuses.
    """
    require_operator(user)
    address, called = normal_email(owner_email), " ".join(name.split())
    if not called:
        raise UserInputError(
            "operator.no_name",
            Sentence("Не указано название компании.", "The company has no name."),
            Sentence("Введите название.", "Enter a name."),
        )
    added = tenants.add_tenant(
        place.control,
        slug=slug.strip(),
        name=called,
        zone=zone,
        account=f"{called} ({slug.strip()})",  # two clients of one name share neither plan nor room
        cell=place.settings.cell,
        plan=plan,
        clock=place.clock,
        actor=_actor(user),
        on_trial=True,
    )
    return _invite_owner(place, user, added.slug, address)


def invite_owner(place: Installation, user: SessionUser, tenant: str, email: str) -> OneTimeLink:
    """Another link for an owner, for a company whose first one was lost; nobody becomes an owner beside another.

    Raises:
        RefusedError: `rights.not_found`, `operator.has_owner`, `invitation.is_member` or `plan.users`.
        UserInputError: `user.bad_email` or `tenant.unknown`.
    """
    require_operator(user)
    found = tenants.get_tenant(place.control, tenant)
    if any(
        rights.role is Role.OWNER and owner.status == "active"
        for owner, rights in tenant_users(place.control, found.slug)
    ):
        raise RefusedError(
            "operator.has_owner",
            Sentence("У компании уже есть владелец.", "The company has an owner already."),
            Sentence(
                "Других приглашает он сам на странице «Команда».",
                "The owner invites others on the page of the team.",
            ),
            tenant=tenant,
        )
    return _invite_owner(place, user, found.slug, email)


def suspend(place: Installation, user: SessionUser, tenant: str, reason: str) -> Tenant:
    """Stop a company's requests and schedules; its data stay.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `operator.no_reason` or `tenant.unknown`.
    """
    require_operator(user)
    why = _reason(reason)
    return tenants.suspend_tenant(place.control, tenant, actor=_actor(user), reason=why, clock=place.clock)


def resume(place: Installation, user: SessionUser, tenant: str, reason: str) -> Tenant:
    """Undo `suspend`.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `operator.no_reason` or `tenant.unknown`.
    """
    require_operator(user)
    why = _reason(reason)
    return tenants.resume_tenant(place.control, tenant, actor=_actor(user), reason=why, clock=place.clock)


def act_for(place: Installation, user: SessionUser, tenant: str, reason: str) -> Visit:
    """Work in a company's cabinet for an hour, with an administrator's rights over states and settings.

    The company's administrators are told first; what clients wrote stays closed unless the owner has opened it.

    Raises:
        RefusedError: `rights.not_found` or `support.is_member`.
        UserInputError: `operator.no_reason` or `tenant.unknown`.
    """
    require_operator(user)
    why, name = _reason(reason), user.name or user.email
    visit = support.begin_visit(place.control, tenant, user_id=user.user_id, name=name, reason=why, clock=place.clock)
    choose_tenant(place.control, user.sid, tenant, place.clock)
    return visit


def activate(place: Installation, user: SessionUser, tenant: str, reason: str) -> None:
    """End a company's trial because it pays from now on; one whose trial was over goes on.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `operator.no_reason` or `tenant.unknown`.
    """
    require_operator(user)
    why = _reason(reason)
    tenant_life.activate(place.control, tenant, actor=_actor(user), reason=why, clock=place.clock)


def extend_trial(place: Installation, user: SessionUser, tenant: str, days: int, reason: str) -> datetime:
    """Let a company try for `days` more from now; returns the new end (UTC).

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `operator.no_reason`, `trial.bad_days` or `tenant.unknown`.
    """
    require_operator(user)
    why = _reason(reason)
    return tenant_life.extend_trial(place.control, tenant, days, actor=_actor(user), reason=why, clock=place.clock)


def change_plan(place: Installation, user: SessionUser, tenant: str, plan: str, reason: str) -> None:
    """Put a company on another plan from now on.

    Raises:
        RefusedError: `rights.not_found`.
        UserInputError: `operator.no_reason`, `plan.unknown` or `tenant.unknown`.
    """
    require_operator(user)
    why = _reason(reason)
    plans.change_plan(place.control, tenant, plan, actor=_actor(user), reason=why, clock=place.clock)


def _invite_owner(place: Installation, user: SessionUser, tenant: str, email: str) -> OneTimeLink:
    made, token = invite(place.control, tenant, email, Role.OWNER, clock=place.clock, actor=_actor(user))
    return OneTimeLink(f"{place.settings.cabinet_url}/invite/{token}", made.email, made.expires_at)


def _reason(written: str) -> str:
    reason = " ".join(written.split())[:LONGEST_REASON]
    if not reason:
        raise UserInputError(
            "operator.no_reason",
            Sentence("Не указана причина.", "No reason is given."),
            Sentence("Напишите причину: она останется в журнале.", "Write a reason: it is kept in the record."),
        )
    return reason


def _actor(user: SessionUser) -> str:
    return f"operator:{user.user_id}"
