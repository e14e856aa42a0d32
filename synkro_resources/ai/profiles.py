"""What each provider takes: the names and headers in which they differ though all speak the same interface.

Known only from their documents (docs/vendors.md, «AI»); what is unsure can be switched by the integration's settings
`token_limit_field`, `temperature`, `project` and `concurrency`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

PublicSettings = Mapping[str, str | int | bool]

OPENAI = "openai"
_THINKING = re.compile(r"^(?:o\d|gpt-(?:[5-9]|\d\d))")
"""Models of OpenAI that think first: they refuse a temperature."""


@dataclass(frozen=True, slots=True)
class Profile:
    """`most_at_once`: calls that may run side by side; `extra`: fields that every request carries."""

    name: str
    token_limit_field: str = "max_tokens"  # noqa: S105  # the field's name
    temperature: float | None = 0.0
    most_at_once: int = 20
    extra: Mapping[str, object] = field(default_factory=dict[str, object])

    def limits(self, max_output: int) -> dict[str, object]:
        fields: dict[str, object] = {self.token_limit_field: max_output, **self.extra}
        return fields if self.temperature is None else fields | {"temperature": self.temperature}

    @property
    def params(self) -> str:
        """What of it may change an answer, as it enters the key of a stored one."""
        return "" if self.temperature is None else f"temperature={self.temperature:g}"


_BY_HOST: Mapping[str, Profile] = {
    "api.openai.com": Profile(OPENAI, "max_completion_tokens"),
    "ai.api.cloud.yandex.net": Profile("yandex", most_at_once=2),
    "llm.api.cloud.yandex.net": Profile("yandex", most_at_once=2),
    # Without it a route that knows no schema drops the field in silence.
    "openrouter.ai": Profile("openrouter", extra={"provider": {"require_parameters": True}}),
}
COMPATIBLE = Profile("compatible")


def profile_of(base_url: str, model: str, public: PublicSettings) -> Profile:
    """The provider's profile by its address, with what the tenant's settings say differently."""
    known = _BY_HOST.get(httpx.URL(base_url).host, COMPATIBLE)
    thinks = known.name == OPENAI and _THINKING.match(model) is not None
    temperature = None if thinks else known.temperature
    said = str(public.get("temperature", "")).strip().lower()
    if said:
        temperature = None if said == "none" else float(said)
    most = int(public.get("concurrency", 0) or known.most_at_once)
    limit_field = str(public.get("token_limit_field", "")).strip() or known.token_limit_field
    return Profile(known.name, limit_field, temperature, max(1, most), known.extra)
