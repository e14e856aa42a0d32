"""amoCRM's OAuth as a credential of the HTTP client: read, renewed and kept so that the pair is never lost.

Every refresh token works once, and a lost pair needs a person's consent. Therefore: the integration's row is locked
while a pair is exchanged, it is read again under the lock, and a new pair is committed before it is used.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

from synkro_resources.amocrm.exchange import (
    CHECK_ADDRESS,
    PATH,
    ConsentLost,
    OauthClient,
    TokenExchange,
    consent_lost,
)
from synkro_resources.amocrm.rules import VENDOR
from synkro_resources.amocrm.tokens import OAUTH, TokenPair, fingerprint, instant_of
from synkro_resources.control.database import Database, unavailable
from synkro_resources.control.integrations import get_integration, mark_broken, read_secrets
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.sealed_fields import HeldSecrets, locked_secrets
from synkro_resources.http import CircuitBreaker, Limiter
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError, TransientError
from synkro_resources.model.ids import IntegrationKind

logger = logging.getLogger(__name__)

KIND = IntegrationKind.AMOCRM
RENEW_BEFORE = timedelta(minutes=10)
"""A page and its retries end within it: no token expires between the check and the vendor's clock."""

SAVE_AGAIN_AFTER_S = (0.2, 2.0, 5.0, 10.0)
"""Pauses in seconds: long enough for a restart of the database."""

BLOCKED = "amocrm.blocked"
LOST = "lost_refresh"
"""Public setting: the fingerprint of a refresh token that amoCRM has called revoked. It is not shown to it again."""


@dataclass(frozen=True, slots=True)
class OauthStore:
    """Where the pair of one tenant is kept; everything in it is read anew, never cached."""

    db: Database
    keyring: Keyring
    tenant: str

    def pair(self) -> TokenPair:
        """The stored pair.

        Raises:
            ConsentLost: it is known to be lost.
            IntegrationError: `amocrm.not_consented`.
        """
        integration = get_integration(self.db, self.tenant, KIND)
        secrets = read_secrets(self.db, self.keyring, self.tenant, KIND)
        public = {} if integration is None else integration.public
        return self.checked(secrets, public)

    def checked(self, secrets: Mapping[str, SecretStr], public: Mapping[str, str | int | bool]) -> TokenPair:
        """The pair in these fields, if there is one that is not lost."""
        access, refresh = secrets.get("access_token"), secrets.get("refresh_token")
        if access is None or refresh is None:
            raise not_consented(self.tenant)
        if public.get(LOST) == fingerprint(refresh):
            raise consent_lost(self.tenant)
        times = (instant_of(str(public.get(name, ""))) for name in ("access_expires_at", "refresh_expires_at"))
        return TokenPair(access, refresh, *times)

    def client(self, held: HeldSecrets) -> OauthClient:
        """The integration's own credentials.

        Raises:
            IntegrationError: `amocrm.not_consented`.
        """
        return client_of(held.secrets, held.public, self.tenant)


