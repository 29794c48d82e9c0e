"""How one format writes its descriptions: what stands between pairs, its own words, its keys.

There are three ways: a header and pairs between bars (``header|key = value|...``, as Aperio does and
others copied), one pair a line, and pairs between semicolons. A format makes one `Style` that says
which way it uses, and that holds its tables: science with its legal values, and fields with what
they can reveal::

    STYLE = Style(
        "acme",
        "[|]",
        {**numbers("mpp; appmag"), "filter": pattern("DAPI|FITC")},
        {"barcode": PhiClass.DIRECT, "date": PhiClass.QUASI},
        maker="Acme",
        words="Acme|Scanner|Pro",
    )

`text_pairs.Pairs` then reads the pages. A key that is in no table becomes a finding of class UNKNOWN;
text that cannot be a key is free text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from blankslide.formatkit.vocabulary import SHORT_NUMBER, VERSION, Legal, slug
from blankslide.model import PhiClass
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    import re

__all__ = ["KeyRule", "Style", "numbers"]

_SIZE = r"\d{1,6}(?:x| x )\d{1,6}"
_COLOUR = r"(?:RGB|YCC|YUV(?:16)?|YCbCr|YC|GRAY|GREY|MONO|KDU)"
#: What may stand in the header of any maker: sizes, codecs, versions, qualities.
_ANY_WORDS = (
    rf"(?:label|macro|thumbnail) {_SIZE}|{_SIZE}(?: -> {_SIZE})?(?: -)?"
    rf"|[\[(](?:\d{{1,7}}, ?\d{{1,7}}(?:, ?| ))?{_SIZE}[\])]|v{VERSION}[a-wyz]?|Q ?= ?\d{{1,3}}"
    rf"|(?:JPEG|JPG|J2K|JPEG2000|LZW|RAW|None|Deflate)(?: ?/ ?{_COLOUR})?"
)
_KEY = pattern(r"(?!.*\d{4})[A-Za-z0-9][A-Za-z0-9_./()#-]{0,30}(?: [A-Za-z0-9_./()#-]{1,20}){0,3}")


def numbers(keys: str) -> dict[str, Legal]:
    """Make a science table of keys whose values must be numbers; keys are in lower case, parted by semicolons."""
    return dict.fromkeys((k.strip() for k in keys.split(";")), pattern(SHORT_NUMBER))


class KeyRule(NamedTuple):
    """What a key means: id and class of its finding, and for science the values that stay."""

    id: str
    cls: PhiClass
    legal: Legal | None = None


class Style:
    """How one format writes its descriptions. Patterns that are given as text must not have groups.

    Attributes
    ----------
    prefix
        First part of the finding ids.
    separator
        Pattern of the separator between pairs, as text.
    science
        Key in lower case -> values that stay.
    fields
        Key in lower case -> what it can reveal.
    maker
        Pattern, as text, of the beginning by which readers know such a description. It always stays,
        even if more text follows directly. If it is empty, there is no header.
    words
        The maker's own words in headers, as text.
    again
        Pattern, as text, of the beginning of an older header. When a slide is saved again, a new header is
        put before the old one, with a semicolon between. By default the same as ``maker``.
    patterns
        Keys that come in many forms: pattern, id (if empty, it is made from the key), class.
    key
        Pattern of what counts as an unknown key; anything else is free text.
    make_id
        Turns a key into a part of an id.
    """

    def __init__(
        self,
        prefix: str,
        separator: str,
        science: Mapping[str, Legal],
        fields: Mapping[str, PhiClass],
        maker: str = "",
        words: str = "",
        again: str = "",
        patterns: tuple[tuple[re.Pattern[str], str, PhiClass], ...] = (),
        key: re.Pattern[str] = _KEY,
        make_id: Callable[[str], str] = slug,
    ) -> None:
        self.prefix, self.separator = prefix, separator
        self.science, self.fields = science, fields
        self.maker, self.words, self.again = maker, words, again
        self.patterns, self.key, self.make_id = patterns, key, make_id

    def id(self, last: str) -> str:
        """Return the id of a finding by its last part."""
        return f"{self.prefix}.description.{last}"

    def _key_id(self, key: str) -> str:
        return self.id(self.make_id(key))

    @cached_property
    def known(self) -> dict[str, KeyRule]:
        """Rule of each key in the tables; these keys may also stand without a value."""
        make = self._key_id
        # a science key whose value is not legal is text that nobody understands
        return {key: KeyRule(make(key), cls) for key, cls in self.fields.items()} | {
            key: KeyRule(make(key), PhiClass.UNKNOWN, legal) for key, legal in self.science.items()
        }

    @cached_property
    def beginning(self) -> re.Pattern[str]:
        """Compiled `maker`: how the first header begins."""
        return pattern(self.maker)

    @cached_property
    def header_words(self) -> re.Pattern[str]:
        """Words of a header: a row of legal words (group 1), or one word that is not legal."""
        words = rf"{_ANY_WORDS}|{self.words or self.maker}"
        return pattern(rf"((?>(?:(?:{words})(?![^\s;])[\s;]*+)+))|[^\s;]++")

    @cached_property
    def separators(self) -> re.Pattern[str]:
        """Separators before pairs."""
        return pattern(self.separator)

    @cached_property
    def borders(self) -> re.Pattern[str]:
        """Separators before pairs and (group 1) before further headers."""
        return pattern(rf"(?:{self.separator})|(;(?={self.again or self.maker}))")

    def unknown(self, key: str) -> KeyRule | None:
        """Return the rule of a key that is in no table; None if it is free text instead of a key."""
        for form, name, cls in self.patterns:
            if form.fullmatch(key):
                return KeyRule(self.id(name) if name else self._key_id(key), cls)
        return KeyRule(self._key_id(key), PhiClass.UNKNOWN) if self.key.fullmatch(key) else None
