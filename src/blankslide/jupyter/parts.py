"""What a card is made of: parts that say something, and hear what a person does with them.

A part is plain data, so a card can be built, changed and tested without a browser; `sheet` brings it to pages, and
`static/page.js` draws it. What a part says is sent as a message and is never the state of a widget: notebooks keep
states, and a label or a value must not be among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from blankslide.presentation.html_card import Tone

T = TypeVar("T")
V = TypeVar("V")
Says = dict[str, Any]
Heard = Mapping[str, Any]
_numbers = count(1)


class Said(Generic[T]):
    """An attribute of a part that pages see; setting it tells them.

    Parameters
    ----------
    first
        Its value before anybody set it.
    """

    def __init__(self, first: T) -> None:
        self._first = first

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, part: None, owner: type) -> Said[T]: ...
    @overload
    def __get__(self, part: Part, owner: type) -> T: ...
    def __get__(self, part: Part | None, owner: type) -> T | Said[T]:
        if part is None:
            return self
        value: T = part._says.get(self._name, self._first)
        return value

    def __set__(self, part: Part, value: T) -> None:
        part.say(**{self._name: value})

    @property
    def first(self) -> T:
        """Its value before anybody set it."""
        return self._first


class Part:
    """A part, and those inside it.

    Attributes
    ----------
    id
        A number that no other part has.
    kind
        What it is drawn as.
    shown
        Whether it can be seen.
    """

    kind = "box"
    shown = Said(True)

    def __init__(self, *children: Part, **says: object) -> None:
        self.id = next(_numbers)
        self.tell: Callable[[Part, Says], None] = _untold
        self._children = children
        self._says: Says = {}
        for name, value in says.items():
            if not isinstance(getattr(type(self), name, None), Said):
                raise AttributeError(f"a {self.kind} says no {name}")
            self._says[name] = value

    @property
    def children(self) -> tuple[Part, ...]:
        """The parts inside."""
        return self._children

    @children.setter
    def children(self, parts: Iterable[Part]) -> None:
        self._children = tuple(parts)
        for part in self.all():
            part.tell = self.tell
        self.tell(self, {})

    def all(self) -> Iterator[Part]:
        """Yield this part and all below it."""
        yield self
        for child in self.children:
            yield from child.all()

    def say(self, **says: object) -> None:
        """Say something else; pages are told what is new."""
        new = {name: value for name, value in says.items() if self._differs(name, value)}
        if new:
            self._says.update(new)
            self.tell(self, new)

    def _differs(self, name: str, value: object) -> bool:
        return name not in self._says or bool(self._says[name] != value)

    def plain(self) -> Says:
        """Return all that it says, those never set too."""
        told: Says = {}
        for owner in reversed(type(self).__mro__):
            told |= {name: said.first for name, said in vars(owner).items() if isinstance(said, Said)}
        return told | self._says

    def hear(self, said: Heard) -> None:
        """Take what a person did in a page; what makes no sense is nothing."""

    def words(self) -> str:
        """Return what a person reads here, without what is inside."""
        return ""


def _untold(part: Part, says: Says) -> None:
    """No page shows it yet."""


class Box(Part):
    """Parts above each other, or side by side where ``style`` is ``line``; ``name`` is for who cannot see the card."""

    style = Said("")
    name = Said("")


class Head(Part):
    """The sentence that leads, and the word of its badge."""

    kind = "head"
    text = Said("")
    state = Said("")
    tone: Said[Tone] = Said("quiet")
    level = Said(2)

    def words(self) -> str:
        """As `Part.words`."""
        return f"{self.text} {self.state}"


class Text(Part):
    """Sentences; ``live`` ones are read out when they change."""

    kind = "text"
    lines: Said[Sequence[str]] = Said(())
    tone = Said("")
    live = Said(False)

    def words(self) -> str:
        """As `Part.words`."""
        return "\n".join(self.lines)


class Button(Part):
    """Something to press."""

    kind = "button"
    label = Said("")
    tip = Said("")
    disabled = Said(False)
    danger = Said(False)

    def __init__(self, does: Callable[[], None] | None = None, **says: object) -> None:
        super().__init__(**says)
        self._does: list[Callable[[], None]] = [does] if does is not None else []

    def on_click(self, does: Callable[[], None]) -> None:
        """Call something when it is pressed."""
        self._does.append(does)

    def click(self) -> None:
        """Do what pressing it does."""
        for does in tuple(self._does):
            does()

    def hear(self, said: Heard) -> None:
        """As `Part.hear`."""
        if said.get("do") == "press" and not self.disabled:
            self.click()

    def words(self) -> str:
        """As `Part.words`."""
        return self.label


class Input(Part, Generic[V]):
    """Something with a value that a person can change.

    Parameters
    ----------
    value
        At first.
    does
        Called with the value whenever it is another one, whoever changed it.
    """

    label = Said("")
    disabled = Said(False)

    def __init__(self, value: V, does: Callable[[V], None] | None = None, **says: object) -> None:
        super().__init__(**says)
        self._does: list[Callable[[V], None]] = [does] if does is not None else []
        self._value = value
        self._says |= self._shown(value)

    def _shown(self, value: V) -> Says:
        return {"value": value}

    @property
    def value(self) -> V:
        """What is chosen now."""
        return self._value

    @value.setter
    def value(self, value: V) -> None:
        if value == self._value:
            return
        self._value = value
        self.say(**self._shown(value))
        for does in tuple(self._does):
            does(value)

    def observe(self, does: Callable[[V], None]) -> None:
        """Call something when the value is another one."""
        self._does.append(does)

    def hear(self, said: Heard) -> None:
        """As `Part.hear`."""
        if said.get("do") == "set" and not self.disabled:
            known, value = self._meant(said.get("value"))
            if known:
                self._says |= self._shown(value)  # the page that said it shows it already
                self.value = value

    def _meant(self, said: object) -> tuple[bool, V]:
        raise NotImplementedError

    def words(self) -> str:
        """As `Part.words`."""
        return self.label


class Check(Input[bool]):
    """Something to tick."""

    kind = "check"

    def _meant(self, said: object) -> tuple[bool, bool]:
        return isinstance(said, bool), bool(said)


class Toggle(Check):
    """A button that stays down."""

    kind = "toggle"


class Fold(Check):
    """Parts that are seen when a person opens it."""

    kind = "fold"

    def __init__(self, *children: Part, does: Callable[[bool], None] | None = None, **says: object) -> None:
        super().__init__(False, does, **says)
        self._children = children


class Field(Input[str]):
    """A line of text that a person types; what is longer than ``LONGEST`` is not taken."""

    kind = "field"
    LONGEST = 4000
    type = Said("text")
    width = Said("180px")
    placeholder = Said("")
    focus = Said(0)

    def ask_focus(self) -> None:
        """Let the next keys go into it."""
        self.focus += 1

    def _meant(self, said: object) -> tuple[bool, str]:
        return isinstance(said, str) and len(said) <= self.LONGEST, str(said)


class Choice(Input[str]):
    """One of several.

    Parameters
    ----------
    options
        (what is shown, what it means) each.
    """

    kind = "choice"
    options: Said[Sequence[str]] = Said(())
    chosen = Said(0)

    def __init__(
        self,
        options: Sequence[tuple[str, str]],
        value: str | None = None,
        does: Callable[[str], None] | None = None,
        **says: object,
    ) -> None:
        self._options = list(options)
        first = options[0][1] if value is None else value
        super().__init__(first, does, options=[shown for shown, _ in options], **says)

    def _shown(self, value: str) -> Says:
        meanings = [meaning for _, meaning in self._options]
        return {"chosen": meanings.index(value) if value in meanings else 0}

    def offer(self, options: Sequence[tuple[str, str]]) -> None:
        """Offer others; what is chosen stays if it is among them."""
        self._options = list(options)
        self.say(options=[shown for shown, _ in options], **self._shown(self._value))

    @property
    def chosen_words(self) -> str:
        """What is chosen, as it is shown."""
        return next((shown for shown, meaning in self._options if meaning == self._value), "")

    def _meant(self, said: object) -> tuple[bool, str]:
        if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said < len(self._options):
            return False, ""
        return True, self._options[said][1]


class Bar(Part):
    """How far something is, from 0 to 1, and in words."""

    kind = "bar"
    label = Said("progress")
    value = Said(0.0)
    words_beside: Said[str] = Said("")

    def plain(self) -> Says:
        """As `Part.plain`."""
        told = super().plain()
        return told | {"words": told["words_beside"]}

    def move(self, value: float, words: str) -> None:
        """Say both."""
        self._says |= {"words_beside": words}
        self.say(value=value, words=words)

    def words(self) -> str:
        """As `Part.words`."""
        return self.words_beside


class Keys(Part):
    """Parts that answer to keys while one of them, or the whole, is in focus."""

    kind = "keys"
    keys: Said[Sequence[str]] = Said(())
    name = Said("")

    def __init__(self, *children: Part, does: Callable[[str], None], **says: object) -> None:
        super().__init__(*children, **says)
        self._does = does

    def hear(self, said: Heard) -> None:
        """As `Part.hear`."""
        if said.get("do") == "key" and said.get("value") in self.keys:
            self._does(str(said["value"]))
