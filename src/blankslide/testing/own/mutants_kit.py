"""Mutants of what formats share: the kit's code and tables, and what was planted for them in addition."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from blankslide.testing.own.forgetful import Mutant, code, put, wrapped

if TYPE_CHECKING:
    from pathlib import Path

_SVS, _HURON, _MOTIC, _OME = "aperio-classic.svs", "huron.tif", "motic-easyscan.tif", "ome-pyramid.ome.tif"
_BEHIND = "Left-Behind Nobody 4711"


def _tail(path: Path) -> tuple[str, ...]:
    """Leave a text behind the end, as a tool that appends would."""
    path.write_bytes(path.read_bytes() + _BEHIND.encode() + b"\0" * 9)
    return (_BEHIND,)


def _nothing(*_: object, **__: object) -> None:
    return None


def _unknown_stays(real: Any) -> Callable[..., None]:
    def read(self: Any, low: int, start: int, end: int, high: int) -> None:
        key = self._text[start:end].partition("=")[0].strip().lower()
        if key in self._known:
            real(self, low, start, end, high)
        else:
            self._out.keep(low, end)

    return read


def _first_page(real: Any) -> Callable[..., None]:
    def read(self: Any, page: Any, *more: Any) -> None:
        if not self._spans:
            real(self, page, *more)

    return read


def _only_known(real: Any) -> Callable[..., None]:
    def attribute(self: Any, name: str, parent: str, given: Any) -> None:
        if self._rule(parent, name, given.name) is not None:
            real(self, name, parent, given)

    return attribute


def _but_the_first(real: Any) -> Callable[..., None]:
    def tags(found: Any, page: Any, *more: Any) -> None:
        if page is page.tiff.pages[0]:
            real(found, page, *more)

    return tags


_KIT = "formatkit"

MUTANTS: tuple[Mutant, ...] = (
    code(_SVS, "kit: unknown keys stay", lambda: wrapped(f"{_KIT}.text_pieces:_Pairs.read", _unknown_stays)),
    code(_HURON, "kit: unknown keys stay", lambda: wrapped(f"{_KIT}.text_pieces:_Pairs.read", _unknown_stays)),
    code(_HURON, "kit: no field ever goes", lambda: put(f"{_KIT}.text_pieces:_field", _nothing), quick=True),
    code(_HURON, "kit: free text", lambda: put(f"{_KIT}.text_pieces:_Pairs._free_text", _nothing)),
    code("trestle.tif", "kit: free text", lambda: put(f"{_KIT}.text_pieces:_Pairs._free_text", _nothing)),
    code(_SVS, "kit: only the first description", lambda: wrapped(f"{_KIT}.text_pairs:Pairs.read", _first_page)),
    code(
        "aperio-gt450.svs",
        "kit: only the first description",
        lambda: wrapped(f"{_KIT}.text_pairs:Pairs.read", _first_page),
    ),
    code(_OME, "kit: unknown attributes stay", lambda: wrapped(f"{_KIT}.xml_fields:XmlReader._attribute", _only_known)),
    code(
        "ventana-iscan.bif",
        "kit: unknown attributes stay",
        lambda: wrapped(f"{_KIT}.xml_fields:XmlReader._attribute", _only_known),
    ),
    code("leica-scn400.scn", "kit: comments", lambda: put(f"{_KIT}.xml_fields:XmlReader._asides", _nothing)),
    code("argos.avs", "kit: texts of elements", lambda: put(f"{_KIT}.xml_fields:XmlReader._text", _nothing)),
    code(
        "qptiff-brightfield.qptiff",
        "kit: known values",
        lambda: put(f"{_KIT}.xml_fields:XmlReader._known_value", _nothing),
    ),
    code(_MOTIC, "kit: tags", lambda: put(f"{_KIT}.tiff_tags:_tag_finding", _nothing)),
    code(_MOTIC, "kit: tags of further pages", lambda: wrapped(f"{_KIT}.tiff_tags:tag_findings", _but_the_first)),
    code(
        "mikroscan.tif",
        "kit: dates are structure",
        lambda: wrapped(f"{_KIT}.tiff_tags:STRUCTURAL", lambda known: known | {306}),
        lambda: put(f"{_KIT}.tiff_tags:_text_in_numbers", _nothing),
    ),
    code(
        _HURON,
        "kit: bytes nobody owns",
        lambda: put(f"{_KIT}.tiff_byte_map:unowned", lambda *_: True),
        plant=_tail,
        quick=True,
    ),
    code(_OME, "kit: bytes nobody owns", lambda: put(f"{_KIT}.tiff_byte_map:unowned", lambda *_: True), plant=_tail),
    code(
        "ventana-plain.tif",
        "kit: bytes nobody owns",
        lambda: put(f"{_KIT}.tiff_byte_map:unowned", lambda *_: True),
        plant=_tail,
    ),
    code(
        "zeiss-raw.czi", "bytes nobody owns", lambda: put("formats.zeiss.format:_Slide._unowned", _nothing), plant=_tail
    ),
    code(
        "leica-versa.scn",
        "kit: pictures are not blanked",
        lambda: put(f"{_KIT}.tiff_numbered_pages:blank_pictures", _nothing),
    ),
    code(_HURON, "kit: pictures are not unlinked", lambda: put(f"{_KIT}.tiff_pictures:picture_finding", _nothing)),
    code(
        "hamamatsu-vms.vms",
        "keys of the key file",
        lambda: put("formats.hamamatsu.format_vms:_Set._read_keys", _nothing),
        quick=True,
    ),
    code("sakura.svslide", "slack of pages", lambda: put("formats.sakura.format:_Slide._report_slack", _nothing)),
)
