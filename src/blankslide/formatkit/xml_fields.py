"""XML inside a tag or header: a table says what each attribute and text is; all else is unknown.

A format passes the bytes of a document and a table of rules. Values become findings whose edits
overwrite them in place, so the document keeps its length and stays well formed. A legal value of
a science key stays. A value that is not legal for its key is a finding of class UNKNOWN, and so
is everything that the table does not list, comments, processing instructions, and what stands
behind the document's end.

Attributes in the table keep their name, because vendors' readers ask for them; their value becomes
spaces, or zeros where a number must stand. A value that is blank in this way already is not a
finding. Attributes that are not in the table go with their names. So do fields that a schema
allows to be absent but not to be blank, such as dates: a format lists them in ``whole``, and white
space takes the place of the element or attribute. Of ``urn:uuid:...`` only the id is replaced: the
result is a valid URN, and links between several files still match.

Promise: each byte of the document is markup, white space, a kept legal value or part of a
finding. Names and prefixes count as markup if they are made of technical words (`xml_markup`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.xml import Element, parse
from blankslide.formatkit.markers import MARKER, Names
from blankslide.formatkit.vocabulary import Legal, slug
from blankslide.formatkit.xml_markup import Oddity, instructions, prefixes, strange_element
from blankslide.formatkit.xml_names import NAMESPACE, is_plain_name
from blankslide.model import Edit, Fill, PhiClass, Place
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.xml import Attribute
    from blankslide.formatkit.findings import FindingCollector

__all__ = ["Rule", "XmlReader", "markers", "rules", "science"]

_COMMENT = pattern(rb"<!\[CDATA\[.*?\]\]>|<!--(.*?)-->", re.S)
_NAMES = pattern(rb"</?(?:[\w.-]+:)?([A-Za-z_][\w.-]*+)|(?<![\w.-])([A-Za-z_][\w.-]*+)\s*+=\s*+[\"']")
_NEVER_COMMENT = pattern(r"\s*")
_QUOTED = pattern(r'(?:\s*"[^"]*")+\s*')
_LINKING = pattern(r"[1-9A-Za-z]|[^\0-\x7f]")
_PLAIN = pattern(rb"[^&\x80-\xff]*")
_STRANGE = "attribute", "Unknown attribute"  # its name may be a person's
_URN = b"urn:uuid:"
_SPACES = b" \t\r\n"


class Rule(NamedTuple):
    """What one attribute or text is.

    Attributes
    ----------
    id
        Last part of the finding's id.
    cls
        What it can reveal; a legal value of class SCIENCE stays.
    legal
        Pattern of whole values that stay or, with ``weak``, are weak findings.
    fill
        The byte that overwrites each byte of the value: a space, or ``0`` for numbers.
    title
        Its name for a person; by default its name in the document.
    inside
        Pattern of whole raw values of which only group 1 goes.
    """

    id: str
    cls: PhiClass
    legal: Legal | None = None
    weak: bool = False
    fill: bytes = b" "
    title: str = ""
    inside: re.Pattern[bytes] | None = None


Rules = Mapping[str, Rule]


def _key_id(key: str) -> str:
    return slug(key.rpartition("/")[2].rpartition("@")[2])


def science(legal: str, keys: str) -> dict[str, Rule]:
    """Make rules for keys (separated by spaces) whose values stay if ``legal`` matches all of the value."""
    allowed = pattern(legal)
    return {key: Rule(_key_id(key), PhiClass.SCIENCE, allowed) for key in keys.split()}


def markers(keys: str, legal: str = "") -> dict[str, Rule]:
    """Make rules for keys (separated by spaces) that name dyes and markers, or what else ``legal`` matches."""
    allowed = MARKER if not legal else Names(legal)
    return {key: Rule(_key_id(key), PhiClass.SCIENCE, allowed) for key in keys.split()}


def rules(cls: PhiClass, keys: str, fill: bytes = b" ") -> dict[str, Rule]:
    """Make rules for keys (separated by spaces) of one class, whose values go."""
    return {key: Rule(_key_id(key), cls, None, False, fill) for key in keys.split()}


def _name(element: Element) -> str:
    return element.name


def _items(value: str | None) -> list[str] | list[None]:
    """Split a list of quoted values, so that each is searched for without its quotes."""
    if value is None:
        return [None]
    return re.findall(r'"([^"]*)"', value) if _QUOTED.fullmatch(value) else [value]


class XmlReader:
    """Reads documents of one kind into findings.

    Parameters
    ----------
    found
        Where findings go.
    kept
        Where the places of legal science values go, if they are long enough for a search to hit.
    prefix
        First parts of the finding ids, ``vendor.store``.
    table
        ``Element@Attribute``, ``Parent/Element@Attribute`` or ``*@Attribute`` for attributes,
        ``Element`` or ``Parent/Element`` for text -> rule. The most specific key wins.
    named
        Returns the name that an element has in the table; by default its local name.
    comment
        Pattern of whole comments that stay.
    skip
        Elements (by their name in the table) whose text the format reads itself.
    whole
        Ids of the rules (`Rule.id`) whose element or attribute goes with its value.
    """

    judges_names = True
    """Whether an element of a name that is not technical goes, with all that it holds."""

    def __init__(
        self,
        found: FindingCollector,
        kept: list[Place],
        prefix: str,
        table: Rules,
        named: Callable[[Element], str] = _name,
        comment: re.Pattern[str] = _NEVER_COMMENT,
        skip: Collection[str] = (),
        whole: Collection[str] = (),
    ) -> None:
        self.found = found
        self.kept = kept
        self.prefix = prefix
        self.table = table
        self.named = named
        self.comment = comment
        self.skip = skip
        self.whole = frozenset(whole)
        self._known: dict[tuple[str, str, str], Rule | None] = {}
        self._elements = frozenset(part for key in table for part in key.partition("@")[0].split("/"))
        self._words: str | None = None
        self._data, self._base, self._where = b"", 0, ""

    def read(self, data: bytes, base: int, where: str, root: Element | None = None) -> Element:
        """Read one document and return its root.

        Parameters
        ----------
        data
            The document, with its terminating NUL and all that follows in the tag or header.
        base
            Offset of ``data`` in the file.
        where
            The place in words, such as ``page 0``.
        root
            The parsed document, if the format has it already.

        Raises
        ------
        DamagedSlide
            If it is not well formed.
        """
        body, _, rest = data.partition(b"\0")
        root = parse(body) if root is None else root
        self._data, self._base, self._where = body, base, where
        self._words = None
        if rest.strip(b"\0 "):
            self._add("remainder", "Text behind the document", len(body) + 1, len(data), None, b"\0")
        self._asides(body)
        behind = 0
        for element in root.walk():
            if element.start < behind:
                continue  # it goes with the element that holds it
            odd = strange_element(element, self._elements) if self.judges_names else None
            if odd is None or odd.byte is None:
                self._element(element)
            if odd is not None:
                behind = self._strange(odd, element)
        for odd in prefixes(body, root):
            self._odd(odd)
        return root

    def _strange(self, odd: Oddity, element: Element) -> int:
        """Report an element of a strange name; if it goes with all that it holds, return where it ends."""
        self._odd(odd)
        if odd.byte is None:
            return 0
        for inner in element.walk():
            for value in (inner.text, *(a.value for a in inner.attributes)):
                if value.strip():
                    self._odd(odd._replace(value=value))
        return element.end

    @property
    def vocabulary(self) -> str:
        """The document's own names, which are not searched for although a value may be one of them."""
        if self._words is None:
            names = {(a or b).decode("latin-1") for a, b in _NAMES.findall(self._data)}
            self._words = " ".join(n for n in names if is_plain_name(n))
        return self._words

    def _add(self, id: str, title: str, start: int, end: int, value: str | None, fill: bytes = b" ") -> None:
        self._record(Rule(id, PhiClass.UNKNOWN, None, False, fill, title), (start, end), (start, end), value)

    def _record(self, rule: Rule, at: tuple[int, int], goes: tuple[int, int], value: str | None) -> None:
        base = self._base
        edit: Edit = Fill(0, base + goes[0], base + goes[1], rule.fill[0])
        place = Place(0, self._where, base + at[0], base + at[1])
        for one in _items(value):
            if one is not None and one in self.vocabulary:
                one = None  # what a search would find is the document's own markup
            self.found.add(f"{self.prefix}.{rule.id}", rule.title, rule.cls, place, (edit,), one, rule.weak)

    def _asides(self, body: bytes) -> None:
        """Report comments and processing instructions."""
        for match in _COMMENT.finditer(body):
            text = (match[1] or b"").decode("utf-8", "replace").strip()
            if text and not self.comment.fullmatch(text):
                self._add("comment", "Comment", match.start(1), match.end(1), text)
        for odd in instructions(body):
            self._odd(odd)

    def _odd(self, odd: Oddity) -> None:
        """Report a piece of markup."""
        place = Place(0, self._where, self._base + odd.start, self._base + odd.end)
        edits: tuple[Edit, ...] = () if odd.byte is None else (Fill(0, place.start, place.end, odd.byte),)
        self.found.add(f"{self.prefix}.{odd.id}", odd.title, PhiClass.UNKNOWN, place, edits, odd.value)

    # -- elements ------------------------------------------------------------------------

    def _element(self, element: Element) -> None:
        name = self.named(element)
        parent = self.named(element.parent) if element.parent is not None else ""
        inside = self._inside if self._goes_whole(name, parent, element) else self._attribute
        for attribute in element.attributes:
            inside(name, parent, attribute)
        if element.texts and name not in self.skip:
            self._text(name, parent, element)

    def _goes_whole(self, name: str, parent: str, element: Element) -> bool:
        """Whether an element goes with its text, and so with its attributes."""
        rule = self._rule(parent, name, "")
        if rule is None or rule.id not in self.whole or element.children or not element.texts or name in self.skip:
            return False
        return rule.legal is None or rule.weak or not rule.legal.fullmatch(element.text)

    def _inside(self, name: str, parent: str, attribute: Attribute) -> None:
        """Report an attribute of an element that goes whole: it becomes the same white space, whatever it says."""
        known = self._rule(parent, name, attribute.name) is not None or attribute.name == "Id"
        at, value = (attribute.value_start, attribute.value_end), attribute.value
        if value.strip():
            own = Rule("attribute", PhiClass.UNKNOWN, title="Attribute")
            self._record(own, at, (attribute.start, attribute.end), None if known else value)

    def _rule(self, parent: str, name: str, attribute: str) -> Rule | None:
        key = (parent, name, attribute)
        if key not in self._known:
            tail = f"@{attribute}" if attribute else ""
            tries = [f"{parent}/{name}{tail}", f"{name}{tail}", *([f"*{tail}"] if attribute else [])]
            self._known[key] = next((self.table[t] for t in tries if t in self.table), None)
        return self._known[key]

    def _attribute(self, name: str, parent: str, attribute: Attribute) -> None:
        value = attribute.value
        spaced = self._declares_namespace(attribute)
        rule = None if spaced and attribute.name != "xmlns" else self._rule(parent, name, attribute.name)
        at = (attribute.value_start, attribute.value_end)
        if rule is not None and rule.id in self.whole:
            self._whole_field(rule, attribute.name, at, (attribute.start, attribute.end), value)
        elif rule is not None:
            self._known_value(rule, attribute.name, at, value)
        elif spaced:
            if value.strip("x") and not NAMESPACE.fullmatch(value):
                self._add("namespace", "Namespace", *at, value, b"x")
        elif value.strip() or not is_plain_name(attribute.name):
            plain = is_plain_name(attribute.name)
            id_, title = (f"{slug(name)}.{slug(attribute.name)}", attribute.name) if plain else _STRANGE
            own = Rule(id_, PhiClass.UNKNOWN, title=title)
            self._record(own, at, (attribute.start, attribute.end), value if value.strip() else attribute.name)

    def _declares_namespace(self, attribute: Attribute) -> bool:
        raw = self._data[attribute.start : attribute.value_start].lstrip(_SPACES)
        return raw.startswith((b"xmlns=", b"xmlns:", b"xmlns "))

    def _text(self, name: str, parent: str, element: Element) -> None:
        value, rule = element.text, self._rule(parent, name, "")
        if rule is not None and rule.id in self.whole and not element.children:
            span = (element.start, element.end)
            self._whole_field(rule, name, span, span, value)
            return
        if not value:
            return
        for piece in element.texts:
            raw = self._data[piece.start : piece.end]
            start = piece.start + len(raw) - len(raw.lstrip(_SPACES))
            end = piece.start + len(raw.rstrip(_SPACES))
            if end <= start:
                continue
            if rule is not None:
                self._known_value(rule, name, (start, end), value)
            else:
                self._add(f"{slug(name)}.text", f"{name} text", start, end, value)

    def _whole_field(self, rule: Rule, name: str, at: tuple[int, int], goes: tuple[int, int], value: str) -> None:
        """Report an element or attribute that goes with its value, also if the value is blank."""
        if rule.legal is None or rule.weak or not rule.legal.fullmatch(value):
            self._record(rule._replace(title=rule.title or name), at, goes, value)

    def _known_value(self, rule: Rule, name: str, at: tuple[int, int], value: str) -> None:
        """Keep a legal value, ignore a blank one, report all others."""
        if rule.cls is PhiClass.LINK and self._data.startswith(_URN, at[0]):
            at, value = (at[0] + len(_URN), at[1]), value[len(_URN) :]
        legal = rule.legal is not None and rule.legal.fullmatch(value) is not None
        if legal and not rule.weak:
            if isinstance(rule.legal, Names):
                place, fill = Place(0, self._where, self._base + at[0], self._base + at[1]), rule.fill[0]
                edit = Fill(0, place.start, place.end, fill)
                self.found.name(f"{self.prefix}.{rule.id}", rule.title or name, place, (edit,), value)
            self.kept.append(Place(0, self._where, self._base + at[0], self._base + at[1]))
            return
        if self._is_blank(rule, value):
            return
        part = rule.inside.fullmatch(self._data, *at) if rule.inside is not None else None
        if part is not None:
            at, value = part.span(1), unescape(part[1].decode("utf-8", "replace"))
            if not value.strip():
                return
        cls = PhiClass.UNKNOWN if rule.cls is PhiClass.SCIENCE else rule.cls
        if cls is PhiClass.LINK and not _PLAIN.fullmatch(self._data, *at):
            cls = PhiClass.DIRECT  # an entity or a wide character cannot be replaced byte by byte
        found = rule._replace(cls=cls, weak=rule.weak and legal, title=rule.title or name)
        self._record(found, at, at, value)

    def _is_blank(self, rule: Rule, value: str) -> bool:
        if rule.cls is PhiClass.LINK:
            return not _LINKING.search(value)  # zeros in place of an id come from an earlier run of ours
        return not value.strip(rule.fill.decode() + " \t\r\n")
