"""How a dialog runs: who writes when, who answers how soon, and who is forgotten.

The course depends on the story's own random numbers only, never on what was planted so far: a world that ends later
must begin with the same messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from synkro_resources.sandbox.world import texts
from synkro_resources.sandbox.world.calendar import WorkingTime
from synkro_resources.sandbox.world.dialogs import DialogScript
from synkro_resources.sandbox.world.meanings import ManagerSays, of_client, of_manager
from synkro_resources.sandbox.world.messages import Content, media, text

EVENING_END = timedelta(hours=3, minutes=30)
"""How long after closing a manager may still answer."""
LONGEST_EPISODE = timedelta(days=5)
"""No new exchange begins later after an episode's start, so that none outgrows the 14 days a day reads back."""
CALL_WITHIN = timedelta(hours=40)
"""A call answers only what was written so recently; after longer silences managers write."""

ConnectedCall = Callable[[datetime], None]
"""Plants a connected call with the client in the CRM."""


@dataclass(slots=True)
class Conversation:
    """Drives one dialog; `now` is the time of the last thing that happened."""

    script: DialogScript
    rng: Random
    working_time: WorkingTime
    now: datetime
    client_name: str
    manager_name: str
    call: ConnectedCall | None = None
    """None where the client is unknown to the CRM, so that no call could belong to him."""

    def first_contact(self, *, bot: bool = False) -> None:
        """The client opens an episode at `now`, sometimes with several messages in a row."""
        self.burst(texts.CLIENT_OPENINGS, bot=bot)

    def burst(self, openings: tuple[str, ...], *, bot: bool = False) -> None:
        """One to four client messages from `now` on, some of them in the same second."""
        at = first = self.now
        self.script.client(at, self._client_words(openings))
        if bot:
            self.script.bot(first + self._micro(timedelta(seconds=1), timedelta(seconds=2.9)))
        for _ in range(self.rng.choices((0, 1, 2, 3), (60, 24, 11, 5))[0]):
            step = timedelta(seconds=self.rng.choice((4, 9, 20, 45, 130)))
            at += step
            self.script.client(at, self._client_addition())
            if self.rng.random() < 0.25:
                self.script.client(at, self._client_addition())
        self.now = at

    def exchange(self, openings: tuple[str, ...] = texts.CLIENT_FOLLOWUPS) -> None:
        """The client writes at `now` and gets an answer."""
        self.burst(openings)
        self.answer()

    def answer(self, *, asks: bool | None = None) -> None:
        """A manager answers what was written last: in time, late, in the evening or by telephone."""
        at = self._answer_time()
        by_call = self.rng.random() < 0.06
        if by_call and self.call is not None and at - self.now < CALL_WITHIN and self.working_time.is_open(at):
            self.ring(at)
        else:
            self.reply(at, asks=asks)

    def reply(self, at: datetime, *, asks: bool | None = None) -> None:
        """A manager writes one to three messages; the first is the answer."""
        asking = self.rng.random() < 0.4 if asks is None else asks
        at = at + self._micro(timedelta(), timedelta(seconds=0.99))
        more = self.rng.choices((0, 1, 2), (72, 22, 6))[0]
        for number in range(more + 1):
            asks_now = asking and number == more
            self.script.manager(at, self._manager_words(asks_now, greet=number == 0), asks=asks_now)
            at += self._micro(timedelta(seconds=12), timedelta(seconds=90))
        self.now = at.replace(microsecond=0)

    def send(self, content: Content, *, asks: bool = False) -> None:
        """A manager answers soon with exactly one given message."""
        at = self._answer_time(quick=True)
        self.script.manager(at + self._micro(timedelta(), timedelta(seconds=0.99)), content, asks=asks)
        self.now = at + timedelta(seconds=1)

    def ring(self, at: datetime) -> None:
        """A connected call at a whole second, as the CRM keeps it."""
        at = at.replace(microsecond=0)
        if self.call is not None:
            self.call(at)
        self.script.call(at)
        self.now = at + timedelta(minutes=self.rng.randrange(2, 9))

    def close(self) -> None:
        """The client says thanks a little later. Only after a statement: a question would make him wait again."""
        self.pause(timedelta(seconds=20), timedelta(minutes=25))
        self.script.client(self.now, self._closing(), closing=True)

    def react(self) -> None:
        """A thumb on the last message."""
        self.pause(timedelta(seconds=15), timedelta(minutes=5))
        self.script.reaction(self.now)

    def undelivered(self) -> None:
        """A manager's message that does not arrive."""
        at = self._answer_time(quick=True)
        self.script.fail(at + self._micro(timedelta(), timedelta(seconds=0.9)), self.statement())
        self.now = at + timedelta(seconds=30)

    def pause(self, shortest: timedelta, longest: timedelta) -> None:
        """Let time pass; clients write at whole seconds."""
        self.now = self.now.replace(microsecond=0) + timedelta(
            seconds=self.rng.randrange(int(shortest.total_seconds()), int(longest.total_seconds()))
        )

    def to_working_time(self) -> None:
        """Go on to a working hour that leaves time for an answer on the same day."""
        opened = self.working_time.next_open(self.now)
        if not self.working_time.is_open(opened + timedelta(hours=2)):
            opened = self.working_time.next_open(opened + timedelta(hours=6))
        if opened != self.now:
            self.now = opened + timedelta(seconds=self.rng.randrange(30, 5400))

    def episode(self, *, turns: int, forgotten: bool) -> None:
        """What follows after a client's first messages: answers and further turns, and an ending."""
        start = self.now
        for number in range(turns):
            last = number == turns - 1
            if last and forgotten:
                return
            self.answer(asks=False if last else None)
            if last or self.now - start > LONGEST_EPISODE:
                break
            self.client_returns()
        else:
            return
        self._ending()

    def client_returns(self) -> None:
        """The client goes on in the same episode: at once, some hours later, rarely after 71 hours."""
        if self.rng.random() < 0.03:
            self.now = self.now.replace(microsecond=0) + timedelta(hours=71, seconds=self.rng.randrange(600))
        else:
            hours = self.rng.choices((1, 4, 20), (70, 20, 10))[0]
            self.pause(timedelta(seconds=40), timedelta(hours=hours))
        self.burst(texts.CLIENT_FOLLOWUPS)

    def manager_opens(self) -> None:
        """A manager writes first, in working time."""
        self.to_working_time()
        opening = texts.pick(self.rng, texts.OUTBOUND_OPENINGS, client=self._address(), manager=self.manager_name)
        said = text(opening.words, of_manager(opening.template))
        self.script.manager(self.now + self._micro(timedelta(), timedelta(seconds=0.9)), said)

    def _ending(self) -> None:
        """The last word was a manager's statement or a call, possibly after earlier questions of the same turn."""
        roll = self.rng.random()
        if roll < 0.5:
            self.close()
            if self.rng.random() < 0.15 and self.working_time.is_open(self.now + timedelta(minutes=3)):
                self.script.manager(
                    self.now + self._micro(timedelta(seconds=50), timedelta(seconds=160)),
                    text(texts.pick(self.rng, texts.THANKS_FROM_MANAGER, client=self._address()).words, ManagerSays()),
                )
                self.now += timedelta(seconds=170)
        elif roll < 0.54:
            self.react()

    def _answer_time(self, *, quick: bool = False) -> datetime:
        """When a manager answers what was written at `now`, at a whole second."""
        rng, wt = self.rng, self.working_time
        if not quick and not wt.is_open(self.now) and rng.random() < 0.14:
            return self.now + timedelta(seconds=rng.randrange(90, 1500))
        start = wt.next_open(self.now)
        if start != self.now:  # the night's messages are worked off after opening
            start += timedelta(seconds=rng.randrange(30, 900 if rng.random() < 0.75 else 4200))
            return start if wt.is_open(start) else wt.next_open(start)
        longest = 840 if quick or rng.random() < 0.72 else 9000
        at = start + timedelta(seconds=rng.randrange(45, longest))
        if wt.is_open(at):
            return at
        if rng.random() < 0.4 and at - self.now < EVENING_END:
            return at
        return wt.next_open(at) + timedelta(seconds=rng.randrange(60, 2400))

    def _client_words(self, openings: tuple[str, ...]) -> Content:
        phrase = texts.pick(self.rng, openings)
        words = texts.like_a_person(self.rng, phrase.words)
        if self.rng.random() < 0.05:
            return self._voice()
        return text(words, of_client(phrase.template))

    def _client_addition(self) -> Content:
        rng = self.rng
        roll = rng.random()
        number = str(rng.randrange(1000, 9999))
        if roll < 0.15:
            return media(
                "image", rng.choice(texts.IMAGE_NAMES).format(n=number), "image/jpeg", rng.randrange(20_000, 900_000)
            )
        if roll < 0.22:
            return self._voice()
        if roll < 0.26:
            name = rng.choice(texts.FILE_NAMES).format(n=number)
            return media("file", name, "application/octet-stream", rng.randrange(9_000, 2_000_000))
        phrase = texts.pick(rng, texts.CLIENT_ADDITIONS)
        return text(texts.like_a_person(rng, phrase.words), of_client(phrase.template))

    def _voice(self) -> Content:
        return media("voice", self.rng.choice(texts.VOICE_NAMES), "audio/ogg", self.rng.randrange(4_000, 90_000))

    def _closing(self) -> Content:
        if self.rng.random() < 0.12:
            return media("sticker", "sticker.webp", "image/webp", self.rng.randrange(8_000, 40_000))
        words = self.rng.choice(texts.CLOSINGS)
        return text(words, of_client(words))

    def _manager_words(self, asks: bool, *, greet: bool) -> Content:
        rng = self.rng
        phrase = texts.pick(rng, texts.MANAGER_QUESTIONS if asks else texts.MANAGER_STATEMENTS)
        greeting = ""
        if greet:
            greeting = texts.pick(rng, texts.GREETINGS, client=self._address(), manager=self.manager_name).words
        words, says = greeting + phrase.words, of_manager(phrase.template, greeting=greeting)
        if self.script.chat.channel == "waba" and rng.random() < 0.08:
            return Content("waba_interactive", {"type": "button", "body": {"text": words}}, says=says)
        if not asks and rng.random() < 0.05:
            file = media("file", "Смета.pdf", "application/pdf", rng.randrange(40_000, 400_000), words)
            return replace(file, says=says)
        return text(words, says)

    def statement(self) -> Content:
        """What a manager states, without a greeting."""
        phrase = texts.pick(self.rng, texts.MANAGER_STATEMENTS)
        return text(phrase.words, of_manager(phrase.template))

    def _address(self) -> str:
        return f"{self.client_name}, " if self.client_name else ""

    def _micro(self, shortest: timedelta, longest: timedelta) -> timedelta:
        """An outbound message's odd microseconds: no manager's message has a client's whole second."""
        low, high = shortest // timedelta(microseconds=1), longest // timedelta(microseconds=1)
        micros = self.rng.randrange(low, high)
        return timedelta(microseconds=micros if micros % 1_000_000 else micros + 1)
