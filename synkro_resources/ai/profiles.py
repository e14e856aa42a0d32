"""What each provider takes: the names, headers and ways of asking in which they differ though all speak one interface.

Known only from their documents (docs/vendors.md, «AI»). The setting `profile` says which one answers at an address of
the company's own; `token_limit_field`, `temperature`, `project` and `concurrency` switch what is unsure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import httpx

from synkro_resources.ai.rungs import LADDER, Rung

PublicSettings = Mapping[str, str | int | bool]

OPENAI, YANDEX, GIGACHAT, OPENROUTER = "openai", "yandex", "gigachat", "openrouter"
VLLM, OLLAMA, COMPATIBLE = "vllm", "ollama", "compatible"
_THINKING = re.compile(r"^(?:o\d|gpt-(?:[5-9]|\d\d))")
"""Models of OpenAI that think first: they refuse a temperature."""
_USUAL = (Rung.SCHEMA, Rung.TOOL, Rung.OBJECT, Rung.TEXT)


@dataclass(frozen=True, slots=True)
class Profile:
    """`most_at_once`: calls that may run side by side; `extra` and `headers`: what every request carries.

    `ladder`: the ways of asking for JSON that make sense here, best first. `needs_project`: refuses requests that name
    none.
    """

    name: str
    token_limit_field: str = "max_tokens"  # noqa: S105  # the field's name
    temperature: float | None = 0.0
    most_at_once: int = 20
    extra: Mapping[str, object] = field(default_factory=dict[str, object])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    ladder: tuple[Rung, ...] = LADDER
    needs_project: bool = False

    def limits(self, max_output: int) -> dict[str, object]:
        fields: dict[str, object] = {self.token_limit_field: max_output, **self.extra}
        return fields if self.temperature is None else fields | {"temperature": self.temperature}

    def below(self, rung: Rung) -> Rung | None:
        """The next way of asking that makes sense here, None on the last one."""
        return next((other for other in self.ladder if other.number > rung.number), None)

    @property
    def params(self) -> str:
        """What of it may change an answer, as it enters the key of a stored one."""
        return "" if self.temperature is None else f"temperature={self.temperature:g}"


PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        # Chat completions are not kept unless somebody asks for it; it is said all the same.
        Profile(OPENAI, "max_completion_tokens", extra={"store": False}, ladder=_USUAL),
        # Its documents know four fields and no tools; every request is logged unless this header forbids it
        # (https://yandex.cloud/en/docs/ai-studio/operations/disable-logging).
        Profile(
            YANDEX,
            most_at_once=2,
            headers={"x-data-logging-enabled": "false"},
            ladder=(Rung.SCHEMA, Rung.BARE, Rung.OBJECT, Rung.TEXT),
            needs_project=True,
        ),
        # Through the proxy gpt2giga alone: GigaChat itself speaks another language. It has no mode without a schema.
        Profile(GIGACHAT, ladder=(Rung.SCHEMA, Rung.FLAT, Rung.TOOL, Rung.TEXT)),
        # Without it a route that knows no schema drops the field in silence.
        Profile(OPENROUTER, extra={"provider": {"require_parameters": True}}, ladder=_USUAL),
        Profile(VLLM, ladder=_USUAL),
        # One machine answers, and a call that waits there eats up its own deadline.
        Profile(OLLAMA, most_at_once=4, ladder=_USUAL),
        Profile(COMPATIBLE),
    )
}

_BY_HOST: Mapping[str, str] = {
    "api.openai.com": OPENAI,
    "ai.api.cloud.yandex.net": YANDEX,
    "llm.api.cloud.yandex.net": YANDEX,
    "openrouter.ai": OPENROUTER,
}


def profile_of(base_url: str, model: str, public: PublicSettings) -> Profile:
    """The provider's profile as the settings name it, else by its address, with what they say differently."""
    named = str(public.get("profile", "")).strip()
    known = PROFILES[named if named in PROFILES else _BY_HOST.get(httpx.URL(base_url).host, COMPATIBLE)]
    thinks = known.name == OPENAI and _THINKING.match(model) is not None
    temperature = None if thinks else known.temperature
    said = str(public.get("temperature", "")).strip().lower()
    if said:
        temperature = None if said == "none" else float(said)
    most = int(public.get("concurrency", 0) or known.most_at_once)
    limit_field = str(public.get("token_limit_field", "")).strip() or known.token_limit_field
    return replace(known, token_limit_field=limit_field, temperature=temperature, most_at_once=max(1, most))
