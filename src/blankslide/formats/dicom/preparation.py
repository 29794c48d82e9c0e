"""How a specimen was prepared: stains and methods stay, and all else that was written down with them goes.

Table E.1-1 empties Specimen Preparation Sequence; its Clean Structured Content Option (113104) keeps what
identifies nobody. A content item stays if it is a public code under a public concept, or a text that is the
meaning of a stain, a fixative, a medium or a step; a substance that was used may be any stain or marker. The
specimen's identifier stays as the token that it has everywhere else, because readers tell the steps of specimens
apart by it. Persons, dates, places and free texts go, item by item; a step that has nothing left goes as a whole.

Source: DICOM PS3.16 TID 8001 to 8004; PS3.15 E.3.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.dicom.header import Element
from blankslide.formats.dicom.codes import Code, Standing, is_preparation

if TYPE_CHECKING:
    from collections.abc import Callable

    from blankslide.containers.dicom.header import Item

PREPARATION, CONTENT = 0x00400610, 0x00400612
TEXT_VALUE = 0x0040A160
_KIND, _CONCEPT, _VALUE = 0x0040A040, 0x0040A043, 0x0040A168
_USED = frozenset((("SCT", "424361007"), ("SRT", "G-C350")))
_IDENTIFIERS = frozenset((("DCM", "121041"), ("DCM", "111705")))


class Prepared(NamedTuple):
    """What becomes of one Specimen Preparation Sequence.

    Attributes
    ----------
    gone
        Items that go: content items, or whole steps.
    names
        Texts that are identifiers of specimens.
    texts
        Texts that stay as they are.
    whole
        Whether nothing is left.
    """

    gone: list[Item]
    names: list[Element]
    texts: list[Element]
    whole: bool


def sort_out(
    sequence: Element,
    code_of: Callable[[Item], Code],
    text_of: Callable[[Element], str],
    is_dye: Callable[[str], bool],
) -> Prepared:
    """Decide about every content item of every step.

    Parameters
    ----------
    sequence
        The Specimen Preparation Sequence.
    code_of, text_of
        How to read the item of a code sequence, and an element.
    is_dye
        Whether a text is the name of a stain or marker, and of nobody in this slide.
    """
    out, left = Prepared([], [], [], False), 0
    for step in sequence.items or ():
        kept = _step(step, code_of, text_of, is_dye)
        if kept is None:
            out.gone.append(step)
            continue
        left += 1
        out.gone.extend(kept.gone)
        out.names.extend(kept.names)
        out.texts.extend(kept.texts)
    return out._replace(whole=not left)


def _step(
    step: Item, code_of: Callable[[Item], Code], text_of: Callable[[Element], str], is_dye: Callable[[str], bool]
) -> Prepared | None:
    """Decide about one step; None if there is nothing in it that tells what was done."""
    out, useful = Prepared([], [], [], False), False
    for item in (i for e in step.elements if e.tag == CONTENT for i in e.items or ()):
        said = _text(item)
        if said is not None and _is_identifier(item, code_of):
            out.names.append(said)
        elif _is_code(item, code_of, text_of):
            useful = True
        elif said is not None and _is_substance(_concept(item, code_of), text_of(said), is_dye):
            out.texts.append(said)
            useful = True
        else:
            out.gone.append(item)
    return out if useful else None


def as_element(item: Item, parent: Element) -> Element:
    """Return an element that stands for an item, so that it can go like one."""
    out = Element(CONTENT, "SQ", item.at, item.body, item.end, parent.implicit, parent.tag)
    out.items = [item]
    return out


def _element(item: Item, tag: int) -> Element | None:
    found = [e for e in item.elements if e.tag == tag]
    return found[0] if len(found) == 1 else None


def _text(item: Item) -> Element | None:
    found = _element(item, TEXT_VALUE)
    return found if found is not None and found.items is None else None


def _codes(item: Item, tag: int, code_of: Callable[[Item], Code]) -> list[Code]:
    held = _element(item, tag)
    return [code_of(i) for i in (held.items if held is not None else None) or ()]


def _concept(item: Item, code_of: Callable[[Item], Code]) -> Code | None:
    """Return the concept of a content item if it is a public one."""
    codes = _codes(item, _CONCEPT, code_of)
    return codes[0] if len(codes) == 1 and codes[0].standing is Standing.LISTED else None


def _is_identifier(item: Item, code_of: Callable[[Item], Code]) -> bool:
    concept = _concept(item, code_of)
    return concept is not None and concept[:2] in _IDENTIFIERS


def _is_substance(concept: Code | None, text: str, is_dye: Callable[[str], bool]) -> bool:
    """Whether a text is known of preparations, or the name of a stain or marker where one that was used stands."""
    if concept is None:
        return False
    return is_preparation(text) or (concept[:2] in _USED and is_dye(text))


def _is_code(item: Item, code_of: Callable[[Item], Code], text_of: Callable[[Element], str]) -> bool:
    kind = _element(item, _KIND)
    if kind is None or kind.items is not None or text_of(kind).strip() != "CODE" or _concept(item, code_of) is None:
        return False
    values = _codes(item, _VALUE, code_of)
    return bool(values) and all(v.standing is not Standing.UNKNOWN for v in values)
