"""What amoCRM's answers mean, and what a person has to do about them."""

from __future__ import annotations

from synkro_resources.http.classify import Action, BodyKind, Rule, RuleTable
from synkro_resources.model.errors import Sentence

VENDOR = "amocrm"

OVERLOADED = "amocrm.overloaded"
"""Code of a repeated 504: the caller should ask for smaller pages."""

FORBIDDEN = "amocrm.forbidden"
"""Code of a refusal for want of rights: what only administrators see is left out, the rest is read."""

WAIT = Sentence(
    "Synkro повторит запрос позже, делать ничего не нужно.", "Synkro will try again later, nothing needs to be done."
)
TELL_SUPPORT = Sentence("Сообщите в поддержку Synkro.", "Tell Synkro's support.")
UNREADABLE = Rule(
    range(200, 300),
    Action.RETRY,
    "amocrm.bad_answer",
    Sentence("amoCRM прислала ответ, который нельзя прочитать.", "amoCRM sent an answer that cannot be read."),
    WAIT,
)

AMOCRM_RULES = RuleTable(
    vendor=VENDOR,
    rules=(
        Rule((204,), Action.EMPTY, "amocrm.no_data", bodies=frozenset({BodyKind.EMPTY})),
        # The one list of single things that answers «unknown» with 404 instead of 204.
        Rule((404,), Action.EMPTY, "amocrm.no_talk", bodies=frozenset({BodyKind.JSON}), path="/talks/"),
        Rule((200,), Action.ACCEPT, "amocrm.ok", bodies=frozenset({BodyKind.JSON})),
        UNREADABLE,
        Rule(
            range(300, 400),
            Action.ASK_CLIENT,
            "amocrm.redirected",
            Sentence("amoCRM отправляет на другой адрес.", "amoCRM redirects to another address."),
            Sentence(
                "Проверьте адрес аккаунта: возможно, его переименовали.",
                "Check the account's address: it may have been renamed.",
            ),
        ),
        Rule(
            (401,),
            Action.REFRESH,
            "amocrm.token_refused",
            Sentence("amoCRM не приняла ключ доступа.", "amoCRM refused the access token."),
            Sentence(
                "Выпустите новый долгосрочный ключ в настройках интеграции amoCRM, проверьте адрес аккаунта "
                "и сохраните их в Synkro.",
                "Issue a new long-lived token in the integration's settings in amoCRM, check the account's address "
                "and save both in Synkro.",
            ),
        ),
        Rule(
            (402,),
            Action.ASK_CLIENT,
            "amocrm.payment_required",
            Sentence(
                "Аккаунт amoCRM не оплачен, или тариф не включает нужные данные.",
                "The amoCRM account is unpaid, or its plan lacks these data.",
            ),
            Sentence(
                "Оплатите amoCRM; загрузка продолжится при следующем запуске.",
                "Pay for amoCRM; loading goes on with the next run.",
            ),
        ),
        Rule(
            (403,),
            Action.ASK_CLIENT,
            FORBIDDEN,
            Sentence(
                "У пользователя amoCRM, выдавшего ключ, не хватает прав.",
                "The amoCRM user who issued the token lacks rights.",
            ),
            Sentence(
                "Выпустите ключ от имени администратора amoCRM.", "Issue the token as an administrator of amoCRM."
            ),
            bodies=frozenset({BodyKind.JSON}),
        ),
        # Every other 403 is taken for a block: going on would make a real one permanent.
        Rule(
            (403,),
            Action.STOP,
            "amocrm.blocked",
            Sentence(
                "amoCRM заблокировала запросы; Synkro остановил чтение этого аккаунта.",
                "amoCRM has blocked our requests; Synkro has stopped reading this account.",
            ),
            Sentence(
                "Напишите в поддержку amoCRM с просьбой снять блокировку и сообщите в поддержку Synkro.",
                "Ask amoCRM's support to lift the block and tell Synkro's support.",
            ),
        ),
        Rule(
            (404,),
            Action.ASK_CLIENT,
            "amocrm.not_found",
            Sentence("amoCRM не нашла аккаунт или раздел.", "amoCRM did not find the account or the section."),
            Sentence(
                "Проверьте адрес аккаунта в настройках интеграции.",
                "Check the account's address in the integration's settings.",
            ),
        ),
        Rule(
            (408, 425, 429),
            Action.RETRY,
            "amocrm.rate_limited",
            Sentence("amoCRM просит обращаться реже.", "amoCRM asks us to slow down."),
            WAIT,
        ),
        Rule(
            (504,),
            Action.RETRY,
            OVERLOADED,
            Sentence("amoCRM не успевает ответить.", "amoCRM does not answer in time."),
            WAIT,
            tries=2,
        ),
        Rule(
            range(500, 600),
            Action.RETRY,
            "amocrm.unavailable",
            Sentence("amoCRM временно не работает.", "amoCRM is out of order for the moment."),
            WAIT,
        ),
    ),
    unreachable=Rule(
        (),
        Action.RETRY,
        "amocrm.unreachable",
        Sentence("Нет связи с amoCRM.", "amoCRM cannot be reached."),
        WAIT,
    ),
    unreadable=UNREADABLE,
    unknown=Rule(
        (),
        Action.FAIL,
        "amocrm.bad_request",
        Sentence("amoCRM не приняла запрос Synkro.", "amoCRM did not accept Synkro's request."),
        TELL_SUPPORT,
    ),
)
