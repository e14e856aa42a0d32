"""What leaves the installation: every kind of personal data becomes a token, and prices stay prices."""

from __future__ import annotations

import re

import pytest

from synkro_resources.rules.masking.masker import MaskedText, Masker, People
from synkro_resources.rules.masking.names import Named
from synkro_resources.rules.masking.tokens import TokenRegistry, Tokens, with_labels

KEY = b"synkro-test-key"
PEOPLE = People(
    contacts=(Named(6200021, "Анна Тестова"), Named(6200022, "Павел")),
    profile=Named(777, "Гульнара 🌸"),
    managers=(Named(9001001, "Мария Менеджерова"), Named(9001002, "Игорь Власов")),
)

EXAMPLES = {
    "MK-01": ("Мой номер +7 (900) 000-00-11, звоните", "Мой номер [PHONE_T322PMVO], звоните"),
    "MK-02": ("тел:89000000011", "тел:[PHONE_T322PMVO]"),
    "MK-03": ("наберите 900 000 00 11 после шести", "наберите [PHONE_T322PMVO] после шести"),
    "MK-04": ("8.900.000.00.11", "[PHONE_T322PMVO]"),
    "MK-05": ("+7\u00a0900\u00a0000\u201100\u201111", "[PHONE_T322PMVO]"),
    "MK-06": ("WhatsApp +375 29 000-00-18", "WhatsApp [PHONE_26EY2AGW]"),
    "MK-07": ("офис (812) 000-12-34, городской 123-45-67", "офис [PHONE_6LUSS4X3], городской [PHONE_C6SVMNLO]"),
    "MK-08": ("Почта anna.test+shop@example.org.", "Почта [EMAIL_GAKNLIGF]."),
    "MK-09": ("пишите в тг @anna_test", "пишите в тг [HANDLE_7MBJV7DT]"),
    "MK-10": (
        "ссылка https://example.org/p/79000000011?x=1, посмотрите",
        "ссылка [LINK_Z6OYEN4T], посмотрите",
    ),
    "MK-11": ("сайт example.ru/price и t.me/anna_test", "сайт [LINK_23TV5SSM] и [LINK_5ZR3OXBZ]"),
    "MK-12": ("карта 4111 1111 1111 1111, перевела", "карта [CARD_5FETXNJI], перевела"),
    "MK-13": ("номер карты 4111-1111-1111-1112", "номер карты [CARD_WDQ3ZXIS]"),
    "MK-14": ("трек 4111 1111 1111 1112", "трек 4111 1111 1111 1112"),
    "MK-15": ("СНИЛС 112-233-445 95", "СНИЛС [SNILS_AW2NCDS5]"),
    "MK-16": ("паспорт серия 45 10 номер 123456", "паспорт серия [PASSPORT_VRQDF2AT]"),
    "MK-17": ("мой 4510 123456 выдан ОВД", "мой [PASSPORT_VRQDF2AT] выдан ОВД"),
    "MK-18": ("ИНН 7707083893, выставите счёт", "ИНН [INN_K2NTR7ES], выставите счёт"),
    "MK-19": ("500100732259 это мой инн", "[INN_EHPLELUD] это мой инн"),
    "MK-20": ("р/с 40702810900000000001", "р/с [ACCOUNT_CICYURLV]"),
    "MK-21": ("Доставка: ул. Ленина, д. 5, кв. 12", "Доставка: [ADDRESS_QRA46CVV]"),
    "MK-22": ("проспект Мира 101 корп 2, подъезд 3", "[ADDRESS_ZOEE2UKZ]"),
    "MK-23": (
        "Меня зовут Анна, звоните Анне Тестовой",
        "Меня зовут [PERSON_FE67UEP5], звоните [PERSON_FE67UEP5]",
    ),
    "MK-24": ("Здравствуйте, Мария! Марии привет", "Здравствуйте, Менеджер 1! Менеджер 1 привет"),
    "MK-25": ("Получатель Иванов Пётр Сергеевич", "Получатель [PERSON_RPPBQ2GL]"),
    "MK-26": ("Меня зовут Олег, передайте Павлу", "Меня зовут [PERSON_QP2YX2GR], передайте [PERSON_JS53VU5C]"),
    "MK-27": ("номер [PHONE_AAAAAAAA] записан?", "номер (PHONE_AAAAAAAA) записан?"),
    "MK-28": ("Итого 150 000 руб, заказ №123456, скидка 10%", "Итого 150 000 руб, заказ №123456, скидка 10%"),
    "MK-29": (
        "Приеду 12.09.2026 с 10:00 до 18:00, размер 50-52",
        "Приеду 12.09.2026 с 10:00 до 18:00, размер 50-52",
    ),
    "MK-30": (
        "Артикул 4607034371234, 2 750 000 ₽, тираж 1234567890",
        "Артикул 4607034371234, 2 750 000 ₽, тираж 1234567890",
    ),
}


