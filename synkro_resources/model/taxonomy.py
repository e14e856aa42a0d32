"""Codes that the analysis gives to a dialog, named for people (docs/metrics.md, «Metrics with labels»)."""

from __future__ import annotations

from synkro_resources.model.errors import Sentence

TAXONOMY_VERSION = "t1"

CLIENT_TYPES: dict[str, Sentence] = {
    "buyer": Sentence("покупатель", "buyer"),
    "customer": Sentence("клиент", "customer"),
    "supplier": Sentence("поставщик", "supplier"),
    "partner": Sentence("партнёр", "partner"),
    "job_seeker": Sentence("ищет работу", "job seeker"),
    "spam": Sentence("спам", "spam"),
    "unclear": Sentence("неясно", "unclear"),
}
MAY_BUY = frozenset({"buyer", "customer", "unclear"})
"""Who may need a deal; an unclear client stays in, so that doubt shows a dialog rather than hides it."""

INTENTS: dict[str, Sentence] = {
    "price_specific": Sentence("цена на конкретное", "price of something specific"),
    "availability": Sentence("наличие", "availability"),
    "choice": Sentence("помощь с выбором", "help with a choice"),
    "invoice": Sentence("просит счёт или договор", "asks for an invoice or a contract"),
    "payment": Sentence("готов оплатить", "ready to pay"),
    "visit": Sentence("запись, визит, замер", "booking, visit, measuring"),
    "order": Sentence("оформляет заказ", "places an order"),
    "order_status": Sentence("статус заказа", "status of an order"),
    "service_question": Sentence("вопрос по купленному", "question about a purchase"),
    "complaint": Sentence("жалоба", "complaint"),
    "return": Sentence("возврат", "return"),
    "other": Sentence("другое", "other"),
}
PURCHASE_INTENTS = frozenset({"price_specific", "availability", "choice", "invoice", "payment", "visit", "order"})
HOT_INTENTS = frozenset({"invoice", "price_specific", "visit", "payment"})

TOPICS: dict[str, Sentence] = {
    "price": Sentence("цена", "price"),
    "availability": Sentence("наличие", "availability"),
    "delivery": Sentence("доставка", "delivery"),
    "payment": Sentence("оплата", "payment"),
    "installment": Sentence("рассрочка", "instalments"),
    "discount": Sentence("скидки", "discounts"),
    "choice": Sentence("подбор", "choice"),
    "specs": Sentence("характеристики", "specifications"),
    "booking": Sentence("запись", "booking"),
    "order_status": Sentence("статус заказа", "status of an order"),
    "documents": Sentence("счёт и договор", "invoice and contract"),
    "warranty": Sentence("гарантия", "warranty"),
    "return": Sentence("возврат", "return"),
    "complaint": Sentence("жалоба", "complaint"),
    "cooperation": Sentence("сотрудничество", "cooperation"),
    "vacancy": Sentence("работа", "vacancy"),
    "new": Sentence("новое", "new"),
}

OBJECTIONS: dict[str, Sentence] = {
    "price": Sentence("дорого", "too expensive"),
    "timing": Sentence("сроки, не сейчас", "timing, not now"),
    "trust": Sentence("недоверие", "distrust"),
    "competitor": Sentence("есть другое предложение", "has another offer"),
    "thinking": Sentence("подумаю", "will think about it"),
    "authority": Sentence("надо посоветоваться", "has to ask somebody"),
    "need": Sentence("не нужно, не подходит", "not needed, does not fit"),
    "terms": Sentence("условия оплаты и доставки", "terms of payment and delivery"),
    "other": Sentence("другое", "other"),
}

LOST_REASONS: dict[str, Sentence] = {
    "price": Sentence("цена", "price"),
    "timing": Sentence("сроки", "timing"),
    "competitor": Sentence("купил у другого", "bought elsewhere"),
    "no_product": Sentence("нет товара", "product not available"),
    "terms": Sentence("условия", "terms"),
    "trust": Sentence("недоверие", "distrust"),
    "no_response_us": Sentence("мы не ответили", "we did not answer"),
    "no_response_client": Sentence("клиент пропал", "the client disappeared"),
    "changed_mind": Sentence("передумал", "changed their mind"),
    "not_target": Sentence("нецелевой", "not a target client"),
    "duplicate": Sentence("дубль", "duplicate"),
    "other": Sentence("другое", "other"),
}
