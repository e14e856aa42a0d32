"""The check of Radist: key, company, scopes, and which messengers there are to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import httpx

from synkro_resources.checks.network import RETRY, BoundedTransport
from synkro_resources.checks.parts import AGAIN, Part, broken, ok, refused
from synkro_resources.checks.subject import Subject
from synkro_resources.control.integrations import CheckFinding
from synkro_resources.http import CircuitBreaker, HeaderSecret, RetryPolicy, VendorClient, account_key, process_limiter
from synkro_resources.http.jsonvalues import JsonObject, as_text, as_whole
from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError, TransientError
from synkro_resources.radist import RadistClient
from synkro_resources.radist.channels import channel_of, is_messenger
from synkro_resources.radist.client import HOSTS, company_limits
from synkro_resources.radist.rules import RADIST_RULES, VENDOR

TWINS = {"api.radist.online": "api-ru.radist.online", "api-ru.radist.online": "api.radist.online"}
"""The two hosts that serve the same API; from Russia, or from abroad, one of them may not be reachable."""

NEW_KEY = Sentence(
    "Создайте в Radist ключ с правами «messaging», «connections» и «webhooks» и сохраните его в Synkro.",
    "Create a key with the scopes “messaging”, “connections” and “webhooks” in Radist and save it in Synkro.",
)
CHOOSE_COMPANY = Sentence(
    "Укажите номер компании в настройках Radist.",
    "Give the company's number in the settings of Radist.",
)
NAMES_SHOWN = 10
"""Companies named in one sentence; an agency's key may see hundreds."""


