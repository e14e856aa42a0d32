"""The check of the AI provider: key, model, which structured output it obeys, usage, speed and price."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import httpx
import openai
from openai import OpenAI

from synkro_resources.ai.client import REGION, explain
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.prices import OWN, price_of
from synkro_resources.ai.probe_finding import STRUCTURED_OUTPUT, told
from synkro_resources.ai.probing import Climb, opened, probed
from synkro_resources.ai.profiles import PROFILES
from synkro_resources.ai.retirement import switched_off_on
from synkro_resources.checks.network import CONNECT_S
from synkro_resources.checks.parts import AGAIN, Part, broken, ok, refused, warning
from synkro_resources.checks.subject import Subject
from synkro_resources.control.integrations import CheckFinding
from synkro_resources.http.hosts import is_loopback
from synkro_resources.http.jsonvalues import as_object, as_rows, as_text
from synkro_resources.model.errors import Sentence

ANSWER_S = 15.0
"""Longest wait for one answer of the probe: a model that needs longer for three fields is no use for reports."""

SLOW_MS = 8_000

SETTINGS = Sentence(
    "Проверьте адрес, ключ и модель в настройках ИИ.", "Check the address, the key and the model in the AI settings."
)


class AiCheck:
    """One listing of models and, in the best case, one small completion."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._base_url = subject.text("base_url")
        self._model = subject.text("model")
        self._client: OpenAI | None = None
        self._climb = Climb()

    def parts(self) -> Sequence[Part]:
        return (
            Part(("address",), Sentence("адрес провайдера", "the provider's address"), self._address),
            Part(("key", "model"), Sentence("ключ и модель", "the key and the model"), self._models, ("address",)),
            Part(
                (STRUCTURED_OUTPUT,),
                Sentence("ответ модели", "the model's answer"),
                self._structured,
                ("key",),
            ),
            Part(
                ("usage", "latency"),
                Sentence("сведения об ответе", "facts of the answer"),
                self._answer,
                ("structured_output",),
                "warning",
            ),
            Part(
                ("model_life",), Sentence("срок модели", "the model's life"), self._model_life, ("address",), "warning"
            ),
            Part(("price",), Sentence("цена", "the price"), self._price, ("address",), "warning"),
        )

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _address(self) -> Iterable[CheckFinding]:
        example = Sentence(
            "Укажите адрес вида https://api.openai.com/v1.", "Give an address such as https://api.openai.com/v1."
        )
        try:
            url = httpx.URL(self._base_url)
        except httpx.InvalidURL:
            url = httpx.URL("")
        if url.scheme not in ("https", "http") or not url.host or url.userinfo or url.query:
            yield broken("address", Sentence("Это не адрес провайдера.", "This is no provider's address."), example)
            return
        if not self._model:
            what = Sentence("Модель не выбрана.", "No model is chosen.")
            yield broken("address", what, SETTINGS)
            return
        named = self._subject.text("profile")
        if named and named not in PROFILES:
            what = Sentence(f"Вида провайдера «{named}» нет.", f"There is no kind of provider “{named}”.")
            kinds = ", ".join(PROFILES)
            yield broken("address", what, Sentence(f"Есть такие: {kinds}.", f"There are: {kinds}."))
            return
        if self._endpoint.profile.needs_project and self._endpoint.project is None:
            what = Sentence("Не указан проект (каталог): без него провайдер не ответит.", "No project is given.")
            yield broken("address", what, SETTINGS)
            return
        self._client = opened(self._endpoint)
        if url.scheme == "http" and not is_loopback(url.host):
            yield warning(
                "address",
                Sentence(
                    "Адрес без шифрования: ключ и тексты видны по дороге.",
                    "The address is not encrypted: key and texts can be read on the way.",
                ),
                example,
            )
        else:
            yield ok("address", f"Адрес подходит: {url.host}.", f"The address can be used: {url.host}.")

    def _models(self) -> Iterable[CheckFinding]:
        """Not every provider has a list: without one the model's answer decides."""
        try:
            raw = self._open.models.with_raw_response.list(timeout=self._timeout())
            listed: object = raw.http_response.json()
        except openai.OpenAIError as failure:
            # A key may be restricted to completions; a refused country is refused everywhere.
            listless = isinstance(failure, openai.NotFoundError | openai.PermissionDeniedError)
            if not listless or _code(failure) == REGION:
                yield refused("key", explain(failure, tenant=self._subject.tenant))
                return
            listed = None
        except ValueError:  # a page instead of JSON
            listed = None
        if listed is None:
            yield ok("key", "Провайдер отвечает.", "The provider answers.")
            yield ok("model", "Список моделей не читается.", "There is no list of models to read.")
            return
        yield ok("key", "Ключ принят.", "The key is accepted.")
        known = {as_text(row.get("id")) for row in as_rows(as_object(listed).get("data"))}
        if self._model in known or not known:
            yield ok("model", f"Модель {self._model} есть.", f"The model {self._model} exists.")
        else:
            yield warning(
                "model",
                Sentence(
                    f"Модели {self._model} нет в списке провайдера.", f"The provider does not list {self._model}."
                ),
                Sentence("Если модель не отвечает, выберите другую.", "If it does not answer, choose another one."),
            )

    def _structured(self) -> Iterable[CheckFinding]:
        try:
            self._climb = probed(
                self._open,
                self._endpoint,
                tenant=self._subject.tenant,
                timeout=self._timeout,
                may_go_on=lambda: not self._subject.deadline.is_over,
            )
        except openai.OpenAIError as failure:
            raise explain(
                failure, tenant=self._subject.tenant
            ) from None  # the library's text may hold parts of the key
        if self._climb.unfinished:
            what = Sentence("Модель не успела ответить.", "The model did not answer in time.")
            yield broken(STRUCTURED_OUTPUT, what, AGAIN)
            return
        yield told(self._climb, self._endpoint, self._subject.clock.now().date())

    def _answer(self) -> Iterable[CheckFinding]:
        climb = self._climb
        if climb.tokens_in is None or climb.tokens_out is None:
            yield warning(
                "usage",
                Sentence(
                    "Провайдер не сообщает расход токенов: стоимость будет неизвестна.",
                    "The provider does not report usage: the cost will be unknown.",
                ),
                Sentence("Следите за расходом у провайдера.", "Watch the spending at the provider."),
            )
        else:
            yield ok(
                "usage",
                f"Расход сообщается: {climb.tokens_in} + {climb.tokens_out} токенов.",
                f"Usage is reported: {climb.tokens_in} + {climb.tokens_out} tokens.",
            )
        if climb.latency_ms > SLOW_MS:
            yield warning(
                "latency",
                Sentence(f"Модель отвечает медленно: {climb.latency_ms} мс.", f"It is slow: {climb.latency_ms} ms."),
                Sentence("Выберите модель быстрее.", "Choose a faster model."),
            )
        else:
            yield ok("latency", f"Ответ за {climb.latency_ms} мс.", f"It answers in {climb.latency_ms} ms.")

    def _model_life(self) -> Iterable[CheckFinding]:
        """Makers switch models off with a date; a report that lost its model would lack all labels from then on."""
        day = switched_off_on(self._model, self._endpoint.profile.name)
        if day is None:
            yield ok("model_life", "Об отключении модели не известно.", "No day is known on which it is switched off.")
            return
        is_over = day <= self._subject.clock.now().date()
        yield warning(
            "model_life",
            Sentence(
                f"Модель {self._model} {'отключена' if is_over else 'отключают'} {day:%d.%m.%Y}.",
                f"The model {self._model} {'was' if is_over else 'will be'} switched off on {day}.",
            ),
            Sentence(
                "Выберите другую модель заранее: разметка прошлых дней останется.",
                "Choose another model in time; labels of past days stay.",
            ),
        )

    def _price(self) -> Iterable[CheckFinding]:
        remedy = Sentence(
            "Укажите цену за миллион токенов в настройках ИИ.",
            "Give the price per million tokens in the AI settings.",
        )
        try:
            price = price_of(self._model, self._base_url, self._subject.public)
        except ValueError:
            what = Sentence("Цена в настройках не число.", "The price in the settings is no number.")
            yield warning("price", what, remedy)
            return
        if price is None:
            what = Sentence(
                f"Цена модели {self._model} неизвестна: расход нельзя оценить.",
                f"The price of {self._model} is unknown: the cost cannot be estimated.",
            )
            yield warning("price", what, remedy)
            return
        figures = f"{price.incoming} / {price.outgoing} {price.currency}"
        ru, en = (
            ("из настроек", "from the settings") if price.source == OWN else (f"на {price.as_of}", str(price.as_of))
        )
        yield ok("price", f"Цена за миллион токенов: {figures} ({ru}).", f"Price per million tokens: {figures} ({en}).")

    def _timeout(self) -> openai.Timeout:
        left = max(0.1, min(ANSWER_S, self._subject.deadline.left_s()))
        return openai.Timeout(left, connect=min(CONNECT_S, left))

    @property
    def _endpoint(self) -> Endpoint:
        return Endpoint.of(self._subject.public, self._subject.secret("api_key"))

    @property
    def _open(self) -> OpenAI:
        if self._client is None:
            raise RuntimeError("the client is opened by the part «address»")
        return self._client


def _code(failure: openai.OpenAIError) -> str:
    return str(getattr(failure, "code", None) or "")
