"""A client that asks what no documentation allows is noticed, and one that keeps to it is not."""

from __future__ import annotations

import pytest

from tests.resources.sandbox.amocrm.company import MAIN, NOW
from tests.resources.sandbox.amocrm.running import AGENT, MOUNT, Running

CLEAN = [
    "/account?with=datetime_settings,users_groups,task_types,version,is_api_filter_enabled",
    "/users?with=role,group&page=1&limit=250",
    "/users/1",
    "/leads/pipelines",
    "/leads/loss_reasons",
    f"/leads?filter[updated_at][from]={NOW - 10}&filter[updated_at][to]={NOW}&order[updated_at]=asc&limit=250&page=2",
    "/leads?filter%5Bid%5D%5B%5D=100&filter%5Bid%5D%5B%5D=101&limit=250",
    f"/leads?filter[statuses][0][pipeline_id]={MAIN}&filter[statuses][0][status_id]=142&limit=50",
    "/leads?with=contacts,loss_reason,source_id,only_deleted&limit=250",
    "/leads?query=79000000011&limit=50",
    "/leads?filter[custom_fields_values][810002][]=1&filter[price][from]=1&limit=50",
    "/contacts?with=leads,catalog_elements&order[id]=desc&limit=250",
    "/companies/399?with=contacts",
    f"/leads/notes?filter[updated_at]={NOW}&filter[note_type][]=call_in&filter[note_type][]=call_out&limit=250",
    "/tasks?filter[is_completed]=0&order[complete_till]=asc&limit=250",
    f"/events?filter[created_at][from]={NOW - 9}&filter[type]=lead_added,lead_deleted&limit=100&page=1&with=lead_name",
    "/events?filter[value_after][leads_statuses][0][pipeline_id]=1&filter[value_after][leads_statuses][0][status_id]=2",
    "/events/types?language_code=ru",
    "/leads/custom_fields?filter[type][]=select&order[sort]=asc&limit=250&page=1",
    "/leads/tags?filter[name]=vip&limit=250",
    "/leads/links?filter[entity_id][]=100&limit=250&page=1",
    "/contacts/chats?contact_id=200",
    "/leads/unsorted?filter[category][]=sip&order[created_at]=asc&limit=250",
    "/talks/1",
    "/catalogs/1/elements?query=x&limit=250",
]

ODD = [
    ("/leads?limti=250", "undocumented parameter 'limti'"),
    ("/leads?filter[nonsense]=1", "undocumented filter 'nonsense'"),
    ("/leads?with=contacts,notes", "undocumented with value 'notes'"),
    ("/leads?with=", "an empty 'with'"),
    ("/leads?with[]=contacts", "'with' is one list with commas, not an array"),
    ("/leads?with=contacts&with=source", "'with' given 2 times"),
    ("/tasks?with=contacts", "undocumented parameter 'with'"),
    ("/leads?limit=251", "limit 251 > 250"),
    ("/events?limit=250", "limit 250 > 100"),
    ("/leads?limit=many", "limit 'many' is no number from 1"),
    ("/leads?page=2", "page without limit"),
    ("/leads?page=0&limit=50", "page '0' is no number from 1"),
    ("/leads/pipelines?page=1&limit=50", "undocumented parameter 'page'"),
    (f"/leads?filter[updated_at]={NOW}", "scalar filter 'updated_at'"),
    ("/leads?filter[updated_at][since]=1", "bound 'since' of filter 'updated_at'"),
    ("/leads?filter[updated_at][from]=yesterday", "bound 'yesterday' of filter 'updated_at' is no time"),
    ("/leads?filter[statuses][0][status_id]=142", "filter 'statuses' without its pairs of pipeline_id and status_id"),
    ("/leads?filter=1", "'filter' without brackets"),
    ("/contacts?order[created_at]=asc", "undocumented order 'created_at'"),
    ("/leads?order[updated_at]=up", "direction of order 'up'"),
    ("/leads?order[updated_at]=asc&order[id]=asc", "order by 2 fields"),
    ("/events?order[created_at]=asc", "undocumented parameter 'order'"),
    ("/events?filter[created_at][to]=1", "answered 400"),
    ("/leads/", "a slash at the end"),
    ("//leads", "an empty part of the path"),
    ("/talks", "undocumented path"),
    ("/leads/1/contacts", "undocumented path"),
]


def test_everything_documented_leaves_no_trace(amo: Running) -> None:
    for path in CLEAN:
        assert amo.get(path).status_code in (200, 204, 404), path
    assert amo.oddities == []


@pytest.mark.parametrize(("path", "oddity"), ODD)
def test_an_oddity_is_noted_and_served_as_the_vendor_would(amo: Running, path: str, oddity: str) -> None:
    amo.get(path)
    bare = path.partition("?")[0]
    assert f"GET /api/v4{bare}: {oddity}" in amo.oddities


def test_an_address_without_the_version_is_noted(amo: Running) -> None:
    assert amo.http.get(f"{MOUNT}/leads").status_code == 404
    assert amo.oddities == ["GET /leads: not below /api/v4"]


def test_an_attempt_to_write_is_noted(amo: Running) -> None:
    assert amo.http.patch(f"{MOUNT}/api/v4/leads", json=[{"id": 100}]).status_code == 405
    assert amo.oddities == [
        "PATCH /api/v4/leads: an attempt to write",
        "PATCH /api/v4/leads: a body in a request that only reads",
    ]


def test_a_caller_without_a_name_is_noted_once(amo: Running) -> None:
    for _ in range(3):
        amo.get("/account", **{"User-Agent": "python-httpx/0.28.1"})
    assert amo.oddities == ["GET /api/v4/account: User-Agent 'python-httpx/0.28.1' says nothing about the caller"]
    amo.oddities.clear()
    amo.get("/account", **{"User-Agent": AGENT})
    amo.ask_tokens(grant_type="authorization_code", code="x")
    assert amo.oddities == ["POST /oauth2/access_token: answered 400"]
