"""An episode as a reader sees it: sentences, who asked, whose turn it is, who gave orders to the reader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from synkro_resources.sandbox.openai.analyst import spelling
from synkro_resources.sandbox.openai.analyst.episode import Episode, Message
from synkro_resources.sandbox.openai.analyst.quotes import quote, sentences

_MARK = re.compile(r"\[(?:[а-яё]|…)[^\]]*\]")
_STICKER = "[стикер]"
_CLOSING = re.compile(
    r"(?:(?:спасибо|спс|благодарю|вам|большое|огромное|ок|окей|ok|хорошо|понял[аи]?|понятно|ясно|ага|угу|принято|"
    r"договорились|отлично|супер|класс|здорово|прекрасно|тогда|все|вопрос\w*|решен\w*|закрыт\w*|снят\w*|"
    r"до (?:связи|свидания|встречи)|всего (?:доброго|хорошего)|(?:хорошего|доброго|удачного) (?:дня|вечера)|"
    r"и вам|взаимно|пока)(?!\w)\W*)+"
)
_ORDERS = re.compile(
    r"(?:игнорируй|проигнорируй|забудь|не учитывай|отмени)\w*.{0,40}(?:инструкц|указани|команд|правил|промпт|запрет)"
    r"|(?:ignore|disregard|forget).{0,30}(?:instruction|previous|above|rules)"
    r"|(?:поставь|выстави|оцени|запиши|отметь|дай)\w*.{0,40}(?:\d+ балл|максимальн\w* (?:балл|оценк)|из 100|100 из|"
    r"чек-?лист|на отлично|балл\w* менеджер|высш\w* оценк)"
    r"|(?:\bии|нейросет\w*|ассистент\w*|аналитик\w*|gpt|assistant|system)(?:-аналитик\w*)?\s*[:,-]\s*\S"
    r"|(?:системн\w+|system)\s+(?:промпт|prompt|сообщени)"
    r"|\"(?:findings|applicability|quote|refs)\"\s*:|<<<|>>>|\|m\d+\||```"
    r"|(?:не )?требует\w* ответа.{0,20}(?:верни|напиши|json)|(?:верни|выведи|output|return)\s+(?:только\s+)?json"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a message; `read` is what a reader makes of it, in small letters."""

    message: Message
    begin: int
    end: int
    read: str

    @property
    def ref(self) -> str:
        return self.message.ref

    @property
    def words(self) -> str:
        return self.message.text[self.begin : self.end]

    def quote_with(self, part: str | None) -> str:
        """A quote of the sentence; of a long one its beginning, or the words up to `part`."""
        at = self.words.find(part) if part else -1
        return quote(self.message.text, self.begin, self.end, keep=self.begin + at + len(part or "") if at > 0 else 0)

    @property
    def asks(self) -> bool:
        return "?" in self.read


@dataclass(frozen=True, slots=True)
class Turn:
    """Messages of one side in a row; automatic ones between them do not count, a call ends it."""

    side: Literal["client", "manager"]
    messages: tuple[Message, ...]


