"""What makes an answer the same answer: content and versions, nothing else (docs/analysis.md, «Keys»)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Versions:
    """Everything beside the text that may change an answer. `prompt` carries the variant and the taxonomy."""

    masker: str
    model: str
    params: str
    prompt: str
    rubric: str
    schema: str

    @property
    def stored(self) -> dict[str, str]:
        """As an analysis names them."""
        return {
            "masker": self.masker,
            "model": self.model,
            "params": self.params,
            "prompt": self.prompt,
            "rubric": self.rubric,
            "schema": self.schema,
        }

    def key_of(self, content_hash: str) -> str:
        """The analysis key: equal keys share one stored answer, also across days and rebuilt partitions."""
        named = {
            "content_hash": content_hash,
            "masker_version": self.masker,
            "model": self.model,
            "params": self.params,
            "prompt_version": self.prompt,
            "rubric_version": self.rubric,
            "schema_version": self.schema,
        }
        canonical = json.dumps(named, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def copy_key(analysis_key: str, episode_key: str) -> str:
    """Where an episode keeps its own answer if the contract's key is that of another one with the same words."""
    return hashlib.sha256(f"{analysis_key}|{episode_key}".encode()).hexdigest()
