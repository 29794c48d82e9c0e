"""What each element of a DICOM header can reveal, and what is done with it.

Strategy: every element is judged in order. If Table E.1-1 lists the attribute, it decides. Other
attributes of the slide IOD stay if their value is legal (`legal_values`). All others are unknown
and go (allow-list). A sequence that goes is one entry; a sequence that stays is searched. A blank
value, a dummy of ours or a mapped UID is no entry, so a second run finds nothing.

Promise: nothing is changed here, and only references into the header are kept.

Source: DICOM PS3.15 Annex E and PS3.3 A.32.8; the project's format map, section 11.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.dicom.header import PIXEL_DATA, walk
from blankslide.containers.dicom.write import CREATOR
from blankslide.formatkit.markers import is_marker
from blankslide.formatkit.replacements import harmless, is_standard, is_token
from blankslide.formatkit.tiff_tags import is_plain
from blankslide.formats.dicom import colour_profile, palettes, preparation, terms
from blankslide.formats.dicom import legal_values as legal
from blankslide.formats.dicom import ps315_table as table
from blankslide.formats.dicom.codes import SCHEMES, Code, Standing, meanings
from blankslide.model import PhiClass
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.containers.dicom.header import Element, Header, Item

ICC, METHOD = 0x00282000, 0x00120063
METHODS = ("Blankslide: PS3.15 Basic Profile", "Blankslide E.1", "BS")
_CREATOR_UID, _PRIVATE_INFORMATION = 0x00020100, 0x00020102
_PER_FRAME = 0x52009230
_MOST_VALUES, _MOST_TEXT = 64, 1 << 20
#: Dummy values for type 1 attributes, by value representation.
DUMMIES = {
    "DA": b"19000101", "DT": b"19000101000000", "TM": b"000000", "AS": b"000Y", "IS": b"0", "DS": b"0", "CS": b"NONE",
    "US": b"\0\0", "SS": b"\0\0", "UL": bytes(4), "SL": bytes(4), "FL": bytes(4), "FD": bytes(8), "OB": b"\0\0",
    "OW": b"\0\0", "UN": b"\0\0", "SV": bytes(8), "UV": bytes(8), "UI": b"2.25.0",
}  # fmt: skip
TEXT_DUMMY = b"X"
PATIENT_ID = 0x00100020
#: Identifiers that tell optical paths, containers, specimens and patients apart -> least length of their tokens.
KEPT_APART = {0x00480106: 8, 0x00400512: 12, 0x00400551: 12, preparation.TEXT_VALUE: 12, PATIENT_ID: 12}
#: The only value that an attribute of a slide can have.
OWN_DUMMIES = {0x00080060: b"SM"}
SHORT_DUMMIES = {"DT": b"1900", "TM": b"00"}

_VALUES, _SCHEME, _VERSION, _MEANING = (0x00080100, 0x00080119, 0x00080120), 0x00080102, 0x00080103, 0x00080104
_LETTERS = pattern(r"[^\W\d_]{3,}")
_VERSION_TEXT = pattern(r"\d{1,3}(?:\.\d{1,3}){0,2}")
_MAKERS = frozenset((0x00080070, 0x00081090, 0x00181020, 0x00020013))
_MAKERS_WORDS = pattern(
    r"unknown|none|pydicom|highdicom|wsidicom\w*|dcmtk|offis_dcmtk_\d+|pixelmed\w*|gdcm|orthanc|dcm4che\w*|microsystems|"
    r"photonics|inc|gmbh|corporation|systems|digital|pathology|imaging|diagnostics|roche|sakura|google|nikon|k\.k\.",
    re.I,
)
_CLASS_UIDS = frozenset((0x00020012, 0x0008010C))


class Entry(NamedTuple):
    """An element that may go.

    Attributes
    ----------
    effect
        ``X`` remove, ``Z`` empty, ``D`` dummy, ``U`` map UIDs, ``I`` blank all texts of a colour
        profile, ``J`` what is strange in it,
        ``W`` replace the values of a code string that are no terms, ``N`` replace an identifier by a token,
        ``M`` replace a code's meaning by ``new``.
    values
        Its texts, which are searched for afterwards.
    """

    id: str
    title: str
    cls: PhiClass
    effect: str
    element: Element
    values: tuple[str, ...] = ()
    weak: bool = False
    new: str = ""


class Reading(NamedTuple):
    """What was read of a header: elements that may go, empty ones that only take room, and ones that stay.

    Of a cleaned sequence (Specimen Preparation Sequence) some items stay.
    """

    entries: list[Entry]
    empties: list[Element]
    kept: list[Element]
    cleaned: list[Element]


class Reader:
    """Reads one header."""

    def __init__(self, header: Header) -> None:
        self.header = header
        charset = header.text(0x00080005)
        self.encoding = "latin-1" if charset in ("", "ISO_IR 100", "ISO_IR 6") else "utf-8"
        self.out = Reading([], [], [], [])
        self._codes: dict[int, Code] = {}
        self._settled: set[int] = set()  # places of items and texts about which more is known than they say

    def read(self) -> Reading:
        """Judge every element."""
        for element in self.header.meta:
            self._meta(element)
        self._level(self.header.elements, None)
        return self.out

    def _level(self, elements: Sequence[Element], item: Item | None) -> None:
        """Judge all elements, of all levels, without recursion."""
        stack: list[tuple[Iterator[Element], Item | None]] = [(iter(elements), item)]
        while stack:
            element = next(stack[-1][0], None)
            if element is None:
                stack.pop()
            elif element.at not in self._settled and self._asked(element, stack[-1][1]):
                held = (i for i in reversed(element.items or ()) if i.at not in self._settled)
                stack.extend((iter(i.elements), i) for i in held)

    def _asked(self, element: Element, item: Item | None) -> bool:
        """Judge one element; return whether to judge the elements inside it."""
        tag = element.tag
        action = table.action_of(tag, element.parent != 0)
        if tag & 0xFFFF == 0:
            self.out.empties.append(element)
        elif tag == METHOD:
            self._method(element)
        elif tag == preparation.PREPARATION and element.items:
            return self._prepared(element)
        elif tag == PATIENT_ID:
            self._going(element, "D")
        elif tag == PIXEL_DATA:  # inside an item, where no picture belongs
            self._going(element, "")
        elif action == "K":
            return self._staying(element, item)
        elif action == "U":
            self._uid(element)
        else:
            self._going(element, action)
        return False

    # -- kinds of elements ---------------------------------------------------------------

    def _going(self, element: Element, action: str) -> None:
        known = action != "" and not element.tag >> 16 & 1
        if self._is_blank(element, action):
            if action in ("X", ""):
                self.out.empties.append(element)
            else:
                self.out.kept.append(element)
            return
        cls = table.rows()[element.tag].cls if element.tag in table.rows() else PhiClass.UNKNOWN
        effect = action if known else "X"
        if cls is PhiClass.LINK and effect != "U":
            cls = PhiClass.QUASI
        self._add(element, cls if known else PhiClass.UNKNOWN, effect)

    def _is_blank(self, element: Element, action: str) -> bool:
        if element.items is not None:
            return not element.items
        value = self.header.value(element).strip(b"\0 \\^=")
        ours = (dummy(element.vr).strip(b"\0 "), SHORT_DUMMIES.get(element.vr))
        return not value or (action == "D" and (value in ours or self._is_token(element)))

    def _is_token(self, element: Element) -> bool:
        return element.tag in KEPT_APART and is_token(self._text(element).strip())

    def _staying(self, element: Element, item: Item | None) -> bool:
        tag = element.tag
        if element.items is not None:
            return True
        if tag == ICC:
            self._profile(element)
        elif tag in legal.CODES:
            self._code_part(element, item)
        elif element.vr == "UI":
            self._class_uid(element)
        elif tag in _MAKERS:
            self._maker(element)
        elif not self._is_legal(element, item):
            words = element.vr == "CS" and ("\\" in self._text(element) or tag in (terms.IMAGE_TYPE, terms.FRAME_TYPE))
            self._add(element, PhiClass.UNKNOWN, "W" if words else self._soft(element))
        elif element.parent != _PER_FRAME:
            self.out.kept.append(element)
        return False

    def _is_legal(self, element: Element, item: Item | None) -> bool:
        tag, vr, row = element.tag, element.vr, table.rows()[element.tag]
        if vr in legal.NUMBERS:
            return row.vr in legal.NUMBERS and legal.is_number(vr, self.header.value(element))
        if vr not in legal.TEXT:
            blob = row.vr in ("OB", "OW", "OV", "OL", "OF", "OD") and row.action == "-"
            return blob and legal.is_binary(tag, self.header.value(element), self._descriptor(tag, item))
        text = self._text(element)
        return self._is_token(element) or legal.is_text(tag, vr, text) or (tag in legal.DYES and self._is_dye(text))

    def _is_dye(self, text: str) -> bool:
        """Whether a text is the name of a stain, dye or marker, and nobody in this header is called so."""
        return is_marker(text) and not {word.casefold() for word in _LETTERS.findall(text)} & self._persons

    @cached_property
    def _persons(self) -> set[str]:
        """Words of which the names of persons consist, of three letters at least."""
        named = (e for e in walk(self.header.elements) if e.vr == "PN" and e.items is None)
        return {word.casefold() for element in named for word in _LETTERS.findall(self._text(element))}

    def _descriptor(self, tag: int, item: Item | None) -> bytes:
        """Return the descriptor that stands beside a colour table."""
        beside = item.elements if item else self.header.elements
        wanted = palettes.descriptor_of(tag)
        return next((self.header.value(e) for e in beside if e.tag == wanted and e.items is None), b"")

    # -- codes and what is told with them ----------------------------------------------------

    def _code(self, item: Item) -> Code:
        """Read the item of a code sequence."""
        if item.at not in self._codes:
            parts: dict[int, list[str]] = {}
            for element in item.elements:
                if element.tag in legal.CODES and element.items is None:
                    parts.setdefault(element.tag, []).append(self._text(element).strip())
            schemes, named = parts.get(_SCHEME, []), parts.get(_MEANING, [])
            values = [v for tag in _VALUES for v in parts.get(tag, ())]
            one = [texts[0] if len(texts) == 1 else "" for texts in (schemes, values, named)]
            self._codes[item.at] = Code(*one)
        return self._codes[item.at]

    def _code_part(self, element: Element, item: Item | None) -> None:
        """Judge a part of a code, together with the others: a value or a meaning alone says nothing."""
        tag, text = element.tag, self._text(element).strip()
        code = self._code(item) if item else Code("", "", "")
        listed = code.standing is Standing.LISTED
        if tag in _VALUES:
            fine = listed
            if code.standing is Standing.FITTING:
                title = "Code that is not in the table"
                entry = Entry(
                    "dicom.unlisted-code", title, PhiClass.UNKNOWN, self._soft(element), element, (text,), True
                )
                self.out.entries.append(entry)
                return
        elif tag == _MEANING:
            fine = code.is_pair
            if listed and not fine and text.encode("latin-1", "replace") != TEXT_DUMMY:
                self._meaning(element, text, meanings(code.scheme, code.value)[0])
                return
        elif tag == _SCHEME:
            fine = text in SCHEMES
        else:
            form = legal.is_text(tag, element.vr, text) if tag != _VERSION else _VERSION_TEXT.fullmatch(text)
            fine = bool(form) and code.scheme in SCHEMES
        if fine or not text or text.encode("latin-1", "replace") == TEXT_DUMMY:
            self.out.kept.append(element)
        else:
            self._add(element, PhiClass.UNKNOWN, self._soft(element))

    def _meaning(self, element: Element, old: str, new: str) -> None:
        """Let a code say what its table says."""
        values = () if old.casefold() in new.casefold() else (old,)
        id_, title = table.finding_id(element.tag), table.title(element.tag)
        self.out.entries.append(Entry(id_, title, PhiClass.UNKNOWN, "M", element, values, False, new))

    def _prepared(self, element: Element) -> bool:
        """Keep what a specimen was prepared with; return whether anything is left."""
        found = preparation.sort_out(element, self._code, lambda e: self._text(e).strip(), self._is_dye)
        if found.whole:
            self._going(element, "Z")
            return False
        for item in found.gone:
            self._settled.add(item.at)
            self._add(preparation.as_element(item, element), PhiClass.QUASI, "X")
        for text in found.names:
            self._settled.add(text.at)
            if self._is_token(text) or not self._text(text).strip():
                self.out.kept.append(text)
            else:
                id_, title = table.finding_id(0x00400551), table.title(0x00400551)
                self.out.entries.append(Entry(id_, title, PhiClass.DIRECT, "N", text, self._texts(text)))
        for text in found.texts:
            self._settled.add(text.at)
            self.out.kept.append(text)
        self.out.cleaned.append(element)
        return True

    def _class_uid(self, element: Element) -> None:
        uids = self._uids(element)
        if all(is_standard(u) or (element.tag in _CLASS_UIDS and legal.is_class(u)) for u in uids):
            self.out.kept.append(element)
        else:
            self._uid(element)

    def _uid(self, element: Element, like: int = 0) -> None:
        """Record a UID that is to be mapped, as a finding of its attribute, or of ``like`` if it repeats that."""
        uids = self._uids(element)
        strange = tuple(u for u in uids if not is_standard(u))  # those of an earlier run are told apart later
        if strange:
            values = tuple(dict.fromkeys(strange))
            id_, title = table.finding_id(like or element.tag), table.title(like or element.tag)
            self.out.entries.append(Entry(id_, title, PhiClass.LINK, "U", element, values))
        else:
            self.out.kept.append(element)

    def _profile(self, element: Element) -> None:
        data = self.header.value(element)
        found = colour_profile.said(data)
        if found is None:
            self._add(element, PhiClass.UNKNOWN, self._soft(element))
            return
        if colour_profile.without_strange(data) != data:
            title = "Unknown text in the ICC profile"
            entry = Entry("dicom.icc-profile.unknown", title, PhiClass.UNKNOWN, "J", element, found.texts)
            self.out.entries.append(entry)
        if colour_profile.quiet(data) != data:
            self._add(element, PhiClass.DEVICE, "I", weak=True)

    def _maker(self, element: Element) -> None:
        text = self._text(element)
        if not text or text.encode("latin-1", "replace") == TEXT_DUMMY:
            self.out.kept.append(element)
            return
        rest = " ".join(w for w in re.split(r"[\s,;\\/()]+", text) if not _MAKERS_WORDS.fullmatch(w))
        self._add(element, PhiClass.DEVICE, self._soft(element), weak=is_plain(rest))

    def _method(self, element: Element) -> None:
        """Keep the method of an earlier run of ours; that of another tool goes."""
        text = self._text(element)
        method, _, rest = text.partition("\\")
        if method.strip() in METHODS and rest.strip() in ("", "-"):
            self.out.kept.append(element)
        elif text:
            self._add(element, PhiClass.UNKNOWN, "X")

    def _meta(self, element: Element) -> None:
        tag = element.tag
        raw = self.header.value(element)
        if (tag == _CREATOR_UID and raw == CREATOR) or (tag == _PRIVATE_INFORMATION and not any(raw)):
            return
        if tag in (_CREATOR_UID, _PRIVATE_INFORMATION):
            entry = Entry(
                "dicom.private-information", "Private Information", PhiClass.UNKNOWN, "X", element, self._texts(element)
            )
            self.out.entries.append(entry)
        elif tag & 0xFFFF:
            self._asked(element, None)

    # -- helpers -------------------------------------------------------------------------

    def _soft(self, element: Element) -> str:
        """Return the effect for a value that is not legal: the attribute goes, if its type allows it."""
        row = table.rows().get(element.tag)
        kind = "3" if row is None else (row.inside if element.parent else row.root)[0]
        if element.tag in (0x00020001, 0x00020013):
            return "X" if element.tag == 0x00020013 else "D"
        return {"1": "D", "2": "Z"}.get(kind, "X")

    def _add(self, element: Element, cls: PhiClass, effect: str, weak: bool = False) -> None:
        values = self._values(element)
        if effect == "D" and element.tag in KEPT_APART and element.vr in ("LO", "SH"):
            effect = "N"
        if element.tag >> 16 & 1 and all(map(harmless, values)):
            values = ()  # a private element goes also if it is a number, but that is not worth a search
        id_, title = table.finding_id(element.tag), table.title(element.tag)
        self.out.entries.append(Entry(id_, title, cls, effect, element, values, weak))

    def _values(self, element: Element) -> tuple[str, ...]:
        """Return the texts of an element, or of all inside it; not codes, which also stand in elements that stay."""
        if element.items is None:
            return self._texts(element)
        found: dict[str, None] = {}
        stack = [element]
        while stack and len(found) < _MOST_VALUES:
            for inner in (e for i in stack.pop().items or () for e in i.elements):
                if inner.items is not None:
                    stack.append(inner)
                elif inner.tag not in legal.CODES and inner.vr != "CS":
                    found.update(dict.fromkeys(t for t in self._texts(inner) if not is_standard(t)))
        return tuple(found)[:_MOST_VALUES]

    def _texts(self, element: Element) -> tuple[str, ...]:
        raw = self.header.value(element)
        if element.vr in legal.NUMBERS:
            return (_number(element.vr, raw),)
        if element.tag == ICC or len(raw) > _MOST_TEXT:
            return ()
        if element.vr not in legal.TEXT and not legal.reads(raw):
            return ()
        text = self._text(element)
        several = element.vr not in ("LT", "ST", "UT", "UR", "UN", "OB", "OW")
        return tuple(t for part in (text.split("\\") if several else (text,)) if (t := part.strip("\0 ")))

    def _text(self, element: Element) -> str:
        raw = self.header.value(element).rstrip(b"\0 ")
        return raw.decode("latin-1") if self.encoding == "latin-1" else raw.decode("utf-8", "surrogateescape")

    def _uids(self, element: Element) -> tuple[str, ...]:
        raw = self.header.value(element).decode("latin-1")
        return tuple(u for part in raw.split("\\") if (u := part.strip("\0 ")))


def dummy(vr: str) -> bytes:
    """Return the dummy value for an attribute that may not be empty."""
    return DUMMIES.get(vr, TEXT_DUMMY)


def _number(vr: str, raw: bytes) -> str:
    kind = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q", "AT": "H"}[vr]
    size = struct.calcsize(kind)
    return " ".join(map(repr, struct.unpack(f"<{len(raw) // size}{kind}", raw[: len(raw) // size * size])))
