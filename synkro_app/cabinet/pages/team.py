"""Who works here and with which rights, invitations, and help for people who are locked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from synkro_app.cabinet.components.deeds import carry_out, draw_outcome
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.components.support_view import draw_access
from synkro_app.cabinet.context import Installation, installation, viewer
from synkro_app.cabinet.services import overview, team
from synkro_app.cabinet.services.rights import may_lead_people
from synkro_app.cabinet.services.team import Member, OneTimeLink
from synkro_app.cabinet.texts import translate
from synkro_resources.control.invitations import Invitation
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.ids import Role

AREA, LINK, EDITED = "team", "team_link", "team_edited"
COLOURS = {"open": "blue", "accepted": "green", "revoked": "gray", "expired": "orange"}


def draw() -> None:
    user, place = viewer(), installation()
    language = user.language
    st.title(translate(language, "nav.team"), anchor=False)
    if user.tenant is None:
        st.info(translate(language, "account.no_tenant"))
        return
    if not may_lead_people(user):
        st.info(translate(language, "team.no_right"))
        return
    company = overview.company(place, user, user.tenant)
    managers = team.managers(place, user, user.tenant)
    draw_outcome(AREA)
    _draw_link(company, language)
    if user.membership is not None and not user.membership.is_support:
        _draw_invite(user, company, managers)
    st.markdown(f"**{translate(language, 'team.members')}**")
    for member in team.members(place, user, user.tenant):
        _draw_member(user, company, member, managers)
    _draw_invitations(place, user, company)
    draw_access(place, user, company)


def _draw_link(company: Tenant, language: str) -> None:
    """The link that was just made; it is nowhere else, so it stays until it is put away."""
    made: tuple[str, str, OneTimeLink] | None = st.session_state.get(LINK)
    if made is None or made[0] != company.slug:  # another company was chosen meanwhile
        return
    _, kind, link = made
    with st.container(border=True):
        st.markdown(f"**{translate(language, f'team.link_{kind}', email=_address(link.email))}**")
        st.code(link.address, language=None, wrap_lines=True)
        until = instant(link.expires_at, company.zone, language)
        st.caption(translate(language, "team.link_until", until=until))
        st.button(translate(language, "team.link_close"), key="team_link_close", on_click=_put_link_away)


def _draw_invite(user: SessionUser, company: Tenant, managers: Mapping[int, str]) -> None:
    language = user.language
    with st.expander(translate(language, "team.invite"), icon=":material/person_add:"):
        st.text_input(translate(language, "team.email"), key="team_invite_email", autocomplete="off")
        role = _role_choice(user, company, "invite", Role.ANALYST)
        _draw_rights(language, "invite", role, managers, manager_id=None, texts=role in (Role.OWNER, Role.ANALYST))
        st.button(
            translate(language, "team.invite_button"),
            type="primary",
            key="team_invite_button",
            on_click=_invite,
            args=(company.slug,),
        )


def _draw_member(user: SessionUser, company: Tenant, member: Member, managers: Mapping[int, str]) -> None:
    language, person, rights = user.language, member.user, member.membership
    with st.container(border=True):
        name = plain(person.name or person.email)
        you = f" · {translate(language, 'team.you')}" if member.is_self else ""
        st.markdown(f"**{name}**{you} · {translate(language, f'role.{rights.role}')}")
        facts = [_address(person.email)]
        facts.append(translate(language, "team.reads_texts" if rights.can_read_texts else "team.reads_no_texts"))
        if rights.manager_id is not None:
            manager = plain(managers.get(rights.manager_id, str(rights.manager_id)))
            facts.append(translate(language, "team.bound", manager=manager))
        if member.has_factor:
            facts.append(translate(language, "team.has_factor"))
        if person.status != "active":
            facts.append(translate(language, "team.disabled"))
        st.caption(" · ".join(facts))
        if not member.may_change:
            return
        if st.session_state.get(EDITED) == person.user_id:
            _draw_editor(user, company, member, managers)
            return
        with st.container(horizontal=True):
            _button(language, "edit", company, person.user_id, _edit)
            if not member.is_self:
                _button(language, "reset_link", company, person.user_id, _reset_link)
                if member.has_factor and user.role is Role.OWNER:
                    _button(language, "reset_factor", company, person.user_id, _reset_factor)


def _draw_editor(user: SessionUser, company: Tenant, member: Member, managers: Mapping[int, str]) -> None:
    language, user_id, rights = user.language, member.user.user_id, member.membership
    role = _role_choice(user, company, user_id, rights.role)
    _draw_rights(language, user_id, role, managers, manager_id=rights.manager_id, texts=rights.can_read_texts)
    with st.container(horizontal=True):
        _button(language, "save", company, user_id, _save, is_main=True)
        _button(language, "cancel", company, user_id, _stop_editing)
        _button(language, "leave" if member.is_self else "remove", company, user_id, _remove)


def _role_choice(user: SessionUser, company: Tenant, key: str, chosen: Role) -> Role:
    language = user.language
    roles = [role for role in Role if role in team.roles_to_give(user, company.slug)]
    return st.selectbox(
        translate(language, "team.role"),
        roles,
        index=roles.index(chosen),
        format_func=lambda role: translate(language, f"team.role_{role}"),
        key=f"team_role_{key}",
    )


def _draw_rights(
    language: str, key: str, role: Role, managers: Mapping[int, str], *, manager_id: int | None, texts: bool
) -> None:
    """What goes with the role; the keys hold the role, so that another one brings its own usual rights."""
    if role is Role.VIEWER:
        ids = [None, *managers, *([manager_id] if manager_id not in (None, *managers) else [])]
        st.selectbox(
            translate(language, "team.manager"),
            ids,
            index=ids.index(manager_id),
            format_func=lambda one: (
                translate(language, "team.whole_team") if one is None else managers.get(one, str(one))
            ),
            key=f"team_manager_{key}",
        )
    st.checkbox(translate(language, "team.may_read_texts"), value=texts, key=f"team_texts_{key}_{role}")


def _draw_invitations(place: Installation, user: SessionUser, company: Tenant) -> None:
    language, now = user.language, place.clock.now()
    found = team.invitations(place, user, company.slug)
    if not found:
        return
    st.markdown(f"**{translate(language, 'team.invitations')}**")
    for item in found:
        with st.container(border=True):
            state = item.state(now)
            badge = translate(language, f"team.state_{state}")
            st.markdown(
                f"{_address(item.email)} · {translate(language, f'role.{item.role}')} · :{COLOURS[state]}[{badge}]"
            )
            st.caption(_dates(item, state, company, language))
            if state == "open" and (item.role is not Role.OWNER or user.role is Role.OWNER):
                _button(language, "revoke", company, item.invitation_id, _revoke)


def _dates(item: Invitation, state: str, company: Tenant, language: str) -> str:
    at = item.accepted_at or item.revoked_at or item.expires_at
    invited = instant(item.created_at, company.zone, language)
    return translate(language, f"team.dates_{state}", invited=invited, at=instant(at, company.zone, language))


def _button(
    language: str,
    action: str,
    company: Tenant,
    target: str,
    deed: Callable[[str, str], None],
    *,
    is_main: bool = False,
) -> None:
    st.button(
        translate(language, f"team.{action}"),
        key=f"team_{action}_{target}",
        type="primary" if is_main else "secondary",
        on_click=deed,
        args=(company.slug, target),
    )


def _address(email: str) -> str:
    """An e-mail address that Markdown makes no link of."""
    return plain(email).replace("@", "\u2060@\u2060")


def _chosen_rights(key: str) -> tuple[Role, int | None, bool]:
    role = Role(st.session_state[f"team_role_{key}"])
    manager_id = st.session_state.get(f"team_manager_{key}")
    return role, manager_id if role is Role.VIEWER else None, bool(st.session_state.get(f"team_texts_{key}_{role}"))


def _invite(tenant: str) -> None:
    def deed(place: Installation, user: SessionUser) -> None:
        role, manager_id, texts = _chosen_rights("invite")
        email = str(st.session_state["team_invite_email"])
        link = team.invite(place, user, tenant, email, role, manager_id=manager_id, can_read_texts=texts)
        st.session_state[LINK] = (tenant, "invite", link)
        st.session_state["team_invite_email"] = ""

    carry_out(AREA, deed)


def _put_link_away() -> None:
    st.session_state.pop(LINK, None)


def _revoke(tenant: str, invitation_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        team.revoke(place, user, tenant, invitation_id)
        return "team.revoked"

    carry_out(AREA, deed)


def _edit(_tenant: str, user_id: str) -> None:
    st.session_state[EDITED] = user_id


def _stop_editing(_tenant: str, _user_id: str) -> None:
    st.session_state.pop(EDITED, None)


def _save(tenant: str, user_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        role, manager_id, texts = _chosen_rights(user_id)
        team.change(place, user, tenant, user_id, role, manager_id=manager_id, can_read_texts=texts)
        st.session_state.pop(EDITED, None)
        return "team.saved"

    carry_out(AREA, deed)


def _remove(tenant: str, user_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        team.remove(place, user, tenant, user_id)
        st.session_state.pop(EDITED, None)
        return "team.removed"

    carry_out(AREA, deed)


def _reset_link(tenant: str, user_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> None:
        st.session_state[LINK] = (tenant, "reset", team.reset_link(place, user, tenant, user_id))

    carry_out(AREA, deed)


def _reset_factor(tenant: str, user_id: str) -> None:
    def deed(place: Installation, user: SessionUser) -> str:
        team.reset_factor(place, user, tenant, user_id)
        return "team.factor_reset"

    carry_out(AREA, deed)