def mask(text: str, people: People = PEOPLE, key: bytes = KEY) -> MaskedText:
    return Masker(Tokens(key), people).mask(text)


@pytest.mark.parametrize(("text", "masked"), EXAMPLES.values(), ids=EXAMPLES)
def test_example(text: str, masked: str) -> None:
    found = mask(text)
    assert found.text == masked
    assert found.original() == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("тел.89000000011", "тел.[PHONE_T322PMVO]"),
        ("Анна,89000000011", "[PERSON_FE67UEP5],[PHONE_T322PMVO]"),
        ("цена 1.89000000011", "цена 1.89000000011"),
        ("８９０００００００１１", "[PHONE_T322PMVO]"),
        ("8900\u200b000\u200b0011", "[PHONE_T322PMVO]"),
        ("٨٩٠٠٠٠٠٠٠١١", "[PHONE_T322PMVO]"),
        ("перевела 4111 1111 1111 1111 500 руб", "перевела [CARD_5FETXNJI] 500 руб"),
        ("шлите на https://me@example.org/x", "шлите на https://[EMAIL_"),
    ],
    ids=["dot", "comma", "fraction", "wide digits", "hidden spaces", "arabic digits", "sum behind a card", "user@host"],
)
def test_what_people_write_around_a_value_does_not_save_it(text: str, masked: str) -> None:
    assert mask(text).text.startswith(masked)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Получатель Иванов Павел Сергеевич", "Получатель [P]"),
        ("Получатель Соловьёв Павел Ильич", "Получатель [P]"),
        ("Заря Павел Сергеевич", "[P] [P]"),
        ("передайте Анне Орловой", "передайте [P]"),
        ("договор на Кузьмина Павла", "договор на [P]"),
        ("марина андреевна, добрый день", "[P], добрый день"),
        ("Добрый день, анна сергеевна", "Добрый день, [P]"),
        ("меня зовут олег", "меня зовут [P]"),
        ("С уважением, Олег Громов", "С уважением, [P]"),
        ("с уважением, компания Тепло", "с уважением, компания Тепло"),
        ("Основной вопрос: на каком уровне? Наличной оплатой", "Основной вопрос: на каком уровне? Наличной оплатой"),
        ("Игорь Петрович Здравствуйте", "Менеджер 1 Здравствуйте"),
    ],
)
def test_names_are_masked_with_their_family_and_father(text: str, masked: str) -> None:
    assert re.sub(r"\[PERSON_\w+\]", "[P]", mask(text).text) == masked


@pytest.mark.parametrize(
    "address",
    ["пр. Ленина, д. 5", "пр-кт Мира 5а", "б-р Культуры, 12/1", "ш. Космонавтов 8, кв 3", "улица 8 Марта 190 корп 2"],
)
def test_addresses_with_a_street_word_are_masked(address: str) -> None:
    assert re.fullmatch(r"везите на \[ADDRESS_\w+\], спасибо", mask(f"везите на {address}, спасибо").text)


@pytest.mark.parametrize(
    "text",
    [
        *("и пр. товары 5 шт", "Перезвоните после 10", "набор 5 штук", "период 3 дня", "улучшим цену на 10%"),
        *("Первый платёж 50 000", "передам 2 ключа", "проездом буду 12 числа", "набираем 40 заявок", "Пришлю 3 фото"),
    ],
)
def test_words_that_begin_like_a_street_are_no_addresses(text: str) -> None:
    assert mask(text).text == text


@pytest.mark.parametrize("hidden", ["[PHO\u200bNE_AAAAAAAA]", "［PHONE_AAAAAAAA］", "[phone_aaaaaaaa]"])
def test_nobody_smuggles_in_a_token_of_ours(hidden: str) -> None:
    found = mask(f"позвоните {hidden}")
    assert found.text.endswith(")")
    assert "(" in found.text
    assert found.original() == f"позвоните {hidden}"


def test_the_profiles_name_is_masked_and_words_that_name_nobody_are_not() -> None:
    people = People(profile=Named(5, "WhatsApp Гульнара 🌸"), contacts=(Named(1, "Клиент Авито +79000000011"),))
    assert mask("Гульнара, напишите в WhatsApp, клиент ждёт", people).text.endswith(
        "], напишите в WhatsApp, клиент ждёт"
    )


def test_a_name_that_is_a_word_is_masked_with_a_capital_only() -> None:
    people = People(contacts=(Named(1, "Вера"),))
    assert mask("Вере передали? у меня есть вера в вас", people).text == f"{mask('Вера', people).text} передали? " + (
        "у меня есть вера в вас"
    )


