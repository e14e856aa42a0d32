"""Finding client messages that give orders to whoever reads the dialog (docs/analysis.md, «Orders in a client's text»).

A flag costs little: the episode is listed and left out of averages until a person has looked. So the patterns prefer a
false alarm to a miss.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator

from synkro_assets.analysis.comparable import comparable_text
from synkro_assets.analysis.content import MessageLine
from synkro_assets.analysis.vocabulary import Author

DETECTOR = "patterns-2"
_ORDERING = r"(?:поставь|выстави|оцени|запиши|отметь|укажи|проставь|дай|присвой)\w*"
_RULES = r"(?:инструкц|указани|команд|правил|промпт|запрет)"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:игнорируй|проигнорируй|забудь|не учитывай)\w*.{{0,40}}{_RULES}",
        rf"(?:отмени|нарушь|обойди)\w*.{{0,15}}(?:прежн|предыдущ|прошл|все|сво|тво)\w*.{{0,10}}{_RULES}",
        r"(?:ignore|disregard|forget).{0,30}(?:instruction|previous|above|rules)",
        rf"{_ORDERING}.{{0,40}}(?:балл(?!он)|оценк|из 100|100 из|максимум|чек-?лист|на отлично)",
        rf"{_ORDERING}.{{0,30}}\b(?:yes|no|true|false)\b|во всех пунктах",
        r"(?:\bии|нейросет\w*|ассистент\w*|аналитик\w*|gpt|assistant|system)\s*[:,-]\s*\S+",
        r"(?:системн\w+|system)\s+(?:промпт|prompt|сообщени)|</?(?:system|episode|instructions?)>",
        r'"(?:findings|applicability|quote|refs)"\s*:',
        # Back-ticks are apostrophes in the form that texts are compared in.
        r"<<<|>>>|\|m\d+\||'''|#{2,}\s*(?:инструкц|указани|систем|system|instruction)",
        r"(?:не )?требует\w* ответа.{0,20}(?:верни|напиши|json)",
        r"(?:напиши|запиши|укажи|отметь|скажи|ответь)\w*,? что.{0,30}"
        r"(?:ответа? не (?:требу|нуж)|жалоб нет|вс[ея] выполнен)",
        r"(?:верни|выведи|output|return)\s+(?:только\s+)?json",
        r"(?:покажи|раскрой|выведи|перескажи|процитируй)\w*\s+(?:мне\s+)?"
        r"(?:сво[июй]\w*|тво[ией]\w*|все|системн\w*|исходн\w*)\s+"
        r"(?:инструкц|промпт|правила|настройк)",
        r"(?:покажи|перескажи|выведи|пришли|раскрой)\w*.{0,20}(?:переписк|диалог|сообщени)\w*\s+(?:друг|чуж|проч)\w*\s+клиент",
        r"не (?:записывай|добавляй|учитывай|отмечай|указывай)\w*.{0,20}(?:возражени|жалоб|ошибк|нарушени)\w*",
        r"(?:замени|исправь|поменяй)\w*.{0,15}[\"'](?:нет|no)[\"'].{0,15}[\"'](?:да|yes)[\"']",
        r"считай(?:те)?,? что.{0,20}(?:менеджер|продавец|сотрудник|все пункты|возражени)",
        r"(?:с этого момента|отныне|теперь) (?:ты|вы)\b.{0,40}(?:хвали|одобря|помощник|ассистент|не аналитик|оценива)",
        r"(?:раскодируй|расшифруй|декодируй)\w*.{0,10}(?:выполни|сделай|следуй)",
    )
)
_LOOKALIKES = str.maketrans("aeopcyxkmtbh", "аеорсухкмтвн")
"""Latin letters (small) that look like Russian ones."""
_MIXED = re.compile(r"\w*(?:[a-z]\w*[а-я]|[а-я]\w*[a-z])\w*")
_SPACED = re.compile(r"(?<!\w)(?:[^\W_][ ._-]){3,}[^\W_](?!\w)")
_ENCODED = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{24,}={0,2}")


def looks_like_orders(text: str) -> bool:
    """Whether a client's text seems to address the analyst, in any spelling of quotes, dashes and spaces.

    Letters of two alphabets in one word, letters apart and base64 are read as what they are meant to be read as.
    """
    plain = comparable_text(text)
    return any(pattern.search(reading) for reading in _readings(text, plain) for pattern in _PATTERNS)


def _readings(text: str, plain: str) -> Iterator[str]:
    yield plain
    if _MIXED.search(plain):
        yield _MIXED.sub(lambda found: _in_russian_letters(found.group()), plain)
        yield _in_russian_letters(plain)  # a word made only of look-alikes («cepa») stands among mixed ones
    if (joined := _joined(text)) != text:
        yield comparable_text(joined)
    for found in _ENCODED.findall(text):
        if (hidden := _decoded(found)) is not None:
            yield comparable_text(hidden)


def _in_russian_letters(plain: str) -> str:
    return plain.translate(_LOOKALIKES)


def _joined(text: str) -> str:
    """Words whose letters stand apart, put together."""
    return _SPACED.sub(lambda found: re.sub(r"[ ._-]", "", found.group()), text)


def _decoded(encoded: str) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except ValueError:  # no base64, or no text in it
        return None


def flagged(messages: Iterable[MessageLine]) -> list[MessageLine]:
    return [line for line in messages if line.author is Author.CLIENT and looks_like_orders(line.text.text)]
