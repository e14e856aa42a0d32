"""What Radist's answers mean, and what a person has to do about them. Bodies are not documented: statuses decide."""

from __future__ import annotations

from synkro_resources.http.classify import Action, BodyKind, Rule, RuleTable
from synkro_resources.model.errors import Sentence

VENDOR = "radist"

WAIT = Sentence(
    "Synkro повторит запрос позже, делать ничего не нужно.", "Synkro will try again later, nothing needs to be done."
)
UNREADABLE = Rule(
    range(200, 300),
    Action.RETRY,
    "radist.bad_answer",
    Sentence("Radist прислал ответ, который нельзя прочитать.", "Radist sent an answer that cannot be read."),
    WAIT,
)


def _scope_rule(path: str, scope: str) -> Rule:
    return Rule(
        (403,),
        Action.ASK_CLIENT,
        "radist.forbidden",
        Sentence(f"У ключа Radist нет права «{scope}».", f"The Radist key lacks the scope “{scope}”."),
        Sentence(
            f"Создайте в Radist ключ с правом «{scope}» и сохраните его в Synkro.",
            f"Create a key with the scope “{scope}” in Radist and save it in Synkro.",
        ),
        path=path,
    )


RADIST_RULES = RuleTable(
    vendor=VENDOR,
    rules=(
        Rule((200,), Action.ACCEPT, "radist.ok", bodies=frozenset({BodyKind.JSON})),
        UNREADABLE,
        Rule(
            range(300, 400),
            Action.ASK_CLIENT,
            "radist.redirected",
            Sentence("Radist отправляет на другой адрес.", "Radist redirects to another address."),
            Sentence(
                "Проверьте адрес Radist в настройках интеграции.",
                "Check Radist's address in the integration's settings.",
            ),
        ),
        Rule(
            (401,),
            Action.REFRESH,
            "radist.key_refused",
            Sentence("Radist не принял ключ.", "Radist refused the key."),
            Sentence(
                "Создайте новый ключ API в Radist и сохраните его в Synkro.",
                "Create a new API key in Radist and save it in Synkro.",
            ),
        ),
        Rule(
            (402,),
            Action.ASK_CLIENT,
            "radist.payment_required",
            Sentence("Подписка Radist не оплачена.", "The Radist subscription is unpaid."),
            Sentence(
                "Оплатите Radist; загрузка продолжится при следующем запуске.",
                "Pay for Radist; loading goes on with the next run.",
            ),
        ),
        _scope_rule("/messaging/", "messaging"),
        _scope_rule("/connections/", "connections"),
        _scope_rule("/webhooks/", "webhooks"),
        _scope_rule("/contacts/", "contacts"),
        Rule(
            (403,),
            Action.ASK_CLIENT,
            "radist.forbidden",
            Sentence("У ключа Radist не хватает прав.", "The Radist key lacks rights."),
            Sentence(
                "Создайте в Radist ключ с правами «messaging» и «connections» и сохраните его в Synkro.",
                "Create a key with the scopes “messaging” and “connections” in Radist and save it in Synkro.",
            ),
        ),
        Rule(
            (404,),
            Action.ASK_CLIENT,
            "radist.chat_gone",
            Sentence("Radist больше не знает этот чат.", "Radist does not know this chat any more."),
            Sentence(
                "Ничего делать не нужно: прочитанное раньше сохранено.",
                "Nothing needs to be done: what was read before is kept.",
            ),
            path="/messaging/messages/",
        ),
        Rule(
            (404,),
            Action.ASK_CLIENT,
            "radist.not_found",
            Sentence("Radist не нашёл компанию или раздел.", "Radist did not find the company or the section."),
            Sentence(
                "Выберите компанию Radist в настройках интеграции заново.",
                "Choose the Radist company again in the integration's settings.",
            ),
        ),
        Rule(
            (408, 425, 429),
            Action.RETRY,
            "radist.rate_limited",
            Sentence("Radist просит обращаться реже.", "Radist asks us to slow down."),
            WAIT,
        ),
        Rule(
            range(500, 600),
            Action.RETRY,
            "radist.unavailable",
            Sentence("Radist временно не работает.", "Radist is out of order for the moment."),
            WAIT,
        ),
    ),
    unreachable=Rule(
        (), Action.RETRY, "radist.unreachable", Sentence("Нет связи с Radist.", "Radist cannot be reached."), WAIT
    ),
    unreadable=UNREADABLE,
    unknown=Rule(
        (),
        Action.FAIL,
        "radist.bad_request",
        Sentence("Radist не принял запрос Synkro.", "Radist did not accept Synkro's request."),
        Sentence("Сообщите в поддержку Synkro.", "Tell Synkro's support."),
    ),
)