class OauthAuth:
    """`http.auth.Auth` for one tenant's account; one per client.

    Raises (both methods):
        ConsentLost: `amocrm.consent_lost`; the integration is marked broken.
        IntegrationError, TransientError: see `TokenExchange`; `control.unavailable`.
    """

    def __init__(
        self,
        store: OauthStore,
        exchange: TokenExchange,
        clock: Clock,
        *,
        limiter: Limiter | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._store = store
        self._exchange = exchange
        self._clock = clock
        self._limiter = limiter
        self._breaker = breaker or CircuitBreaker()
        self._pair: TokenPair | None = None
        self._unsaved: tuple[SecretStr, TokenPair] | None = None
        self._given_after_refusal: SecretStr | None = None

    def headers(self) -> Mapping[str, str]:
        """The access token; exchanged first when it lives no longer than ten minutes."""
        if self._pair is None:
            self._pair = self._store.pair()
        if not self._pair.is_fresh(self._clock.now(), RENEW_BEFORE):
            self._pair = self._renewed(self._pair)
        return {"Authorization": f"Bearer {self._pair.access.get_secret_value()}"}

    def refresh(self) -> bool:
        """Another pair after a 401; False if the refused token came from such an exchange: it is not the reason."""
        refused = self._pair
        if refused is None or refused.access == self._given_after_refusal:
            return False
        self._pair = self._renewed(refused)
        self._given_after_refusal = self._pair.access
        return True

    def refusal(self) -> SynkroError | None:
        """After a new pair was refused as well: the address or the consent is wrong, not the token's age."""
        return IntegrationError(
            "amocrm.token_refused",
            Sentence("amoCRM не принимает даже новый токен.", "amoCRM refuses even a new token."),
            CHECK_ADDRESS,
            tenant=self._store.tenant,
            integration=VENDOR,
        )

    def __repr__(self) -> str:
        return f"OauthAuth({self._store.tenant})"

    def _renewed(self, old: TokenPair) -> TokenPair:
        """A newer pair than `old`: another process's if it has stored one, else a new one, committed."""
        self._breaker.check()
        if self._limiter is not None:
            self._limiter.acquire(PATH)
        try:
            # In a thread of its own: an interrupt raises in the main thread only, and must not come between amoCRM's
            # answer and our commit. Leaving the block waits for the thread.
            with ThreadPoolExecutor(1, thread_name_prefix="amocrm-oauth") as worker:
                return worker.submit(self._exchanged, old).result()
        except ConsentLost as error:
            mark_broken(self._store.db, self._store.tenant, KIND, error)
            raise
        except IntegrationError as error:
            if error.code == BLOCKED:
                self._breaker.open(partial(_same, error))
                self._breaker.check()
            raise

    def _exchanged(self, old: TokenPair) -> TokenPair:
        self._save_the_unsaved()
        store, lost, fresh = self._store, None, None
        try:
            with locked_secrets(store.db, store.keyring, store.tenant, KIND) as held:
                stored = store.checked(held.secrets, held.public)
                is_newer = stored.access != old.access
                if is_newer and stored.is_fresh(self._clock.now(), RENEW_BEFORE):
                    return stored
                try:
                    fresh = self._exchange.refresh(store.client(held), stored.refresh)
                except ConsentLost as error:
                    lost = error
                    held.store({}, {LOST: fingerprint(stored.refresh)})
                else:
                    self._unsaved = stored.refresh, fresh
                    held.store(*fields_of(fresh))
        except DBAPIError:  # its chain would hold the statement
            if fresh is None:
                raise unavailable() from None
            self._save_persistently()
        self._unsaved = None
        if lost is not None:
            raise lost
        if fresh is None:
            raise AssertionError("neither a pair nor a refusal")
        return fresh

    def _save_persistently(self) -> None:
        """After a commit that failed: try for a while, because a person would have to replace the pair."""
        for pause_s in SAVE_AGAIN_AFTER_S:
            logger.error("the new tokens of %s are not kept yet", self._store.tenant)
            time.sleep(pause_s)
            with suppress(TransientError):
                self._save_the_unsaved()
                return
        raise unavailable()

    def _save_the_unsaved(self) -> None:
        """Keep a pair whose commit failed, also at a later request: while this process lives, it is not lost."""
        if self._unsaved is None:
            return
        used, fresh = self._unsaved
        try:
            with locked_secrets(self._store.db, self._store.keyring, self._store.tenant, KIND) as held:
                if held.secrets.get("refresh_token") == used:
                    held.store(*fields_of(fresh))
        except DBAPIError:
            raise unavailable() from None
        self._unsaved = None


def fields_of(pair: TokenPair) -> tuple[dict[str, str], dict[str, str | int | bool]]:
    """The secret and the public fields of an integration that a pair is kept in."""
    secrets = {"access_token": pair.access.get_secret_value(), "refresh_token": pair.refresh.get_secret_value()}
    public: dict[str, str | int | bool] = {
        "auth": OAUTH,
        "access_expires_at": _stored(pair.access_expires_at),
        "refresh_expires_at": _stored(pair.refresh_expires_at),
        LOST: "",
    }
    return secrets, public


def client_of(secrets: Mapping[str, SecretStr], public: Mapping[str, str | int | bool], tenant: str) -> OauthClient:
    """The integration as registered at amoCRM.

    Raises:
        IntegrationError: `amocrm.no_client`.
    """
    client_id, client_secret = secrets.get("client_id"), secrets.get("client_secret")
    redirect_uri = str(public.get("redirect_uri", ""))
    if client_id is None or client_secret is None or not redirect_uri:
        raise IntegrationError(
            "amocrm.no_client",
            Sentence(
                "Для подключения amoCRM не хватает ID интеграции, секретного ключа или адреса возврата.",
                "The integration's ID, secret key or redirect address is missing for amoCRM.",
            ),
            Sentence(
                "Создайте интеграцию в amoCRM и сохраните её ID, секретный ключ и адрес возврата в Synkro.",
                "Create an integration in amoCRM and save its ID, secret key and redirect address in Synkro.",
            ),
            tenant=tenant,
            integration=VENDOR,
        )
    return OauthClient(client_id, client_secret, redirect_uri)


def not_consented(tenant: str) -> IntegrationError:
    return IntegrationError(
        "amocrm.not_consented",
        Sentence("amoCRM ещё не разрешила доступ.", "amoCRM has not given access yet."),
        Sentence(
            "Откройте «Настройки» → amoCRM в кабинете и нажмите «Подключить»; ссылку даёт и команда "
            "`synkro integration consent`.",
            "Open Settings → amoCRM in the cabinet and press “Connect”; `synkro integration consent` gives the link "
            "too.",
        ),
        tenant=tenant,
        integration=VENDOR,
    )


def _stored(instant: datetime | None) -> str:
    return "" if instant is None else instant.isoformat()


def _same(error: SynkroError) -> SynkroError:
    return error
