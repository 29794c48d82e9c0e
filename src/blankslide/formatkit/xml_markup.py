"""What an XML document says outside of its values: in its declaration, instructions, names and prefixes.

A name of technical words stays. An element of any other name goes with all that it holds. An instruction becomes
white space. A prefix cannot be renamed byte by byte, since two could become the same; so it is told of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blankslide.formatkit.xml_names import DECLARATION, INSTRUCTION, is_plain_name, is_plain_prefix
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from blankslide.containers.xml import Element

__all__ = ["Oddity", "instructions", "prefixes", "strange_element"]

_ASIDE = pattern(rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|(<\?.*?\?>)", 16)
_QUALIFIED = pattern(rb"[^\s/>=]+")
_DECLARED = pattern(rb"\sxmlns:([^\s=]+)")
_SPACE = 0x20
_NON_ASCII = pattern(rb"[\x80-\xff]")


class Oddity(NamedTuple):
    """A piece of markup that goes; ``byte`` is what takes its place, None if it cannot go."""

    id: str
    title: str
    start: int
    end: int
    byte: int | None
    value: str


def instructions(body: bytes) -> Iterator[Oddity]:
    """Yield instructions, and the declaration if it is none that writers make."""
    for match in _ASIDE.finditer(body):
        found = match[1]
        if found is None or INSTRUCTION.fullmatch(found):
            continue
        if found[:5] == b"<?xml" and found[5:6].isspace():
            if not DECLARATION.fullmatch(found):
                byte = None if _NON_ASCII.search(body) else _SPACE  # without one, the text is UTF-8
                yield Oddity("declaration", "Declaration of XML", *match.span(1), byte, _text(found))
        else:
            yield Oddity("instruction", "Processing instruction", *match.span(1), _SPACE, _text(found))


def _text(raw: bytes) -> str:
    return raw.strip(b"<?>").decode("utf-8", "replace").strip()


def prefixes(data: bytes, root: Element) -> Iterator[Oddity]:
    """Yield prefixes that are not technical, where they are declared."""
    if all(is_plain_prefix(name.decode("utf-8", "replace")) for name in _DECLARED.findall(data)):
        return
    for element in root.walk():
        for attribute in element.attributes:
            name = _qualified(data, attribute.start + _blanks(data, attribute.start))
            prefix, _, last = name.decode("utf-8", "replace").rpartition(":")
            if prefix == "xmlns" and not is_plain_prefix(last):
                yield Oddity("prefix", "Prefix of a namespace", attribute.start, attribute.end, None, last)


def strange_element(element: Element, known: Collection[str]) -> Oddity | None:
    """Return an element whose name is not technical; None for all others.

    It goes whole, unless it is the document's root or holds an element that the format knows. Then it is told of:
    its name stands twice, and in between the two writes the document would not be well formed.

    Parameters
    ----------
    known
        Names of elements that the format knows.
    """
    if element.name in known or is_plain_name(element.name):
        return None
    stays = element.parent is None or any(inner.name in known for inner in element.walk() if inner is not element)
    byte = None if stays else _SPACE
    end = element.open_end if stays else element.end
    return Oddity("element", "Unknown element", element.start, end, byte, element.name)


def _qualified(data: bytes, start: int) -> bytes:
    match = _QUALIFIED.match(data, start)
    return b"" if match is None else match[0]


def _blanks(data: bytes, start: int) -> int:
    end = start
    while data[end : end + 1].isspace():
        end += 1
    return end - start
