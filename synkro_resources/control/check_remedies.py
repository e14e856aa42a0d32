"""What to do about a check of the data that failed: shown wherever the check is shown."""

from __future__ import annotations

from synkro_resources.model.errors import Sentence

_LOAD_AGAIN = Sentence("Загрузите этот день ещё раз.", "Load that day again.")
_LOOK_AT_SOURCE = Sentence(
    "Проверьте в источнике, не удалены ли эти карточки; следующая загрузка найдёт те, что есть.",
    "Look at the source whether the cards were deleted; the next load finds those that are there.",
)

_REMEDIES: dict[str, Sentence] = {
    "schema": Sentence(
        "Обновите программу до версии, которая писала этот файл, и загрузите день ещё раз.",
        "Bring the program to the version that wrote the file, then load the day again.",
    ),
    "keys_unique": _LOAD_AGAIN,
    "current_keys_unique": Sentence(
        "Сообщите нам: таблицу нужно собрать заново. Затем загрузите день ещё раз.",
        "Tell us: the table has to be built anew. Then load the day again.",
    ),
    "own_account": Sentence(
        "Проверьте, чей это ключ amoCRM: данные другого аккаунта нельзя показывать. Для него заведите своего клиента.",
        "Check whose amoCRM key it is: data of another account must not be shown. Give it a tenant of its own.",
    ),
    "source_counts": Sentence(
        "Посмотрите отложенные строки и права ключа, затем загрузите день ещё раз.",
        "Look at the rows put aside and at the key's rights, then load the day again.",
    ),
    "active_chats_read": _LOAD_AGAIN,
    "message_continuity": Sentence(
        "Проверьте в Radist, работало ли подключение в этот день, и загрузите день ещё раз.",
        "Check in Radist whether the connection worked on that day, then load it again.",
    ),
    "linked_share": Sentence(
        "Проверьте, доступны ли телефоны контактов в amoCRM, или свяжите диалоги вручную на странице «Диалоги».",
        "Check whether the contacts' phones can be read in amoCRM, or link dialogs by hand on the page “Dialogs”.",
    ),
    "freshness": Sentence(
        "Проверьте подключение в настройках и запустите загрузку.",
        "Check the connection in the settings and start a load.",
    ),
}


def remedy_of(check: str) -> Sentence:
    """What to do when the check fails.

    Raises:
        KeyError: nobody has said what to do about this check.
    """
    return _LOOK_AT_SOURCE if check.startswith("resolved_") else _REMEDIES[check]
