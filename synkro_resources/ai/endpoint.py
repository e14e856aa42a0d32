"""Where a tenant's model answers and how it is asked: one description for loads, words, checks and lists of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from synkro_resources.ai.profiles import Profile, PublicSettings, profile_of
from synkro_resources.ai.rungs import Rung, format_fields, schema_in_words
from synkro_resources.http.jsonvalues import JsonObject


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model of one provider. `rung`: the way of asking for JSON with which to begin; `inside`: the name that an
    operator allowed to lead into our own network."""

    base_url: str
    api_key: SecretStr
    model: str
    profile: Profile
    project: str | None = None
    rung: Rung = Rung.SCHEMA
    inside: str = ""

    @classmethod
    def of(cls, public: PublicSettings, api_key: SecretStr, rung: Rung = Rung.SCHEMA) -> Endpoint:
        """As the settings of a tenant's connection describe it."""
        base_url, model = str(public.get("base_url", "")).strip(), str(public.get("model", "")).strip()
        project = str(public.get("project", "")).strip() or None
        return cls(
            base_url, api_key, model, profile_of(base_url, model, public), project, rung, str(public.get("inside", ""))
        )

    @property
    def key(self) -> str:
        """The key as it is sent; servers that ask for none want some word all the same."""
        return self.api_key.get_secret_value().strip() or "none"

    @property
    def headers(self) -> Mapping[str, str]:
        return self.profile.headers

    def body(
        self, rung: Rung, *, name: str, schema: JsonObject, system: str, user: str, max_output: int
    ) -> dict[str, object]:
        """A request for one answer by this way of asking; it tells the schema where it cannot carry it."""
        told = system if rung.tells_schema else f"{system}\n\n{schema_in_words(schema)}"
        return {
            "model": self.model,
            "messages": [{"role": "system", "content": told}, {"role": "user", "content": user}],
            **format_fields(rung, name, schema),
            **self.profile.limits(max_output),
        }
