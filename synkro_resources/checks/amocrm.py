"""The check of amoCRM: address, token, account, rights, and whether deals and events can really be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from synkro_resources.amocrm import AmocrmClient
from synkro_resources.amocrm.client import HOSTS
from synkro_resources.amocrm.tokens import ACCESS_LIFE, ISSUE, OAUTH, WARN_DAYS, claims, token_warning
from synkro_resources.checks.network import RETRY, BoundedTransport
from synkro_resources.checks.parts import Part, broken, ok, warning
from synkro_resources.checks.subject import Subject
from synkro_resources.control.integrations import CheckFinding
from synkro_resources.http import CircuitBreaker
from synkro_resources.http.hosts import is_loopback
from synkro_resources.http.jsonvalues import JsonObject, as_object, as_text, as_whole
from synkro_resources.model.errors import IntegrationError, Sentence

AS_ADMINISTRATOR = Sentence(
    "Выпустите ключ от имени администратора amoCRM.", "Issue the token as an administrator of amoCRM."
)


class AmocrmCheck:
    """Four requests: account, the token's user, one page of deals, one page of events."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._token = subject.secret("token", "access_token")
        self._claims = claims(self._token)
        self._client: AmocrmClient | None = None
        self._account: JsonObject = {}
        self._host = ""

    def parts(self) -> Sequence[Part]:
        reads = ("account",)
        return (
            Part(("address",), Sentence("адрес аккаунта", "the account's address"), self._address),
            Part(("token",), Sentence("ключ доступа", "the access token"), self._token_form, ("address",)),
            Part(("token_life",), Sentence("срок ключа", "the token's life"), self._token_life, ("token",)),
            Part(("account",), Sentence("аккаунт amoCRM", "the amoCRM account"), self._ask_account, ("token",)),
            Part(("subdomain",), Sentence("имя аккаунта", "the account's name"), self._subdomain, reads, "warning"),
            Part(
                ("token_account", "token_scopes"),
                Sentence("сведения в ключе", "the token's claims"),
                self._token_claims,
                reads,
                "warning",
            ),
            Part(("admin",), Sentence("права пользователя", "the user's rights"), self._admin, reads, "warning"),
            Part(("time_zone",), Sentence("часовой пояс", "the time zone"), self._time_zone, reads, "warning"),
            Part(
                ("api_filter", "loss_reasons", "unsorted"),
                Sentence("настройки аккаунта", "the account's settings"),
                self._switches,
                reads,
                "warning",
            ),
            Part(("leads",), Sentence("чтение сделок", "reading deals"), self._leads, reads),
            Part(("events",), Sentence("чтение событий", "reading events"), self._events, reads),
        )

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _address(self) -> Iterable[CheckFinding]:
        url = HOSTS.check(
            self._subject.text("base_url").rstrip("/").removesuffix("/api/v4"),
            tenant=self._subject.tenant,
            allow_sandbox=self._subject.allow_sandbox,
        )
        self._host = url.host.lower()
        yield ok("address", f"Адрес подходит: {self._host}.", f"The address can be used: {self._host}.")

    def _token_form(self) -> Iterable[CheckFinding]:
        """Opens the client, which refuses a token that cannot be one, and says which kind it is."""
        subject, access = self._subject, self._subject.access
        self._client = AmocrmClient(
            subject.text("base_url"),
            access.amocrm_auth() if access.amocrm_auth else self._token,
            tenant=subject.tenant,
            clock=subject.clock,
            allow_sandbox=subject.allow_sandbox,
            retry=RETRY,
            limiter=access.limiter,
            # Never this process's own memory: a block that was lifted meanwhile must not be told as yesterday's news.
            breaker=access.breaker or CircuitBreaker(),
            transport=BoundedTransport(subject.network(), subject.deadline),
        )
        if self._is_oauth:
            yield ok(
                "token",
                "Доступ выдан через OAuth, ключ обновляется сам.",
                "Access was given by OAuth, the token renews itself.",
            )
        elif self._lives_a_day:
            yield warning(
                "token",
                Sentence(
                    "Ключ выпущен на сутки, как в OAuth, и сам не обновится.",
                    "The token was made for one day, as in OAuth, and does not renew itself.",
                ),
                ISSUE,
            )
        elif self._claims is None:
            yield ok("token", "Ключ записан без ошибок.", "The token is well-formed.")
        else:
            yield ok("token", "Это долгосрочный ключ.", "This is a long-lived token.")

    def _token_life(self) -> Iterable[CheckFinding]:
        name, now = "token_life", self._subject.clock.now()
        if self._is_oauth:
            warned = token_warning(self._subject, self._subject.clock)
            if warned is None:
                yield ok(name, "Срок ключа OAuth продлевается сам.", "An OAuth token's life is extended by itself.")
            else:
                yield warning(name, *warned)
            return
        ends = self._claims.expires_at if self._claims else None
        if ends is None and is_loopback(self._host):
            yield ok(name, "Ключ песочницы не кончается.", "A sandbox token does not end.")
            return
        if ends is None:
            yield warning(
                name,
                Sentence("По ключу не видно, когда он кончится.", "The token does not tell when it ends."),
                Sentence(
                    "Посмотрите срок в настройках интеграции amoCRM и запишите его.",
                    "Look its end up in the integration's settings in amoCRM and note it.",
                ),
            )
            return
        days, day = (ends - now).days, ends.date().isoformat()
        left = Sentence(f"Ключ действует до {day}, осталось дней: {days}.", f"The token ends on {day}, in {days} d.")
        if days < 0:
            yield broken(name, Sentence(f"Срок ключа кончился {day}.", f"The token ended on {day}."), ISSUE)
        elif days <= WARN_DAYS:
            yield warning(name, left, ISSUE)
        else:
            yield ok(name, left.ru, left.en)

    def _ask_account(self) -> Iterable[CheckFinding]:
        self._account = self._open.account()
        number, name = self._account.get("id"), self._account.get("name")
        yield ok("account", f"Аккаунт «{name}» (№ {number}) отвечает.", f"The account “{name}” (no. {number}) answers.")

    def _subdomain(self) -> Iterable[CheckFinding]:
        known = as_text(self._account.get("subdomain"))
        used = self._host.partition(".")[0]
        if known is None or is_loopback(self._host) or used == known.lower():
            yield ok("subdomain", "Адрес совпадает с именем аккаунта.", "The address agrees with the account's name.")
            return
        there = f"https://{known}.{self._host.partition('.')[2]}"
        yield warning(
            "subdomain",
            Sentence(
                f"Аккаунт переименован: теперь он «{known}», а в настройках «{used}».",
                f"The account was renamed: it is “{known}” now, the settings say “{used}”.",
            ),
            Sentence(f"Укажите адрес {there}.", f"Give the address {there}."),
        )

    def _token_claims(self) -> Iterable[CheckFinding]:
        """The claims are not verified, so that a contradiction is a reason to look and never a proof."""
        said = self._claims.account_id if self._claims else None
        real = as_whole(self._account.get("id"))
        if said is not None and said != real:
            yield warning(
                "token_account",
                Sentence(
                    f"Ключ выпущен для аккаунта № {said}, а отвечает № {real}.",
                    f"The token was issued for the account no. {said}, but no. {real} answers.",
                ),
                ISSUE,
            )
        else:
            ru, en = (
                ("Ключ не называет свой аккаунт", "The token does not name its account")
                if said is None
                else (
                    "Ключ от этого аккаунта",
                    "The token is this account's",
                )
            )
            yield ok("token_account", f"{ru}.", f"{en}.")
        scopes = self._claims.scopes if self._claims else ()
        if scopes and "crm" not in scopes:
            yield warning(
                "token_scopes",
                Sentence("В ключе нет доступа к данным (crm).", "The token lacks the scope “crm”."),
                Sentence(
                    "В настройках интеграции amoCRM включите доступ к данным аккаунта и выпустите новый ключ.",
                    "Allow access to the account's data in the integration's settings and issue a new token.",
                ),
            )
        else:
            ru, en = (
                ("Доступ к данным аккаунта выдан", "Access to the account's data is given")
                if scopes
                else ("Ключ не называет свои права", "The token does not name its scopes")
            )
            yield ok("token_scopes", f"{ru}.", f"{en}.")

    def _admin(self) -> Iterable[CheckFinding]:
        user_id = as_whole(self._account.get("current_user_id"))
        try:
            user = None if user_id is None else self._open.user(user_id)
        except IntegrationError as error:
            if error.code != "amocrm.forbidden":
                raise
            user = None
        if user is not None and as_object(user.get("rights")).get("is_admin") is True:
            yield ok("admin", "Ключ выдан администратором.", "The token was issued by an administrator.")
            return
        yield warning(
            "admin",
            Sentence(
                "Ключ выдан не администратором: видна только часть сделок, цифры будут неполными.",
                "The token was not issued by an administrator: only a part of the deals is seen, figures will be low.",
            ),
            AS_ADMINISTRATOR,
        )

    def _time_zone(self) -> Iterable[CheckFinding]:
        settings = as_object(as_object(self._account.get("_embedded")).get("datetime_settings"))
        name, zone = as_text(settings.get("timezone")), self._subject.zone
        now = self._subject.clock.now()
        theirs, ours = _offset(name, now) or as_text(settings.get("timezone_offset")), _offset(zone, now)
        if theirs is None or ours is None or theirs == ours:
            yield ok(
                "time_zone",
                f"Часовой пояс аккаунта: {name or theirs or 'не указан'}.",
                f"The account's time zone: {name or theirs or 'not given'}.",
            )
            return
        yield warning(
            "time_zone",
            Sentence(
                f"В amoCRM часовой пояс {name} ({theirs}), в Synkro {zone} ({ours}): дни будут считаться по-разному.",
                f"amoCRM's time zone is {name} ({theirs}), Synkro's is {zone} ({ours}): days are counted differently.",
            ),
            Sentence(
                "Исправьте часовой пояс в настройках кабинета Synkro или в amoCRM.",
                "Correct the time zone in Synkro's settings or in amoCRM.",
            ),
        )

    def _switches(self) -> Iterable[CheckFinding]:
        if self._account.get("is_api_filter_enabled") is False:
            yield warning(
                "api_filter",
                Sentence("В аккаунте выключен фильтр API.", "The account's API filter is off."),
                Sentence(
                    "Напишите в поддержку amoCRM: с ним чтение намного быстрее.",
                    "Ask amoCRM's support to turn it on: reading is much faster with it.",
                ),
            )
        else:
            yield ok("api_filter", "Фильтр API не выключен.", "The API filter is not off.")
        if self._account.get("is_loss_reason_enabled") is False:
            yield warning(
                "loss_reasons",
                Sentence(
                    "Причины отказа выключены: отчёт не скажет, почему теряются сделки.",
                    "Loss reasons are off: the report cannot say why deals are lost.",
                ),
                Sentence("Включите их в настройках воронки amoCRM.", "Turn them on in amoCRM's pipeline settings."),
            )
        else:
            yield ok("loss_reasons", "Причины отказа включены.", "Loss reasons are on.")
        if self._account.get("is_unsorted_on") is False:
            yield warning(
                "unsorted",
                Sentence(
                    "«Неразобранное» выключено: неразобранные обращения не отличить от сделок.",
                    "“Incoming leads” are off: requests that nobody has taken cannot be told from deals.",
                ),
                Sentence(
                    "Включите «Неразобранное» в настройках воронки, если менеджеры разбирают обращения сами.",
                    "Turn them on in the pipeline's settings if managers take requests themselves.",
                ),
            )
        else:
            yield ok("unsorted", "«Неразобранное» включено.", "“Incoming leads” are on.")

    def _leads(self) -> Iterable[CheckFinding]:
        found = _any_row(self._open.window("leads", None, self._subject.clock.now()))
        yield (
            ok("leads", "Сделки читаются.", "Deals can be read.")
            if found
            else ok("leads", "Сделки читаются, но их пока нет.", "Deals can be read, there are none yet.")
        )

    def _events(self) -> Iterable[CheckFinding]:
        found = _any_row(self._open.events(None, self._subject.clock.now(), ()))
        yield (
            ok("events", "События читаются.", "Events can be read.")
            if found
            else ok("events", "События читаются, но их пока нет.", "Events can be read, there are none yet.")
        )

    @property
    def _open(self) -> AmocrmClient:
        if self._client is None:
            raise RuntimeError("the client is opened by the part «token»")
        return self._client

    @property
    def _is_oauth(self) -> bool:
        """By the settings; a token's claims only hint."""
        return self._subject.text("auth") == OAUTH

    @property
    def _lives_a_day(self) -> bool:
        begins = self._claims.issued_at if self._claims else None
        ends = self._claims.expires_at if self._claims else None
        return begins is not None and ends is not None and ends - begins <= ACCESS_LIFE


def _any_row(rows: Iterator[JsonObject]) -> bool:
    """Whether there is a row; reads one page only, because the window has no lower bound that a row could miss."""
    return next(rows, None) is not None


def _offset(zone: str | None, now: datetime) -> str | None:
    """The zone's present distance from UTC, `+05:00`."""
    if not zone:
        return None
    try:
        text = now.astimezone(ZoneInfo(zone)).strftime("%z")
    except (ZoneInfoNotFoundError, ValueError):
        return None
    return f"{text[:3]}:{text[3:5]}"
