"""Tokens die, rotate and get lost as the vendor's do; a client that survives here keeps its integration."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from synkro_resources.sandbox.amocrm.oauth import OauthClient, Tokens
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from tests.resources.sandbox.amocrm.running import CLIENT, MOUNT, TOKEN, Running


def claims(token: str) -> dict[str, object]:
    head, body, signature = token.split(".")
    assert head
    assert signature
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def consented(amo: Running) -> dict[str, str]:
    return amo.ask_tokens(grant_type="authorization_code", code=amo.tokens.new_code()).json()


def works(amo: Running, token: str) -> bool:
    return amo.get("/account", Authorization=f"Bearer {token}").status_code == 200


def test_the_human_comes_back_with_a_code_that_buys_one_pair(amo: Running) -> None:
    page = amo.http.get(f"{MOUNT}/oauth/?client_id={CLIENT.client_id}&state=s1&mode=popup")
    assert page.status_code == 302
    address = urlsplit(page.headers["location"])
    back = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{address.path}" == CLIENT.redirect_uri
    assert (back["state"], back["client_id"], back["referer"]) == ("s1", CLIENT.client_id, "demo.amocrm.ru")
    pair = amo.ask_tokens(grant_type="authorization_code", code=back["code"]).json()
    assert works(amo, pair["access_token"])
    again = amo.ask_tokens(grant_type="authorization_code", code=back["code"])
    assert (again.status_code, again.json()["hint"]) == (400, "Authorization code has been revoked")


def test_the_human_may_refuse(amo: Running) -> None:
    amo.set(consent_refused=True)
    page = amo.http.get(f"{MOUNT}/oauth/?client_id={CLIENT.client_id}&state=s1")
    assert "code" not in parse_qs(urlsplit(page.headers["location"]).query)
    assert amo.http.get(f"{MOUNT}/oauth/?client_id=stranger").status_code == 400


@pytest.mark.parametrize("status", [400, 401])
def test_a_late_code_is_refused_with_either_status(amo: Running, status: int) -> None:
    amo.set(bad_code_status=status)
    code = amo.tokens.new_code()
    amo.clock.move(timedelta(minutes=20))
    late = amo.ask_tokens(grant_type="authorization_code", code=code)
    assert (late.status_code, late.json()["hint"]) == (status, "Authorization code has expired")


def test_another_redirect_address_buys_nothing_and_costs_nothing(amo: Running) -> None:
    code = amo.tokens.new_code()
    wrong = amo.ask_tokens(grant_type="authorization_code", code=code, redirect_uri="https://elsewhere.example")
    assert (wrong.status_code, wrong.json()["title"]) == (400, "Некорректный запрос")
    pair = amo.ask_tokens(grant_type="authorization_code", code=code).json()
    wrong = amo.ask_tokens(
        grant_type="refresh_token", refresh_token=pair["refresh_token"], redirect_uri="https://elsewhere.example"
    )
    assert wrong.status_code == 400
    assert amo.ask_tokens(grant_type="refresh_token", refresh_token=pair["refresh_token"]).status_code == 200


def test_of_many_refreshes_at_once_exactly_one_gets_a_pair(amo: Running) -> None:
    refresh = consented(amo)["refresh_token"]
    answers: list[int] = []

    def ask() -> None:
        answers.append(amo.ask_tokens(grant_type="refresh_token", refresh_token=refresh).status_code)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {200: 1, 401: 7}
    assert (amo.tokens.refreshes, amo.tokens.refused_refreshes) == (1, 7)


def test_a_pair_whose_answer_was_lost_is_lost(amo: Running) -> None:
    refresh = consented(amo)["refresh_token"]
    amo.set(kill_refresh_after_issue=True)
    with pytest.raises(httpx.RemoteProtocolError):
        amo.ask_tokens(grant_type="refresh_token", refresh_token=refresh)
    amo.set(kill_refresh_after_issue=False)
    again = amo.ask_tokens(grant_type="refresh_token", refresh_token=refresh)
    assert (again.status_code, again.json()["hint"]) == (401, "Token has been revoked")
    assert amo.tokens.refreshes == 1


def test_an_access_token_dies_with_its_day_or_by_switch_and_a_refresh_helps(amo: Running) -> None:
    pair = consented(amo)
    amo.set(access_expired=True)
    assert not works(amo, pair["access_token"])
    assert works(amo, TOKEN), "a long-lived token has no pair"
    pair = amo.ask_tokens(grant_type="refresh_token", refresh_token=pair["refresh_token"]).json()
    assert works(amo, pair["access_token"])
    amo.clock.move(timedelta(hours=24))
    assert not works(amo, pair["access_token"])


def test_after_three_months_only_a_human_helps(amo: Running) -> None:
    refresh = consented(amo)["refresh_token"]
    amo.clock.move(timedelta(days=90))
    assert amo.ask_tokens(grant_type="refresh_token", refresh_token=refresh).status_code == 401


def test_a_removed_integration_has_no_working_token_at_all(amo: Running) -> None:
    pair = consented(amo)
    amo.set(consent_revoked=True)
    assert [works(amo, token) for token in (pair["access_token"], TOKEN, amo.tokens.long_lived(30))] == [False] * 3
    refused = amo.ask_tokens(grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert (refused.status_code, refused.json()["hint"]) == (401, "Token has been revoked")


def test_a_long_lived_token_says_when_it_dies_and_dies_then(amo: Running) -> None:
    token = amo.tokens.long_lived(days=3)
    said = claims(token)
    assert said["exp"] == int((amo.clock.now() + timedelta(days=3)).timestamp())
    assert (said["account_id"], said["api_domain"]) == (amo.account.account["id"], "api-b.amocrm.ru")
    assert works(amo, token)
    assert not works(amo, token[:-2] + ("aa" if token[-2:] != "aa" else "bb"))
    amo.clock.move(timedelta(days=3))
    assert not works(amo, token)
    assert works(amo, TOKEN), "the sandbox's fixed token is for ever"


def test_a_long_lived_token_survives_a_restart_and_opens_no_other_account(amo: Running) -> None:
    header = f"Bearer {amo.tokens.long_lived(30)}"
    account_id = int(amo.account.account["id"])

    def accepts(token: str, account: int) -> bool:
        return Tokens(token, OauthClient(), amo.clock, account, AmocrmSwitches()).accepts(header)

    assert accepts(TOKEN, account_id)
    assert not accepts("another-token", account_id)
    assert not accepts(TOKEN, account_id + 1)


def test_the_claims_of_an_access_token_name_its_integration(amo: Running) -> None:
    amo.set(api_domain="api-c.example")
    said = claims(consented(amo)["access_token"])
    assert (said["aud"], said["api_domain"], said["grant_type"]) == (
        CLIENT.client_id,
        "api-c.example",
        "authorization_code",
    )
