"""Mutants of DICOM, MIRAX, CZI and svslide. Each is one line, as in `mutants_pages`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from blankslide.testing.own.forgetful import (
    Mutant,
    as_level,
    as_thumbnail,
    as_tissue,
    code,
    forget,
    forget_in,
    forget_places,
    harmless,
    idle,
    keep,
    put,
    seen,
    wrapped,
)

_WSI, _NATIVE, _IMPLICIT = "dicom-wsi.dcm", "dicom-native.dcm", "dicom-implicit.dcm"
_MRXS, _CZI, _RAW, _DB = "mirax.mrxs", "zeiss-axioscan.czi", "zeiss-raw.czi", "sakura.svslide"
_RULES = "formats.dicom.rules:Reader"


def _unless(is_lost: Callable[..., bool]) -> Callable[[Any], object]:
    """Return what makes a method that does nothing for what is lost, and the same as before for all else."""

    def make(real: Any) -> object:
        def method(self: Any, *given: Any, **named: Any) -> Any:
            return None if is_lost(*given) else real(self, *given, **named)

        return method

    return make


def _kept_if(*tags: int) -> Callable[[Callable[[int, bool], str]], Callable[[int, bool], str]]:
    """Return what makes a table of actions one in which some attributes are kept."""
    return lambda old: lambda tag, nested: "K" if tag in tags else old(tag, nested)


def _nothing(*_: object, **__: object) -> None:
    return None


MUTANTS: tuple[Mutant, ...] = (
    # DICOM
    seen("dicom", _WSI, "keyword kept: patient name", forget("dicom.patient-name")),
    seen("dicom", _WSI, "keyword kept: comments", keep("dicom.patient-comments", "dicom.image-comments")),
    seen("dicom", _WSI, "second instance", forget_in(1)),
    seen("dicom", _WSI, "last instance", forget_in(5)),
    seen("dicom", _WSI, "instance of the label", forget("picture.label")),
    seen("dicom", _WSI, "role: label taken for a level", as_level("label")),
    seen("dicom", _WSI, "role: macro kept as thumbnail", as_thumbnail("macro")),
    seen("dicom", _WSI, "claim too wide: label is tissue", as_tissue("picture.label")),
    seen("dicom", _NATIVE, "role: label taken for a level", as_level("label")),
    seen("dicom", _NATIVE, "role: label kept as thumbnail", as_thumbnail("label")),
    seen("dicom", _WSI, "private tags", forget("dicom.private-*")),
    seen("dicom", _NATIVE, "instance of the macro", forget("picture.macro")),
    seen("dicom", _NATIVE, "container and specimen", forget("dicom.container-identifier", "dicom.specimen-identifier")),
    seen("dicom", _NATIVE, "text of the label", forget("dicom.label-text")),
    seen("dicom", _NATIVE, "title of the application", forget("dicom.source-application-entity-title")),
    seen("dicom", _IMPLICIT, "birth date", forget("dicom.patient-birth-date")),
    code(_IMPLICIT, "group of the file's meta information", lambda: put(f"{_RULES}._meta", _nothing)),
    code(
        _IMPLICIT,
        "items of sequences",
        lambda: wrapped(f"{_RULES}._asked", _unless(lambda element, item: item is not None)),
    ),
    code(
        _IMPLICIT,
        "odd groups",
        lambda: wrapped(f"{_RULES}._asked", _unless(lambda element, item: element.tag >> 16 & 1 == 1)),
    ),
    code(
        _NATIVE,
        "every long text is legal",
        lambda: put(f"{_RULES}._is_legal", lambda *_: True),
        lambda: wrapped("formats.dicom.ps315_table:action_of", _kept_if(0x00104000, 0x00204000)),
    ),
    # MIRAX
    seen("mirax", _MRXS, "record: label", forget("picture.label")),
    seen("mirax", _MRXS, "picture in the .mrxs file", forget("picture.preview")),
    seen("mirax", _MRXS, "key file", forget("mirax.ini.*")),
    seen("mirax", _MRXS, "bar code in the key file", forget("mirax.ini.barcode-text")),
    seen("mirax", _MRXS, "record of unknown kind", forget("mirax.record.unknown")),
    seen("mirax", _MRXS, "records of text", forget("mirax.record.profilename", "mirax.record.orderer")),
    seen("mirax", _MRXS, "slide id left", forget("mirax.slide-id")),
    seen("mirax", _MRXS, "text in a PNG", forget("png.text")),
    seen("mirax", _MRXS, "claim too wide: macro is tissue", as_tissue("picture.macro")),
    seen("mirax", _MRXS, "claim too wide: label is tissue", as_tissue("picture.label")),
    seen(
        "mirax", _MRXS, "claim too wide: preview is tissue", as_tissue("picture.preview", "picture.whole"), quick=True
    ),
    seen("mirax", _MRXS, "role: label taken for a level", as_level("label")),
    seen("mirax", _MRXS, "claim too wide: records of text are tissue", as_tissue("mirax.record.*")),
    seen("mirax", _MRXS, "attendant of the last position", forget_places("mirax.record.attendant", -1)),
    seen("mirax", _MRXS, "blank that draws nothing", idle("picture.whole")),
    seen("mirax", _MRXS, "section names taken for words", keep("mirax.ini.nonhier-2-*")),
    code(
        _MRXS, "everything in a record is vocabulary", lambda: put("formats.mirax.xml_like:_is_legal", lambda *_: True)
    ),
    code(_MRXS, "keys of the key file", lambda: put("formats.mirax.slidedat:_is_legal", lambda *_: True)),
    # CZI
    seen("zeiss", _CZI, "attachment: label", forget("picture.label")),
    seen("zeiss", _CZI, "attachment of unknown kind", forget("zeiss.attachment")),
    seen("zeiss", _CZI, "metadata of subblocks", forget("zeiss.tile.*")),
    seen("zeiss", _CZI, "metadata of the last subblock", forget_places("zeiss.tile.bench", -1)),
    seen("zeiss", _CZI, "deleted segment", forget("zeiss.deleted-segment")),
    seen("zeiss", _CZI, "user in the XML", forget("zeiss.xml.username")),
    seen("zeiss", _CZI, "part of the XML: experiment", forget("zeiss.xml.part.experiment")),
    seen("zeiss", _CZI, "list of events", forget("zeiss.event-list")),
    seen("zeiss", _CZI, "ids of attachments left", forget("zeiss.guid.attachment")),
    seen("zeiss", _RAW, "role: macro kept as thumbnail", as_thumbnail("macro")),
    seen("zeiss", _RAW, "bar code and OCR", forget("zeiss.xml.barcode", "zeiss.xml.ocr")),
    seen("zeiss", _RAW, "claim too wide: label is tissue", as_tissue("picture.label")),
    seen("zeiss", _RAW, "claim too wide: macro is tissue", as_tissue("picture.macro"), quick=True),
    seen("zeiss", _RAW, "attachment: macro", forget("picture.macro")),
    seen("zeiss", _RAW, "attachment: all pictures", forget("picture.*")),
    seen("zeiss", _RAW, "ids of the file left", forget("zeiss.guid.*")),
    seen("zeiss", _CZI, "role: label taken for a level", as_level("label")),
    seen("zeiss", _CZI, "claim too wide: metadata of subblocks is tissue", as_tissue("zeiss.tile.*")),
    seen("zeiss", _CZI, "claim too wide: deleted segment is tissue", as_tissue("zeiss.deleted-segment")),
    seen("zeiss", _RAW, "e-mail is harmless", harmless("zeiss.xml.email", "zeiss.xml.lastname")),
    # svslide
    seen("sakura", _DB, "column: creator", forget("sakura.svslidedataxpo.creator")),
    seen("sakura", _DB, "label and its copies", forget("picture.label")),
    seen("sakura", _DB, "small copy of the macro", forget_places("picture.macro", -1)),
    seen("sakura", _DB, "free pages", forget("sakura.free-pages"), quick=True),
    seen("sakura", _DB, "unused ends of pages", forget("sakura.slack")),
    seen("sakura", _DB, "unknown table", forget("sakura.svauditxpo.*")),
    seen("sakura", _DB, "name of the table of tiles left", forget("sakura.table-name")),
    seen("sakura", _DB, "unknown column", forget("sakura.svslidedataxpo.operatorlogin")),
    seen("sakura", _DB, "claim too wide: description is tissue", as_tissue("sakura.svslidedataxpo.description")),
    seen("sakura", _DB, "claim too wide: label is tissue", as_tissue("picture.label")),
    seen("sakura", _DB, "claim too wide: free pages are tissue", as_tissue("sakura.free-pages", "sakura.slack")),
    seen("sakura", _DB, "role: macro kept as thumbnail", as_thumbnail("macro")),
    seen("sakura", _DB, "kept list too wide: code", keep("sakura.svslidedataxpo.diagnosiscode")),
)