class RadistCheck:
    """Five requests: who the key is, its companies, channels, connections, webhooks."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._key = subject.secret("api_key")
        self._base = ""
        self._clients: list[RadistClient] = []
        self._company_id = 0
        self._sources: list[JsonObject] = []

    def parts(self) -> Sequence[Part]:
        company = ("company",)
        return (
            Part(("address",), Sentence("адрес Radist", "Radist's address"), self._address),
            Part(("host", "key"), Sentence("ключ Radist", "the Radist key"), self._who, ("address",)),
            Part(("company",), Sentence("компания Radist", "the Radist company"), self._company, ("host", "key")),
            Part(
                ("scope_messaging",), Sentence("право «messaging»", "the scope “messaging”"), self._messaging, company
            ),
            Part(("channels",), Sentence("каналы", "the channels"), self._channels, ("scope_messaging",)),
            Part(
                ("scope_connections",),
                Sentence("право «connections»", "the scope “connections”"),
                self._connections,
                company,
                "warning",
            ),
            Part(
                ("scope_webhooks",),
                Sentence("право «webhooks»", "the scope “webhooks”"),
                self._webhooks,
                company,
                "warning",
            ),
        )

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def _address(self) -> Iterable[CheckFinding]:
        url = HOSTS.check(
            self._subject.text("base_url"), tenant=self._subject.tenant, allow_sandbox=self._subject.allow_sandbox
        )
        self._base = str(url)
        yield ok("address", f"Адрес подходит: {url.host}.", f"The address can be used: {url.host}.")

    def _who(self) -> Iterable[CheckFinding]:
        host = httpx.URL(self._base).host
        try:
            self._client(self._base, 0).me()
        except TransientError as error:
            yield self._unreachable(host, error) if error.code == "radist.unreachable" else refused("host", error)
            return
        except SynkroError as error:
            if error.code != "radist.bad_token":
                yield ok("host", f"{host} отвечает.", f"{host} answers.")
            yield refused("key", error)
            return
        yield ok("host", f"{host} отвечает.", f"{host} answers.")
        yield ok("key", "Ключ действует.", "The key is valid.")

    def _unreachable(self, host: str, error: SynkroError) -> CheckFinding:
        """Whether the other of the two hosts would answer; any answer counts, also a refusal."""
        twin = TWINS.get(host)
        if twin is None:
            return refused("host", error)
        try:
            self._client(self._base.replace(host, twin), 0, RetryPolicy(tries=1)).me()
        except TransientError as other:
            if other.code == "radist.unreachable":
                what = Sentence(f"Не отвечает ни {host}, ни {twin}.", f"Neither {host} nor {twin} answers.")
                return CheckFinding("host", "broken", what, AGAIN, error.code)
        except IntegrationError:
            pass  # it refuses the key, so it answers
        what = Sentence(f"{host} не отвечает, а {twin} отвечает.", f"{host} does not answer, {twin} does.")
        remedy = Sentence(f"Укажите адрес https://{twin}/v2.", f"Give the address https://{twin}/v2.")
        return CheckFinding("host", "broken", what, remedy, error.code)

    def _company(self) -> Iterable[CheckFinding]:
        given = self._subject.text("company_id") or "0"
        if not given.isdecimal():
            yield broken(
                "company", Sentence("Номер компании не число.", "The company id is no number."), CHOOSE_COMPANY
            )
            return
        self._company_id = int(given)
        try:
            rows = self._clients[0].companies()
        except IntegrationError as error:
            if not self._company_id or error.code not in ("radist.forbidden", "radist.not_found"):
                raise
            what = Sentence(
                f"Список компаний ключу не виден; читается № {self._company_id} из настроек.",
                f"The key may not list companies; no. {self._company_id} of the settings is read.",
            )
            yield CheckFinding("company", "warning", what, NEW_KEY, error.code)
            return
        companies = {
            number: as_text(row.get("name")) or "?" for row in rows if (number := as_whole(row.get("id"))) is not None
        }
        seen = _listed(companies)
        if not companies:
            yield broken("company", Sentence("Ключ не видит ни одной компании.", "The key sees no company."), NEW_KEY)
        elif self._company_id in companies or (not self._company_id and len(companies) == 1):
            self._company_id = self._company_id or next(iter(companies))
            name = companies[self._company_id]
            yield ok(
                "company",
                f"Читается компания «{name}» (№ {self._company_id}).",
                f"The company “{name}” (no. {self._company_id}) is read.",
            )
        elif not self._company_id:
            what = Sentence(
                f"Ключ видит несколько компаний, нужно выбрать: {seen}.",
                f"The key sees several companies, choose one: {seen}.",
            )
            yield CheckFinding("company", "broken", what, CHOOSE_COMPANY, "radist.company_not_chosen")
        else:
            what = Sentence(
                f"Ключ не видит компанию № {self._company_id}, он видит: {seen}.",
                f"The key does not see the company no. {self._company_id}, it sees: {seen}.",
            )
            yield CheckFinding("company", "broken", what, CHOOSE_COMPANY, "radist.not_found")

    def _messaging(self) -> Iterable[CheckFinding]:
        self._sources = self._client(self._base, self._company_id).sources()
        yield ok("scope_messaging", "Чтение переписки разрешено.", "Reading conversations is allowed.")

    def _channels(self) -> Iterable[CheckFinding]:
        """By messenger; CRMs and banks are connections, too, and nobody writes through them."""
        types = [as_text(row.get("type")) or "" for row in self._sources]
        counts = Counter(channel_of(kind) for kind in types if is_messenger(kind))
        others = sorted({kind or "?" for kind in types if not is_messenger(kind)})
        if not counts:
            yield broken(
                "channels",
                Sentence("В компании Radist нет ни одного мессенджера.", "The Radist company has no messenger."),
                Sentence("Подключите мессенджер в Radist и оплатите его.", "Connect a messenger in Radist and pay it."),
            )
            return
        listed = ", ".join(f"{channel}: {count}" for channel, count in sorted(counts.items()))
        left_out = f" ({', '.join(others)})" if others else ""
        yield ok(
            "channels",
            f"Мессенджеры: {listed}." + (f" Не считаются{left_out}." if others else ""),
            f"Messengers: {listed}." + (f" Not counted{left_out}." if others else ""),
        )

    def _connections(self) -> Iterable[CheckFinding]:
        try:
            self._client(self._base, self._company_id).connections()
        except IntegrationError as error:
            if error.code != "radist.forbidden":
                raise
            what = Sentence(
                "У ключа нет права «connections»: исчезнувшее подключение не будет замечено.",
                "The key lacks the scope “connections”: a connection that disappears will not be noticed.",
            )
            yield CheckFinding("scope_connections", "warning", what, NEW_KEY, error.code)
        else:
            yield ok("scope_connections", "Список подключений читается.", "Connections can be listed.")

    def _webhooks(self) -> Iterable[CheckFinding]:
        limiter = self._subject.access.limiter or process_limiter(
            account_key(VENDOR, self._base, str(self._company_id)), company_limits()
        )
        base = self._base if self._base.endswith("/v2") else f"{self._base}/v2"
        subject = self._subject
        with VendorClient(
            httpx.URL(base),
            HeaderSecret("X-Api-Key", self._key, vendor=VENDOR, tenant=subject.tenant),
            limiter,
            RETRY,
            RADIST_RULES,
            tenant=subject.tenant,
            transport=self._transport(),
        ) as http:
            try:
                http.get(f"/companies/{self._company_id}/webhooks/")
            except IntegrationError as error:
                if error.code != "radist.forbidden":
                    raise
                what = Sentence(
                    "У ключа нет права «webhooks»: новые сообщения придут только при следующей загрузке.",
                    "The key lacks the scope “webhooks”: new messages arrive with the next load only.",
                )
                yield CheckFinding("scope_webhooks", "warning", what, NEW_KEY, error.code)
                return
        yield ok("scope_webhooks", "Список вебхуков читается.", "Webhooks can be listed.")

    def _client(self, base: str, company_id: int, retry: RetryPolicy = RETRY) -> RadistClient:
        client = RadistClient(
            base,
            self._key,
            company_id,
            tenant=self._subject.tenant,
            allow_sandbox=self._subject.allow_sandbox,
            retry=retry,
            limiter=self._subject.access.limiter,
            breaker=CircuitBreaker(),
            transport=self._transport(),
        )
        self._clients.append(client)
        return client

    def _transport(self) -> httpx.BaseTransport:
        return BoundedTransport(self._subject.network(), self._subject.deadline)


def _listed(companies: dict[int, str]) -> str:
    shown = [f"№ {number} «{name}»" for number, name in list(companies.items())[:NAMES_SHOWN]]
    return ", ".join(shown) + (" …" if len(companies) > NAMES_SHOWN else "")
