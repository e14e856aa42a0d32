"""The checklist by which dialogs are scored: its items, their weights and which of them are critical."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from synkro_resources.model.errors import DataError, Sentence


@dataclass(frozen=True, slots=True)
class RubricItem:
    """One yes-or-no question about the manager.

    `is_draft`: people do not agree about it well enough yet, so it is shown and weighs nothing.
    """

    code: str
    question: Sentence
    nominal_weight: int
    is_critical: bool = False
    is_draft: bool = False

    @property
    def weight(self) -> int:
        """What the item counts in a score."""
        return 0 if self.is_draft else self.nominal_weight


@dataclass(frozen=True)
class Rubric:
    """One version of the checklist; its nominal weights sum to 100."""

    version: str
    items: tuple[RubricItem, ...]
    by_code: Mapping[str, RubricItem] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_code", {item.code: item for item in self.items})


R1 = Rubric(
    "r1",
    (
        RubricItem(
            "CK01",
            Sentence(
                "Менеджер поздоровался в своём первом сообщении?", "Did the manager greet in their first message?"
            ),
            5,
        ),
        RubricItem(
            "CK02",
            Sentence(
                "Менеджер ответил по существу на первый вопрос клиента?",
                "Did the manager answer the client's first question to the point?",
            ),
            14,
            is_critical=True,
        ),
        RubricItem(
            "CK03",
            Sentence(
                "Менеджер задал вопрос, уточняющий потребность?",
                "Did the manager ask a question that clarifies the need?",
            ),
            12,
        ),
        RubricItem(
            "CK04",
            Sentence(
                "Менеджер назвал цену или вилку, когда о ней спросили?",
                "Did the manager name a price or a range when asked for it?",
            ),
            9,
        ),
        RubricItem(
            "CK05",
            Sentence(
                "Менеджер предложил конкретный вариант под запрос?",
                "Did the manager offer a specific option for the request?",
            ),
            9,
        ),
        RubricItem(
            "CK06",
            Sentence(
                "Менеджер назвал выгоду или отличие, кроме цены?",
                "Did the manager name a benefit or a difference other than price?",
            ),
            6,
        ),
        RubricItem(
            "CK07",
            Sentence(
                "Менеджер ответил на возражение доводом или альтернативой?",
                "Did the manager answer the objection with an argument or an alternative?",
            ),
            12,
        ),
        RubricItem(
            "CK08",
            Sentence("Менеджер назвал срок, когда о нём спросили?", "Did the manager name a term when asked for it?"),
            8,
        ),
        RubricItem(
            "CK09",
            Sentence(
                "Менеджер предложил следующий шаг с действием и временем?",
                "Did the manager propose a next step with an action and a time?",
            ),
            12,
        ),
        RubricItem(
            "CK10",
            Sentence(
                "Все сообщения менеджера вежливы: без грубости, насмешки, давления?",
                "Are all messages of the manager polite: no rudeness, mockery or pressure?",
            ),
            5,
            is_critical=True,
        ),
        RubricItem(
            "CK11",
            Sentence(
                "Менеджер не просил в чате данные карты, код из СМС или фото паспорта?",
                "Did the manager not ask in the chat for card details, a code from an SMS or a passport photo?",
            ),
            3,
            is_critical=True,
        ),
        RubricItem(
            "CK12",
            Sentence(
                "Ни один вопрос клиента не остался без ответа до конца диалога?",
                "Did no question of the client stay without an answer until the end of the dialog?",
            ),
            5,
        ),
    ),
)
RUBRICS: Mapping[str, Rubric] = {R1.version: R1}
"""The product's own versions."""


def unknown_rubric(version: str) -> DataError:
    return DataError(
        "rubric.unknown",
        Sentence(
            f"Диалоги оценены по версии чек-листа «{version}», которой нет.",
            f"Dialogs were scored by version {version!r} of the checklist, which does not exist.",
        ),
        Sentence(
            "Верните эту версию чек-листа или разметьте эти дни заново.",
            "Bring this version of the checklist back, or analyse these days again.",
        ),
    )