@dataclass
class Reading:
    """Everything that the rules ask about an episode."""

    episode: Episode
    _sentences: dict[str, tuple[Sentence, ...]] = field(default_factory=dict[str, tuple[Sentence, ...]])

    def sentences(self, message: Message) -> tuple[Sentence, ...]:
        """Sentences with words; attachments and their names say nothing."""
        known = self._sentences.get(message.ref)
        if known is None:
            text = _MARK.sub(lambda mark: " " * len(mark.group()), message.text)
            known = tuple(
                Sentence(message, begin, end, spelling.read(text[begin:end])) for begin, end in sentences(text)
            )
            self._sentences[message.ref] = known
        return known

    @cached_property
    def orders(self) -> tuple[Message, ...]:
        """Client messages that tell the analyst what to say; whatever else they hold is not believed."""
        written = (message for message in self.episode.messages if message.side == "client")
        return tuple(message for message in written if _ORDERS.search(spelling.plain(message.text)))

    @cached_property
    def client(self) -> tuple[Sentence, ...]:
        """What the client said, without orders to the analyst."""
        return tuple(self._said("client", without=self.orders))

    @cached_property
    def manager(self) -> tuple[Sentence, ...]:
        return tuple(self._said("manager"))

    @cached_property
    def client_texts(self) -> tuple[Message, ...]:
        """Client messages that hold more than attachments."""
        return tuple(
            message for message in self.episode.messages if message.side == "client" and self.sentences(message)
        )

    @cached_property
    def manager_texts(self) -> tuple[Message, ...]:
        return tuple(
            message for message in self.episode.messages if message.side == "manager" and self.sentences(message)
        )

    @property
    def first_of_manager(self) -> Message | None:
        return next((message for message in self.episode.messages if message.side == "manager"), None)

    def _said(self, side: Literal["client", "manager"], without: Sequence[Message] = ()) -> Iterable[Sentence]:
        for message in self.episode.messages:
            if message.side == side and message not in without:
                yield from self.sentences(message)

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        return self._turns(without=())

    @cached_property
    def heard(self) -> tuple[Turn, ...]:
        """The turns as if nobody had given orders to the analyst."""
        return self._turns(without=self.orders)

    def _turns(self, without: Sequence[Message]) -> tuple[Turn, ...]:
        made: list[tuple[Literal["client", "manager"], list[Message]]] = []
        previous = -1
        for message in self.episode.messages:
            if message.side not in ("client", "manager") or message in without:
                continue
            called = any(previous < call < message.place for call in self.episode.calls)
            if made and made[-1][0] == message.side and not called:
                made[-1][1].append(message)
            else:
                made.append((message.side, [message]))
            previous = message.place
        return tuple(Turn(side, tuple(messages)) for side, messages in made)

    def asks_for_reply(self, turn: Turn) -> bool:
        """Whether a client turn that was heard waits for an answer: it says more than thanks, or was asked for."""
        before = manager_before(self.heard, turn)
        asked = any("?" in message.text for message in before)
        return asked or not all(self.is_closing(message) for message in turn.messages)

    @cached_property
    def waits(self) -> bool:
        """Whether the client has the last word and waits."""
        if not self.heard or self.heard[-1].side != "client":
            return False
        last_place = self.heard[-1].messages[-1].place
        called = any(call > last_place for call in self.episode.calls)
        return not called and self.asks_for_reply(self.heard[-1])

    def is_closing(self, message: Message) -> bool:
        """Thanks, «ok», a sticker or emoji: a message that asks for nothing."""
        if _STICKER in message.text:
            return True
        if _MARK.search(message.text):
            return False
        return _only_thanks(spelling.plain(message.text))

    def first_request(self, message: Message) -> Sentence | None:
        """The sentence of a message that waits for something: its question, else what is more than thanks."""
        parts = self.sentences(message)
        asking = next((part for part in parts if part.asks), None)
        return asking or next((part for part in parts if not _only_thanks(part.read)), None)

    def called_after(self, sentence: Sentence) -> bool:
        """Whether somebody telephoned later: what was said there cannot be read."""
        return any(call > sentence.message.place for call in self.episode.calls)

    def manager_after(self, sentence: Sentence) -> list[Sentence]:
        return [item for item in self.manager if item.message.place > sentence.message.place]


def last_of_client(turns: Sequence[Turn]) -> Turn | None:
    return next((turn for turn in reversed(turns) if turn.side == "client"), None)


def manager_before(turns: Sequence[Turn], turn: Turn) -> list[Message]:
    """What managers wrote between a client turn and the client's one before it."""
    found: list[Message] = []
    for earlier in reversed(turns[: turns.index(turn)]):
        if earlier.side == "client":
            break
        found += earlier.messages
    return found


def _only_thanks(words: str) -> bool:
    if "?" in words:
        return False
    if not any(character.isalnum() for character in words):
        return True
    return _CLOSING.fullmatch(words.lstrip(" \t!.,()")) is not None
