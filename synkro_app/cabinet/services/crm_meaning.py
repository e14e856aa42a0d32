"""What the company's own words mean for its numbers: pipelines, loss reasons, repeated texts, authors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pandas as pd

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import company
from synkro_app.cabinet.services.rights import WHO_CONNECTS, require, require_contents, require_state
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import get_tenant
from synkro_resources.lake import Lake
from synkro_resources.model.period import Period
from synkro_resources.model.tables.crm import LOSS_REASON, MANAGER, PIPELINE_STATUS
from synkro_resources.model.tables.dialogs import MESSAGE
from synkro_resources.rules.repeated_text import normalized_text

READ_DAYS = 14
"""Local days up to yesterday that texts and authors are looked for in."""
REPEATED_IN_DIALOGS = 10
"""A text that went to fewer dialogs may be about one person, and is not shown."""
SHOWN_TEXTS = 40
AuthorKind = Literal["bot", "broadcast", "manager"]


@dataclass(frozen=True, slots=True)
class CrmWords:
    """Names by id."""

    pipelines: dict[int, str]
    reasons: dict[int, str]
    managers: dict[int, str]


@dataclass(frozen=True, slots=True)
class RepeatedText:
    """A text that many dialogs got. `kind`: what it counts as at present; `is_decided`: by the company's own word."""

    text: str
    kind: str
    sendings: int
    dialogs: int
    is_decided: bool


@dataclass(frozen=True, slots=True)
class Author:
    """Who Radist says has written. `manager_id`: the amoCRM user whom the company named."""

    ref: str
    messages: int
    manager_id: int | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """`texts`: went to at least ten dialogs, or were decided before. Both with the most frequent first."""

    texts: list[RepeatedText]
    authors: list[Author]


def crm_words(place: Installation, user: SessionUser, tenant: str) -> CrmWords:
    """What amoCRM calls its pipelines, reasons and people; all empty before the first load.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    lake = Lake(place.settings.lake_root)
    rows = lake.read_current(PIPELINE_STATUS, tenant, columns=["pipeline_id", "pipeline_name"]).to_pylist()
    pipelines = {int(row["pipeline_id"]): str(row["pipeline_name"] or row["pipeline_id"]) for row in rows}
    reasons = lake.read_current(LOSS_REASON, tenant, columns=["loss_reason_id", "name"]).to_pylist()
    managers = lake.read_current(MANAGER, tenant, columns=["manager_id", "name"]).to_pylist()
    return CrmWords(
        pipelines,
        {int(row["loss_reason_id"]): str(row["name"] or row["loss_reason_id"]) for row in reasons},
        {int(row["manager_id"]): str(row["name"] or row["manager_id"]) for row in managers},
    )


def spoken(place: Installation, user: SessionUser, tenant: str) -> Spoken:
    """What the company's side has written in the last 14 days.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_contents(user, tenant, WHO_CONNECTS)
    settings = company.settings_of(place, user, tenant)
    sent = _sent(place, tenant)
    return Spoken(_repeated(sent, settings.autotext), _authors(sent, settings.author_map))


def save(place: Installation, user: SessionUser, tenant: str, changes: Mapping[str, object]) -> int:
    """Change what the words mean; reports of past days are derived anew when somebody asks for them.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `company.bad_value` or `loss_reason_map.unknown`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    return company.save(place, user, tenant, changes)


def decide_texts(place: Installation, user: SessionUser, tenant: str, kinds: Mapping[str, AuthorKind]) -> int:
    """Say what texts are: a bot's, a broadcast or a manager's own words; others stay as they were decided.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require(user, tenant, WHO_CONNECTS)
    known = {normalized_text(text): kind for text, kind in company.settings_of(place, user, tenant).autotext.items()}
    given = {normalized_text(text): kind for text, kind in kinds.items()}
    return company.save(place, user, tenant, {"autotext": {**known, **given}})


def differing(shown: Iterable[RepeatedText], chosen: Mapping[str, AuthorKind]) -> dict[str, AuthorKind]:
    """What has to be decided of what somebody chose: other kinds than shown; detection goes on about the rest."""
    return {item.text: chosen[item.text] for item in shown if chosen.get(item.text, item.kind) != item.kind}


def _repeated(sent: pd.DataFrame, autotext: Mapping[str, str]) -> list[RepeatedText]:
    decided = {normalized_text(text): kind for text, kind in autotext.items()}
    with_text = sent[sent["text"].notna()]
    norms = with_text["text"].map(normalized_text)
    found: list[RepeatedText] = []
    for norm, group in with_text[norms != ""].groupby(norms[norms != ""]):
        text, dialogs = str(norm), int(group["dialog_id"].nunique())
        if dialogs >= REPEATED_IN_DIALOGS or text in decided:
            kind = decided.get(text, str(group["author_kind"].mode().iloc[0]))
            shown = str(group["text"].iloc[-1])
            found.append(RepeatedText(shown, kind, len(group), dialogs, is_decided=text in decided))
    known = {normalized_text(item.text) for item in found}
    found += [RepeatedText(text, kind, 0, 0, is_decided=True) for text, kind in decided.items() if text not in known]
    return sorted(found, key=lambda item: (-item.sendings, item.text))[:SHOWN_TEXTS]


def _authors(sent: pd.DataFrame, named: Mapping[str, int]) -> list[Author]:
    counts = {str(ref): int(count) for ref, count in sent["author_ref"].dropna().value_counts().items()}
    refs = [*counts, *(ref for ref in named if ref not in counts)]
    return [Author(ref, counts.get(ref, 0), named.get(ref)) for ref in refs]


def _sent(place: Installation, tenant: str) -> pd.DataFrame:
    zone = ZoneInfo(get_tenant(place.control, tenant).zone)
    yesterday = place.clock.now().astimezone(zone).date() - timedelta(days=1)
    days = Period.custom(yesterday - timedelta(days=READ_DAYS - 1), yesterday).days
    columns = ["dialog_id", "direction", "author_kind", "author_ref", "text", "sent_at"]
    rows = Lake(place.settings.lake_root).read_days(MESSAGE, tenant, days, columns=columns, missing_ok=True).to_pandas()
    return rows[rows["direction"] == "outbound"].sort_values("sent_at", kind="stable").copy()
