"""What pages ask about the checklist: its versions, a new one, trying it, and asking with it from now on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import WHO_CONNECTS, actor_of, require, require_contents
from synkro_resources.control import rubrics
from synkro_resources.control.rubrics import Price, RubricVersion
from synkro_resources.control.run_requests import RunRequest, list_requests
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.rubric import Rubric
from synkro_resources.model.rubric_edit import Fields, fields_of

RECENT_REQUESTS = 20
OF_CHECKLISTS = frozenset({RequestKind.TRIAL, RequestKind.LABELS})


@dataclass(frozen=True, slots=True)
class Checklist:
    """All versions, the newest first. `untried`: what a trial would be about; `request`: the newest one about any."""

    versions: tuple[RubricVersion, ...]
    active: RubricVersion
    untried: RubricVersion | None
    request: RunRequest | None

    def version(self, name: str) -> RubricVersion:
        """The version of this name, the active one where there is none."""
        return next((item for item in self.versions if item.rubric.version == name), self.active)

    @property
    def is_busy(self) -> bool:
        return self.request is not None and self.request.is_open


def checklist(place: Installation, user: SessionUser, tenant: str) -> Checklist:
    """Everything that the page shows.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_contents(user, tenant, WHO_CONNECTS)
    versions = tuple(rubrics.rubric_versions(place.control, tenant))
    active = rubrics.active_rubric(place.control, tenant).version
    recent = list_requests(place.control, tenant, RECENT_REQUESTS, routine=False)
    return Checklist(
        versions,
        next(item for item in versions if item.rubric.version == active),
        next((item for item in versions if item.created_at and item.active_from is None), None),
        next((item for item in recent if item.kind in OF_CHECKLISTS), None),
    )


def changes_of(base: Rubric, given: Mapping[str, Fields]) -> dict[str, dict[str, object]]:
    """What somebody has changed: of every item the fields that differ from `base`."""
    found: dict[str, dict[str, object]] = {}
    for item in base.items:
        known = fields_of(item)
        differing = {name: value for name, value in given.get(item.code, {}).items() if known.get(name) != value}
        if differing:
            found[item.code] = differing
    return found


def save(place: Installation, user: SessionUser, tenant: str, base: str, given: Mapping[str, Fields]) -> Rubric:
    """Store what was written as a new version, which is not asked with yet.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `rubric.unknown_version`, `rubric.bad_value`,
            `rubric.bad_weights` or `rubric.unchanged`.
    """
    require(user, tenant, WHO_CONNECTS)
    changes = changes_of(rubrics.get_rubric(place.control, tenant, base).rubric, given)
    return rubrics.edit_rubric(
        place.control, tenant, changes, actor=actor_of(user, tenant), clock=place.clock, base=base
    )


def price_of_trial(place: Installation, user: SessionUser, tenant: str) -> Price:
    """What trying the newest version takes."""
    require(user, tenant, WHO_CONNECTS)
    return rubrics.price_of_trial(place.control, tenant)


def price_of_history(place: Installation, user: SessionUser, tenant: str) -> Price:
    """What asking about everything again takes."""
    require(user, tenant, WHO_CONNECTS)
    return rubrics.price_of_history(place.control, tenant)


def try_newest(place: Installation, user: SessionUser, tenant: str) -> RunRequest:
    """Ask about at most 30 stored dialogs with the newest version that was never applied; no figure changes.

    Raises:
        RefusedError: `rights.not_found` or a quota's. UserInputError: `rubric.nothing_to_try`, `rubric.no_provider` or
            `rubric.nothing_scored`.
    """
    require(user, tenant, WHO_CONNECTS)
    return rubrics.request_trial(place.control, tenant, requested_by=actor_of(user, tenant), clock=place.clock)


def apply(
    place: Installation, user: SessionUser, tenant: str, version: str, *, with_history: bool
) -> RunRequest | None:
    """Ask with this version from now on; `with_history`: also about what was scored, newest first, as a request.

    Raises:
        RefusedError: `rights.not_found`, `rubric.history_running` or a quota's. UserInputError:
            `rubric.unknown_version`; `rubric.no_provider` after the version has become the active one.
    """
    require(user, tenant, WHO_CONNECTS)
    rubrics.apply_rubric(place.control, tenant, version, actor=actor_of(user, tenant), clock=place.clock)
    if not with_history or rubrics.scored_days(place.control, tenant) is None:
        return None
    return rubrics.request_history(place.control, tenant, requested_by=actor_of(user, tenant), clock=place.clock)
