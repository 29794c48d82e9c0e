"""People, numbers, dates and addresses that nobody has, made up from a seed, and every way to write them.

Names are put together of syllables, so that they stand in no list of the product. What is searched for afterwards is
spelled out here and in `testing.spellings`, never by the product.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from blankslide.testing.spellings import spellings

if TYPE_CHECKING:
    from random import Random

GIVEN = (
    "Thordis",
    "Wendelin",
    "Ismene",
    "Leberecht",
    "Xaverine",
    "Gundobad",
    "Philomene",
    "Ottokar",
    "Jorunn",
    "Wiltrud",
)
FIRST = ("Quast", "Brom", "Wöll", "Zirk", "Murr", "Plötz", "Ketel", "Vogts", "Drall", "Hünn", "Sprock", "Jadder")
LAST = (
    "enbrück",
    "wasser",
    "ingmeier",
    "ershagen",
    "owitzky",
    "elmöller",
    "ungsdottir",
    "apoulou",
    "enzacker",
    "ibald",
)
FOREIGN = (
    ("Оксана", "Тревожченко"),
    ("Ζηνοβία", "Παπαδημούλη"),
    ("秀蘭", "歐陽曉燕子"),
    ("さくらこ", "長谷部小路"),
    ("עמליה", "בןשחרור"),
    ("زينبية", "القرطباوي"),
    ("Þórgunnur", "Æsudóttir"),
    ("Łucjanna", "Źdźbłowska"),
)
STREETS = ("Krummes Gässchen", "Am Galgenfeld", "Rue des Orfraies", "Zur Alten Walkmühle", "Hopfenstieg", "Turnip Lane")
TOWNS = ("Oberquell", "Wüsteneutzsch", "Saint-Briz", "Little Snoring", "Hinterzarten", "Bad Zwesten")
MONTHS = ("Januar Februar März April Mai Juni Juli August September Oktober November Dezember").split()


@dataclass(frozen=True)
class Value:
    """Something about somebody: what kind it is, how it reads, and the parts that must not be left."""

    kind: str
    text: str
    parts: tuple[str, ...]

    def written(self, encoding: str) -> bytes:
        """Return it in an encoding of `ENCODINGS`."""
        return ENCODINGS[encoding](self.text)

    def needles(self) -> tuple[bytes, ...]:
        """Return all bytes by which its parts are known again."""
        return tuple(sorted({needle for part in self.parts for needle in needles(part)}))


def person(random: Random, foreign: float = 0.15) -> Value:
    """Invent a person; the name is written in one of several orders."""
    given, family = random.choice(GIVEN), random.choice(FIRST) + random.choice(LAST)
    if random.random() < foreign:
        given, family = random.choice(FOREIGN)
    forms = (
        f"{given} {family}",
        f"{family}, {given}",
        f"{family}^{given}",
        f"Dr. {given} {family}",
        f"{family} {given}",
    )
    return Value("name", random.choice(forms), (given, family) if len(given) > 5 else (family,))


def number(random: Random) -> Value:
    """Invent a number of a patient, a case, a specimen or an insurance."""
    digits = "".join(random.choice("123456789") for _ in range(10))
    forms = (
        digits,
        digits[:8],
        f"S{digits[:2]}-{digits[2:7]}",
        f"H/{digits[:4]}/{digits[4:9]}",
        f"{'ABCEFGHJKLM'[int(digits[0])]}{digits[1:10]}",
        f"{digits[:3]}-{digits[3:5]}-{digits[5:9]}",
        f"+49 2{digits[:2]} {digits[2:9]}",
        f"PAT{digits[:7]}",
    )
    text = random.choice(forms)
    return Value("number", text, (text,))


def day(random: Random) -> date:
    """Invent a day of birth or of an examination."""
    return date(random.randrange(1931, 2024), random.randrange(1, 13), random.randrange(1, 29))


def dated(random: Random) -> Value:
    """Invent a day, written in one of several ways."""
    when = day(random)
    forms = (
        when.isoformat(),
        f"{when:%d.%m.%Y}",
        f"{when:%Y%m%d}",
        f"{when:%m/%d/%Y}",
        f"{when:%Y:%m:%d} 11:48:02",
        f"{when.day}. {MONTHS[when.month - 1]} {when.year}",
        f"{when:%Y-%m-%dT09:31:07Z}",
        f"{when:%d %b %Y}",
    )
    text = random.choice(forms)
    return Value("date", text, (text[:10] if "11:48" in text or "T09" in text else text,))


def address(random: Random) -> Value:
    """Invent an address, of a house or a mailbox."""
    street, town = random.choice(STREETS), random.choice(TOWNS)
    if random.random() < 0.3:
        name = random.choice(FIRST).lower() + random.choice(LAST)
        name = name.replace("ö", "oe").replace("ü", "ue")
        return Value("mail", f"{name}@{town.lower().replace(' ', '-')}.example", (name,))
    return Value("address", f"{street} {random.randrange(2, 99)}, {random.randrange(10000, 99999)} {town}", (street,))


def anything(random: Random) -> Value:
    """Invent a value of any kind."""
    return random.choice((person, person, number, dated, address))(random)


def plain(random: Random) -> Value:
    """Invent a value of letters that every encoding has."""
    while True:
        value = random.choice((person, number, dated))(random)
        if value.text.isascii():
            return value


def legacy(text: str) -> bytes:
    """Write a text as programs of its country did before Unicode."""
    for name in ("cp1252", "cp1250", "cp1251", "iso8859-7", "cp1255", "cp1256", "gbk", "shift_jis"):
        try:
            return text.encode(name)
        except UnicodeEncodeError:
            continue
    return text.encode()


# -- how texts are written ------------------------------------------------------------------

ENCODINGS: Mapping[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode(),
    "latin-1": lambda text: text.encode("latin-1", "xmlcharrefreplace"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-16 with BOM": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16-be with BOM": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-8 with BOM": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 of utf-16": lambda text: base64.b64encode(text.encode("utf-16-le")),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "a country's own": lambda text: legacy(text),
    "utf-32": lambda text: text.encode("utf-32-le"),
    "percent": lambda text: quote_from_bytes(text.encode(), safe="").encode(),
    "entities": lambda text: "".join(f"&#{ord(c)};" for c in text).encode(),
    "hex entities": lambda text: "".join(f"&#x{ord(c):X};" for c in text).encode(),
}
"""Ways to write a text as bytes."""
NARROW = ("utf-8", "latin-1", "a country's own", "base64", "hex", "HEX", "percent", "entities", "hex entities")
"""Those that can stand among other text of one byte a letter."""


_LOST = (b"???", b"%3F%3F%3F", b"%3f%3f%3f", b"3f3f3f", b"3F3F3F", b"?\0?\0?", b"Pz8/")
"""What a letter becomes that an encoding does not have: nobody is known by it."""


def needles(text: str) -> Iterator[bytes]:
    """Yield every spelling of a text by which it is known again; too short ones, which come by chance, are left out."""
    forms = [form for some in spellings(text).values() for form in some]
    forms += [legacy(text), text.encode("utf-32-le")]
    for raw in (text.encode(), text.encode("latin-1", "ignore"), text.encode("utf-16-le"), text.encode("utf-16-be")):
        forms += [raw.hex().encode(), raw.hex().upper().encode()]
    forms += [ENCODINGS[name](text) for name in ("entities", "hex entities", "latin-1")]
    forms += ["".join(f"&#x{ord(c):x};" for c in text).encode()]
    yield from (form for form in forms if len(form) >= 5 and not any(lost in form for lost in _LOST))


# -- how days are written as numbers ----------------------------------------------------------


def filetime(when: date) -> int:
    """Return a day as hundreds of nanoseconds since 1601."""
    return int((_noon(when) - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10_000_000) + 1234567


def ole(when: date) -> float:
    """Return a day as days since the end of 1899."""
    return (_noon(when) - datetime(1899, 12, 30, tzinfo=UTC)).total_seconds() / 86400 + 0.1234


def epoch(when: date) -> int:
    """Return a day as seconds since 1970; earlier days are taken a hundred years later."""
    later = when if when.year > 1970 else when.replace(year=when.year + 60)
    return int(_noon(later).timestamp()) + 4321


def _noon(when: date) -> datetime:
    return datetime.combine(when, time(12), UTC)
