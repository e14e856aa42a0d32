"""The checklist by which dialogs are scored: its items, their weights and which of them are critical."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from synkro_resources.model.errors import DataError, Sentence


@dataclass(frozen=True, slots=True)
class RubricItem:
    """One yes-or-no question about the manager.

    `is_draft`: people do not agree about it well enough yet, so it is shown and weighs nothing. `applies`, `yes`, `no`:
    when the question makes sense and an example of either answer, in the language of the dialogs, for the model.
    """

    code: str
    question: Sentence
    nominal_weight: int
    is_critical: bool = False
    is_draft: bool = False
    applies: str = ""
    yes: str = ""
    no: str = ""

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
            applies="начало обращения видно",
            yes="«Добрый день! 18 900 ₽»",
            no="«18 900»",
        ),
        RubricItem(
            "CK02",
            Sentence(
                "Менеджер ответил по существу на первый вопрос клиента?",
                "Did the manager answer the client's first question to the point?",
            ),
            14,
            is_critical=True,
            applies="клиент спросил или попросил о конкретном",
            yes="К: «Есть белый?» М: «Да, белый есть, 80 см»",
            no="М: «Здравствуйте, чем помочь?», к вопросу не вернулся",
        ),
        RubricItem(
            "CK03",
            Sentence(
                "Менеджер задал вопрос, уточняющий потребность?",
                "Did the manager ask a question that clarifies the need?",
            ),
            12,
            applies="интерес к покупке, данных для подбора не хватает",
            yes="«Какая ширина проёма?»",
            no="прислал прайс без вопросов",
        ),
        RubricItem(
            "CK04",
            Sentence(
                "Менеджер назвал цену или вилку, когда о ней спросили?",
                "Did the manager name a price or a range when asked for it?",
            ),
            9,
            applies="клиент спросил цену",
            yes="«От 18 900 до 24 500 ₽»",
            no="«Все цены на сайте»",
        ),
        RubricItem(
            "CK05",
            Sentence(
                "Менеджер предложил конкретный вариант под запрос?",
                "Did the manager offer a specific option for the request?",
            ),
            9,
            applies="клиент описал, что нужно",
            yes="«Под проём 80 см подойдёт Лайт 80»",
            no="«У нас большой выбор»",
        ),
        RubricItem(
            "CK06",
            Sentence(
                "Менеджер назвал выгоду или отличие, кроме цены?",
                "Did the manager name a benefit or a difference other than price?",
            ),
            6,
            applies="менеджер сделал предложение",
            yes="«Сборка включена, гарантия 5 лет»",
            no="«18 900» и всё",
        ),
        RubricItem(
            "CK07",
            Sentence(
                "Менеджер ответил на возражение доводом или альтернативой?",
                "Did the manager answer the objection with an argument or an alternative?",
            ),
            12,
            applies="есть подтверждённое возражение",
            yes="К: «Дорого» М: «Без зеркала 15 400 ₽»",
            no="М: «Понятно»",
        ),
        RubricItem(
            "CK08",
            Sentence("Менеджер назвал срок, когда о нём спросили?", "Did the manager name a term when asked for it?"),
            8,
            applies="клиент спросил о сроке",
            yes="«Привезём в четверг»",
            no="«Как получится»",
        ),
        RubricItem(
            "CK09",
            Sentence(
                "Менеджер предложил следующий шаг с действием и временем?",
                "Did the manager propose a next step with an action and a time?",
            ),
            12,
            applies="разговор о покупке, без отказа и без покупки",
            yes="«Созвонимся завтра в 12:00?»",
            no="«Обращайтесь»",
        ),
        RubricItem(
            "CK10",
            Sentence(
                "Все сообщения менеджера вежливы: без грубости, насмешки, давления?",
                "Are all messages of the manager polite: no rudeness, mockery or pressure?",
            ),
            5,
            is_critical=True,
            applies="есть текст менеджера",
            yes="",
            no="«Вам же русским языком написали»",
        ),
        RubricItem(
            "CK11",
            Sentence(
                "Менеджер не просил в чате данные карты, код из СМС или фото паспорта?",
                "Did the manager not ask in the chat for card details, a code from an SMS or a passport photo?",
            ),
            3,
            is_critical=True,
            applies="есть текст менеджера",
            yes="",
            no="«Пришлите номер карты и код»",
        ),
        RubricItem(
            "CK12",
            Sentence(
                "Ни один вопрос клиента не остался без ответа до конца диалога?",
                "Did no question of the client stay without an answer until the end of the dialog?",
            ),
            5,
            applies="клиент задал два вопроса или больше",
            yes="",
            no="спросил цену и доставку, ответили только о цене",
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
