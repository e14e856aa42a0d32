"""What people say about findings: verdicts with their reasons, and disputes with their states."""

from __future__ import annotations

from enum import StrEnum

from synkro_resources.model.ids import Role

LEADS = frozenset({Role.OWNER, Role.ANALYST})
"""Who decides disputes, and whose verdict changes figures."""


class Verdict(StrEnum):
    """What a person thinks of a finding."""

    RIGHT = "верно"
    WRONG = "неверно"
    DOUBTFUL = "спорно"


class Reason(StrEnum):
    """Why a finding is not simply right."""

    NONE = ""
    QUOTE = "цитата_не_о_том"
    NOT_APPLICABLE = "не_применимо"
    AUTHOR = "не_тот_автор"
    CONTEXT = "контекст"
    UNCLEAR_RULE = "правило_неясно"
    OTHER = "другое"


class Channel(StrEnum):
    """Where a verdict was given."""

    CABINET = "cabinet"
    MESSENGER = "messenger"


class Sampling(StrEnum):
    """How a person came to a finding: only a random draw says anything about all of them."""

    RANDOM = "random"
    LOW_CONFIDENCE = "low_confidence"
    VOLUNTARY = "voluntary"


class DisputeState(StrEnum):
    """Open, accepted (the finding is wrong), rejected, withdrawn."""

    OPEN = "открыт"
    ACCEPTED = "принят"
    REJECTED = "отклонён"
    WITHDRAWN = "снят"
