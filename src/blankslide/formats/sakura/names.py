"""Names of tables, columns, indexes and types that scanners and their programs give: known words, put together.

A name in a schema is text like any other, and a column can be called after somebody. A name is known if each of its
words is one of databases, slides or scanners, with few letters and digits beside them. Those that are surnames too, as
*White* and *Field*, the census (`sakura.words`) knows as parts of whole names only, and tells of elsewhere.

Promise: a name that is not known is told of, since the statements around it cannot be rewritten for certain.
"""

from __future__ import annotations

from blankslide.model.patterns import pattern

_WORDS = frozenset(
    "sqlite tbl oid xpo xp object type types name names id ids guid uuid key keys index idx table tables column "
    "row rows value values data date time datetime text blob size count number version optimistic lock field gc "
    "record records parent child owner master magic bytes byte total seq sequence stat autoindex config "
    "configuration setting settings manager list item items entry created modified deleted state status flag "
    "flags note notes comment comments description keywords extra undo audit log history was old new place sum "
    "sums bare aside one two three aux temp main default unique primary foreign sv gpi svgpi slide slides scan "
    "scans scanned scanner scanning hr label overview image images thumbnail picture pictures pyramid level "
    "levels tile tiles tileid pyramidlevel columnindex rowindex colorindex color colour channel focus focussing "
    "focusing stack method plane planes grid pos position center centre on mm per pix pixel pixels um resolution "
    "nominal lens magnification objective numerical aperture camera serial exposure gain gamma white balance "
    "illumination lamp light stage station machine operator login user creator patient case specimen block "
    "diagnosis code barcode tissue stain area region regions annotation annotations width height depth offset "
    "scale factor quality compression header footer check crc hash format mode m sakura sql ite "
    "weak reference target assembly creation".split()
)
_TOKEN = pattern(r"SQLite|XPO(?![a-z])|XP|SV|HR|GPI|OID|TILE|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^A-Za-z\d_.]")
_LONGEST_NUMBER, _LONGEST_LETTERS = 3, 2


def is_known(name: str) -> bool:
    """Whether a name consists of known words, and of few letters and digits."""
    tokens = _TOKEN.findall(name)
    if sum(len(t) for t in tokens if t.isdigit()) > _LONGEST_NUMBER:
        return False
    return all(t.isdigit() or (len(t) <= _LONGEST_LETTERS and t.isalpha()) or _is_word(t.lower()) for t in tokens)


def _is_word(token: str) -> bool:
    """Whether letters are one word, or two that are written as one."""
    if token in _WORDS:
        return True
    return any(token[:at] in _WORDS and token[at:] in _WORDS for at in range(3, len(token) - 2))