CASES = {
    "Анна": ("Анна", "Анны", "Анне", "Анну", "Анной", "АННА", "анна"),
    "Аня": ("Аня", "Ани", "Ане", "Аню", "Аней", "аня"),
    "Игорь": ("Игорь", "Игоря", "Игорю", "Игорем", "Игоре"),
    "Сергей": ("Сергей", "Сергея", "Сергею", "Сергеем", "сергей"),
    "Дмитрий": ("Дмитрий", "Дмитрия", "Дмитрию", "Дмитрием", "Дмитрии"),
    "Павел": ("Павел", "Павла", "Павлу", "Павлом", "Павле"),
    "Пётр": ("Пётр", "Петр", "Петра", "Петру", "Петром"),
    "Илья": ("Илья", "Ильи", "Илье", "Илью", "Ильёй", "Ильей"),
    "Мария": ("Мария", "Марии", "Марию", "Марией"),
    "Белый": ("Белый", "Белого", "Белому", "Белым"),
    "Невская": ("Невская", "Невской", "Невскую"),
    "Кузнецова": ("Кузнецова", "Кузнецовой", "Кузнецову", "Кузнецов"),
}


@pytest.mark.parametrize(("name", "forms"), CASES.items(), ids=CASES)
def test_a_known_name_is_masked_in_every_case(name: str, forms: tuple[str, ...]) -> None:
    people = People(contacts=(Named(1, name),))
    token = mask(name, people).text
    assert token.startswith("[PERSON_")
    assert [mask(f"передайте {form}, что", people).text for form in forms] == [f"передайте {token}, что"] * len(forms)


def test_a_short_name_does_not_tear_holes_into_words() -> None:
    people = People(contacts=(Named(1, "Аня"), Named(2, "Ира"), Named(3, "Ян"), Named(4, "Лев")))
    text = "Он и она: ан, иры, анод, яна, левый край, игра, ирис"
    assert mask(text, people).text == text


def test_managers_are_numbered_by_first_appearance_through_the_whole_episode() -> None:
    masker = Masker(Tokens(KEY), PEOPLE)
    assert masker.numbers.of(9001002) == 1  # the author of the first message
    assert masker.mask("Мария занята, Игорь на связи").text == "Менеджер 2 занята, Менеджер 1 на связи"
    assert masker.mask("Спасибо Марии").text == "Спасибо Менеджер 2"
    assert masker.numbers.numbers == {9001002: 1, 9001001: 2}


def test_managers_of_one_text_are_numbered_as_they_are_read() -> None:
    assert mask("Игорь, это Мария").text == "Менеджер 1, это Менеджер 2"


def test_two_values_behind_one_short_token_get_tokens_of_their_own() -> None:
    class Taken(TokenRegistry):
        def known(self, token: str) -> str | None:
            return {"[PHONE_T322PMVO]": "another value"}.get(token)

    tokens = Tokens(KEY, Taken())
    long = Masker(tokens, PEOPLE).mask("89000000011").text
    assert long.startswith("[PHONE_T322PMVO")
    assert len(long) == len("[PHONE_T322PMVO]") + 4
    assert Masker(tokens, PEOPLE).mask("+7 900 000-00-11").text == long
    assert tokens.given == {long: ("PHONE", "79000000011")}


def test_messengers_get_words_and_never_tokens() -> None:
    found = mask("Анна, 89000000011, ул. Ленина, д. 5, Мария перезвонит")
    assert found.labelled() == "[имя], [телефон], [адрес], Менеджер 1 перезвонит"
    assert found.labelled("en") == "[name], [phone], [address], Manager 1 перезвонит"
    assert with_labels(found.text) == found.labelled()
    assert with_labels("[OTHER_AAAAAAAA] [изображение]") == "[OTHER_AAAAAAAA] [изображение]"


def test_a_place_in_the_masked_text_is_found_in_the_original() -> None:
    text = "Мой номер +7 (900) 000-00-11, звоните Анне"
    found = mask(text)

    def original(quote: str) -> str:
        start = found.text.index(quote)
        first, last = found.original_range(start, start + len(quote))
        return text[first:last]

    assert original("номер [PHONE_T322PMVO], звоните") == "номер +7 (900) 000-00-11, звоните"
    assert original("звоните [PERSON_FE67UEP5]") == "звоните Анне"
    assert original("T322") == "+7 (900) 000-00-11"
    assert original("Мой") == "Мой"
    assert found.original_range(0, 0) == (0, 0)
    with pytest.raises(ValueError, match="no range"):
        found.original_range(0, len(found.text) + 1)


def test_a_recogniser_adds_names_of_third_persons_and_takes_nothing_that_is_taken() -> None:
    def recognise(text: str) -> list[tuple[int, int]]:
        return [found.span() for found in re.finditer("Зоя|Мария|Анна Зоя", text)]

    found = Masker(Tokens(KEY), PEOPLE, recognise=recognise).mask("Мария, Зоя и Анна Зоя")
    assert re.fullmatch(r"Менеджер 1, (\[PERSON_\w+\]) и \[PERSON_FE67UEP5\] \1", found.text)
    assert found.original() == "Мария, Зоя и Анна Зоя"


def test_without_a_key_nothing_is_masked_by_accident() -> None:
    with pytest.raises(ValueError, match="key"):
        Tokens(b"")
