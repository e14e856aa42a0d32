"""What can be switched at the invented vendors, as cases: every fault once, every fault all the time, every oddity.

What the tests of the readers know about the switches is taken from them, so that a new switch appears here by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from synkro_resources.sandbox.amocrm.switches import Fault as AmocrmFault
from synkro_resources.sandbox.credentials import AI_MODEL
from synkro_resources.sandbox.openai.switches import LIE_KINDS
from synkro_resources.sandbox.openai.switches import Fault as OpenaiFault
from synkro_resources.sandbox.radist.switches import Fault as RadistFault
from synkro_resources.sandbox.supabase.switches import Fault as SupabaseFault
from synkro_resources.sandbox.supabase.switches import RowRefusal
from synkro_resources.sandbox.telegram.switches import ChatTrouble
from synkro_resources.sandbox.telegram.switches import Fault as TelegramFault
from tests.assets.test_every_amocrm_fault import EXACT as AMOCRM_EXACT
from tests.assets.test_every_amocrm_fault import FEWER as AMOCRM_FEWER
from tests.assets.test_every_amocrm_fault import STOPS as AMOCRM_STOPS
from tests.assets.test_every_radist_fault import EXACT as RADIST_EXACT
from tests.assets.test_every_radist_fault import HIDDEN as RADIST_HIDDEN

FAULTS: Mapping[str, Sequence[str]] = {
    "amocrm": get_args(AmocrmFault),
    "radist": get_args(RadistFault),
    "supabase": get_args(SupabaseFault),
    "openai": get_args(OpenaiFault),
    "telegram": get_args(TelegramFault),
}
PLACES: Mapping[str, Sequence[str]] = {
    "amocrm": ("/leads", "/contacts", "/companies", "/events", "/users", "/pipelines"),
    "radist": ("/messaging/messages/", "/with_contacts/"),
    "supabase": ("POST", "GET"),
    "openai": ("/chat/completions",),
    "telegram": ("sendMessage",),
}
"""Where a fault that happens once strikes: the steps of a daily run take turns."""

ODDITIES: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "amocrm": {**AMOCRM_EXACT, **AMOCRM_FEWER, **{name: values for name, (values, _) in AMOCRM_STOPS.items()}},
    "radist": {**RADIST_EXACT, **RADIST_HIDDEN},
    "supabase": {
        "paused": {"paused": True},
        "over_quota": {"over_quota": True},
        "revoked": {"revoked": True},
        "revoked_after": {"revoked_after": 10},
        "expired": {"expired": True},
        "newer_codes": {"newer_codes": True, "missing_tables": ["synkro_episode"]},
        "schema_hidden": {"schema_hidden": True},
        "missing_tables": {"missing_tables": ["synkro_deal"]},
        "missing_columns": {"missing_columns": {"synkro_deal": ["price"]}},
        "stale_tables": {"stale_tables": ["synkro_deal"]},
        "stale_writes": {"stale_writes": 3},
        "no_unique_on": {"no_unique_on": ["synkro_deal"]},
        "max_body_bytes": {"max_body_bytes": 20_000},
        "timeout_above_rows": {"timeout_above_rows": 50},
        "max_rows": {"max_rows": 20},
        "latency_s": {"latency_s": 0.02},
        **{f"poison {code}": {"poison": "won", "poison_code": code} for code in get_args(RowRefusal)},
    },
    "openai": {
        "region_refused": {"region_refused": True},
        "quota_spent": {"quota_spent": True},
        "gone_models": {"gone_models": [AI_MODEL]},
        "schema_refused": {"schema_refused": True},
        "schema_ignored": {"schema_ignored": True},
        "limits_refused": {"limits_refused": True},
        "json_object_refused": {"json_object_refused": True, "schema_refused": True},
        "should_retry": {"always": "500", "fault_every": 3, "should_retry": "false"},
        "limit_headers": {"limit_headers": "minus"},
        "lies_share": {"lies_share": 0.5},
        **{f"lie {kind}": {"lies_share": 1.0, "lie_kinds": [kind]} for kind in LIE_KINDS},
        "obeys_injection": {"obeys_injection": True},
    },
    "telegram": {
        "rate_limit": {"rate_limit": True},
        "latency_s": {"latency_s": 0.2},
        "token_revoked": {"token_revoked": True},
        **{f"chat {trouble}": {"chat_trouble": trouble} for trouble in get_args(ChatTrouble)},
    },
}
"""Switches beside the faults; a chat's trouble gets the tenant's own chat when it is set."""

ALL_THE_TIME = "всё время"
"""How a case is called whose fault does not end."""

LATE_BY_NATURE = ("late_s", "events_delay_s")
"""What a vendor shows hours after it happened is there at a later load: nobody has to mend anything."""


@dataclass(frozen=True, slots=True)
class Case:
    """Switches to set while one vendor's part of a daily run goes on."""

    vendor: str
    name: str
    switches: Mapping[str, object]


def cases(vendor: str) -> Iterator[Case]:
    """All cases of one vendor, in the order of its switches."""
    for number, fault in enumerate(FAULTS[vendor]):
        place = PLACES[vendor][number % len(PLACES[vendor])]
        yield Case(vendor, f"{fault}, один раз: {place}", {"faults_on": {place: [fault]}})
        yield Case(vendor, f"{fault}, {ALL_THE_TIME}", {"always": fault})
    for name, values in ODDITIES[vendor].items():
        yield Case(vendor, name, values)


def wanted(words: Sequence[str], name: str) -> bool:
    """Whether a case is among those that were asked for: all, or those whose name holds one of the words."""
    return not words or any(word in name for word in words)
