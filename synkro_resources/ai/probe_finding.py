"""What a probe of structured output found, in the words of the connection check, and kept for the loads."""

from __future__ import annotations

from datetime import date

from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.probing import Climb
from synkro_resources.ai.rungs import remembered
from synkro_resources.control.integrations import CheckFinding
from synkro_resources.model.errors import Sentence

STRUCTURED_OUTPUT = "structured_output"


def told(climb: Climb, endpoint: Endpoint, today: date) -> CheckFinding:
    """The finding of a probe that was not cut short; its value is the way of asking with which loads begin."""
    held, best = climb.held, endpoint.profile.ladder[0]
    if held is best:
        what = Sentence(f"Ответ по схеме получен ({best}).", f"It answers by the schema ({best}).")
        return CheckFinding(STRUCTURED_OUTPUT, "ok", what, value=remembered(held, endpoint.model, today))
    turned_down = ", ".join(climb.refused) or "—"
    disobeyed = ", ".join(climb.ignored) or "—"
    if held is None:
        return CheckFinding(
            STRUCTURED_OUTPUT,
            "broken",
            Sentence(
                f"Модель не отвечает по схеме. Отклонено: {turned_down}; принято, но не соблюдено: {disobeyed}.",
                f"The model does not answer by a schema. Refused: {turned_down}; taken but ignored: {disobeyed}.",
            ),
            Sentence("Выберите модель со структурированным ответом.", "Choose a model with structured output."),
        )
    return CheckFinding(
        STRUCTURED_OUTPUT,
        "warning",
        Sentence(
            f"Модель держит схему только способом «{held}». "
            f"Отклонено: {turned_down}; принято, но не соблюдено: {disobeyed}.",
            f"The model keeps to the schema by “{held}” only. Refused: {turned_down}; taken but ignored: {disobeyed}.",
        ),
        Sentence(
            "Тексты ИИ могут пропускаться. Лучше модель, которая соблюдает json_schema.",
            "AI texts may be left out. Better choose a model that obeys json_schema.",
        ),
        value=remembered(held, endpoint.model, today),
    )
