"""One structured call to an OpenAI-compatible provider: explicit address, own deadline, usage kept in every branch.

No type of the provider's library leaves this module, and no environment variable can redirect a key: the address and
the key are always passed (docs/vendors.md, «AI»).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import orjson

from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.profiles import Profile
from synkro_resources.ai.rungs import answer_text, is_about_format
from synkro_resources.http.guarded import guarded_ai_client
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.late_module import LateModule
from synkro_resources.model.errors import IntegrationError, Sentence, SynkroError, TransientError

if TYPE_CHECKING:
    import openai.types.chat
    from openai.types.chat import ChatCompletion
else:
    openai = LateModule("openai")

DEADLINE_S = 60.0
MAX_OUTPUT_TOKENS = 400

REGION = "unsupported_country_region_territory"
OTHER_ADDRESS = Sentence(
    "Ключ исправен. Укажите другой адрес (base_url): провайдера или посредника, который обслуживает вашу страну.",
    "The key is fine. Give another address (base_url): a provider or a gateway that serves your country.",
)


@dataclass(frozen=True, slots=True)
class AiAnswer:
    """What the provider returned. `content` is None when it refused, was cut, or did not answer with an object."""

    content: JsonObject | None
    reason: str
    tokens_in: int | None
    tokens_out: int | None
    request_id: str | None


class AiClient:
    """Calls one model of one provider for one tenant, by the way of asking that it obeys."""

    def __init__(self, endpoint: Endpoint, *, tenant: str) -> None:
        self._tenant = tenant
        self._endpoint = endpoint
        self.rung = endpoint.rung
        self._client = openai.OpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.key,
            project=endpoint.project,
            default_headers=endpoint.headers,
            timeout=DEADLINE_S,
            max_retries=0,
            http_client=guarded_ai_client(inside=endpoint.inside),
        )

    @property
    def model(self) -> str:
        return self._endpoint.model

    @property
    def base_url(self) -> str:
        return self._endpoint.base_url

    @property
    def profile(self) -> Profile:
        return self._endpoint.profile

    def structured(
        self, *, name: str, schema: JsonObject, system: str, user: str, max_output: int = MAX_OUTPUT_TOKENS
    ) -> AiAnswer:
        """One answer that should fit `schema` (strict JSON schema, every field required); check it all the same.

        `max_output`: tokens of the answer at most. A refused way of asking is followed by the next one.

        Raises:
            TransientError: `ai.unreachable`, `ai.rate_limited`.
            IntegrationError: key, payment, region or model need the client.
        """
        answer = self._answer(name, schema, system, user, max_output)
        usage = answer.usage
        choice = answer.choices[0] if answer.choices else None
        content, reason = None, "no_choices"
        if choice is not None:
            reason = "refused" if choice.message.refusal else str(choice.finish_reason)
            content = None if choice.message.refusal else _object(answer_text(answer))
        return AiAnswer(
            content=content,
            reason=reason,
            tokens_in=usage.prompt_tokens if usage else None,
            tokens_out=usage.completion_tokens if usage else None,
            request_id=answer._request_id,  # pyright: ignore[reportPrivateUsage]  # the library documents it as public
        )

    def _answer(self, name: str, schema: JsonObject, system: str, user: str, max_output: int) -> ChatCompletion:
        while True:
            body = self._endpoint.body(
                self.rung, name=name, schema=schema, system=system, user=user, max_output=max_output
            )
            try:
                answer = self._client.post("/chat/completions", cast_to=openai.types.chat.ChatCompletion, body=body)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as failure:
                below = self.profile.below(self.rung)
                if below is None or not is_about_format(failure):
                    raise explain(failure, tenant=self._tenant) from None
                self.rung = below
                continue
            except openai.OpenAIError as failure:
                raise explain(failure, tenant=self._tenant) from None  # the library's text may hold parts of the key
            # A page comes through as a text, in spite of the library's types.
            if not isinstance(cast("object", answer), openai.types.chat.ChatCompletion):
                raise no_model(self._tenant)
            return answer

    def close(self) -> None:
        self._client.close()


def _object(text: str) -> JsonObject | None:
    """The JSON object in the text, with or without fences around it."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        parsed = orjson.loads(text[start : end + 1])
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None


def explain(failure: openai.OpenAIError, *, tenant: str) -> SynkroError:
    """The error that the client reads, from the provider's status and code."""
    if isinstance(failure.__cause__, IntegrationError):  # the address was refused before anything was sent
        refused = failure.__cause__
        return IntegrationError(refused.code, refused.what, refused.remedy, tenant=tenant, integration="ai")
    status = failure.status_code if isinstance(failure, openai.APIStatusError) else None
    code = str(getattr(failure, "code", None) or "")
    if status == 429 and code != "insufficient_quota":
        return TransientError(
            "ai.rate_limited",
            Sentence("Провайдер ИИ просит подождать.", "The AI provider asks us to wait."),
            Sentence("Повторим позже сами.", "We will try again later."),
            tenant=tenant,
            integration="ai",
        )
    if code == "insufficient_quota" or status == 402:
        what = Sentence("На счёте провайдера ИИ нет средств.", "The AI provider's account has no funds.")
        return _ask_client("ai.no_funds", what, tenant)
    if code == REGION:
        # The key is fine: only the address can help.
        return IntegrationError(
            "ai.region",
            Sentence(
                "Провайдер ИИ не обслуживает страну, из которой идут запросы.",
                "The AI provider does not serve the country that the requests come from.",
            ),
            OTHER_ADDRESS,
            tenant=tenant,
            integration="ai",
        )
    if status == 403:
        what = Sentence("Провайдер ИИ отказал: нет прав.", "The AI provider refused: no rights.")
        return _ask_client("ai.forbidden", what, tenant)
    if status == 401:
        return _ask_client(
            "ai.key_refused", Sentence("Провайдер ИИ не принял ключ.", "The AI provider refused the key."), tenant
        )
    if status == 404:
        return _ask_client(
            "ai.model_not_found",
            Sentence("Модель недоступна, выберите другую.", "The model is not available, choose another."),
            tenant,
        )
    if status is not None and 400 <= status < 500 and status not in (408, 409, 425):
        return _ask_client(
            "ai.request_refused",
            Sentence("Провайдер ИИ не принял запрос.", "The AI provider did not accept the request."),
            tenant,
        )
    return TransientError(
        "ai.unreachable",
        Sentence("Провайдер ИИ не отвечает.", "The AI provider does not answer."),
        Sentence("Повторим позже; цифры отчёта от него не зависят.", "We will try later; the figures do not need it."),
        tenant=tenant,
        integration="ai",
    )


def no_model(tenant: str) -> IntegrationError:
    """Something answers that speaks another language: a page, a proxy's notice."""
    return IntegrationError(
        "ai.bad_answer",
        Sentence("По этому адресу отвечает не модель.", "What answers at this address is no model."),
        Sentence("Проверьте адрес в настройках ИИ.", "Check the address in the AI settings."),
        tenant=tenant,
        integration="ai",
    )


def _ask_client(code: str, what: Sentence, tenant: str) -> IntegrationError:
    remedy = Sentence(
        "Проверьте ключ, оплату и модель в настройках ИИ.", "Check the key, payment and model in the AI settings."
    )
    return IntegrationError(code, what, remedy, tenant=tenant, integration="ai")
