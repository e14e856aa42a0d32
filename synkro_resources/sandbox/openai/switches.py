"""What can go wrong at a model provider on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

Fault = Literal[
    "401",
    "403_region",
    "429",
    "429_no_retry_after",
    "429_ms",
    "insufficient_quota",
    "500",
    "502_html",
    "503",
    "slow",
    "silent",
    "reset",
    "disconnect",
    "reset_body",
    "cut",
    "refusal",
    "length",
    "content_filter",
    "unknown_finish",
    "fenced",
    "prose",
    "not_json",
    "empty_content",
    "schema_ignored",
    "schema_refused",
    "usage_missing",
    "details_missing",
    "error_in_200",
    "html_in_200",
]
"""What happens to one completion.

Refused or delayed: up to `disconnect`. A `silent` server accepts and says nothing for `silent_s`; `429_ms` names the
wait in `retry-after-ms`. Made and billed, but torn on the way: `reset_body`, `cut`. All others spoil the answer.
"""

ProviderKind = Literal["openai", "yandex", "gigachat", "openrouter", "vllm", "ollama", "ollama_cloud"]
"""`gigachat` is the proxy gpt2giga before it."""

LieKind = Literal[
    "wrong_quote", "wrong_author", "wrong_number", "invented_id", "cut_word", "bad_combination", "duplicate", "missing"
]
"""What is wrong with one finding of a dialog's analysis.

Of its evidence: a letter of the quote, whose words they are, a number that the quote does not hold, a message that does
not exist, a quote that begins or ends inside a word. Of the finding: a code or value that its type does not have, a
second time the same, a mandatory one left out.
"""
LIE_KINDS: tuple[LieKind, ...] = get_args(LieKind)


@dataclass(slots=True)
class OpenaiSwitches:
    """Everything off by default."""

    # ---- faults ----
    faults: list[Fault] = field(default_factory=list[Fault])
    """Consumed from the front, one per completion."""
    faults_on: dict[str, list[Fault]] = field(default_factory=dict[str, list[Fault]])
    """As `faults`, for requests whose path or model contains the key (`/responses`, `sandbox-large`, `/models`)."""
    always: Fault | None = None
    """The fault of every completion for which `faults` holds none."""
    fault_every: int = 1
    """The three above hit only every n-th request."""
    retry_after_s: int = 2
    """Seconds named by an injected 429; above 120 the SDK gives up at once."""
    slow_s: float = 10.0
    """Delay of a `slow` completion, seconds."""
    silent_s: float = 60.0
    """How long a `silent` completion is left without a word, seconds."""
    latency_s: float = 0.0
    """Every completion is answered so many seconds later."""
    should_retry: Literal["none", "true", "false"] = "none"
    """The header `x-should-retry` of refusals."""
    limit_headers: Literal["usual", "minus", "none"] = "usual"
    """The `x-ratelimit-…` headers; `minus`: -1 and 0, as seen at Azure."""

    # ---- whose interface ----
    provider: ProviderKind = "openai"
    """Whose peculiarities it shows: which fields, headers, keys and ways of asking for JSON it takes."""
    upstream_without_schema: bool = False
    """OpenRouter's route knows no schema: it is dropped in silence unless `require_parameters` forbids that."""

    # ---- access ----
    region_refused: bool = False
    """403: the provider does not serve this region."""
    quota_spent: bool = False
    """429 `insufficient_quota` for every completion."""
    gone_models: list[str] = field(default_factory=list[str])
    """Models that were switched off: 404 `model_not_found`, and missing from the list."""

    # ---- schemas ----
    schema_refused: bool = False
    """json_schema answers 400."""
    schema_ignored: bool = False
    """json_schema is accepted, and the answer does not follow it."""
    limits_refused: bool = False
    """Refuse minimum, maxItems, pattern and the like, as some providers do."""
    json_object_refused: bool = False
    """Refuse the schema-less JSON mode."""
    dialect: Literal["standard", "bare", "flat"] = "standard"
    """Where a json_schema is read from: wrapped, bare (Yandex) or flat (GigaChat)."""

    # ---- analysis of dialogs ----
    lies_share: float = 0.0
    """Share of findings that are false, 0 to 1; the same request gets the same ones."""
    lie_kinds: list[LieKind] = field(default_factory=list[LieKind])
    """Only these kinds; all if empty. A kind that a finding cannot have falls to another one of them."""
    obeys_injection: bool = False
    """Do what a client's message orders: every item of the checklist is kept, nobody waits for a reply."""

    # ---- money ----
    flex_unavailable: bool = False
    """`service_tier` flex answers 429 «resource unavailable»."""
    tier_served: Literal["default", "flex", "priority", "scale"] | None = None
    """The tier of the answer, whatever was asked for."""
    cache_writes_counted: bool = False
    """Usage names `cache_write_tokens`, which cost more from newer models on."""
