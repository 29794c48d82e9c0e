"""Every way of breaking a TIFF of each maker that is kept as a case; the other containers' are beside it.

`scripts/malformed-cases` makes folders of these tables. A defect has one or several changes (`cases`), whose places are
found in the sample. What a sample has no place for, such as shared JPEG tables, is left out for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.own.fuzzing.malformed_sets import SETS

if TYPE_CHECKING:
    from blankslide.testing.own.fuzzing.cases import Fields

Defects = dict[str, "tuple[Fields, ...]"]
_HUGE = (1 << 32) - 1


class Tiff(NamedTuple):
    """A sample, and which of its pages are a level, a smaller level and a picture beside; -1 where there is none.

    ``text`` is the tag of the first page that holds XML, if one does.
    """

    format: str
    sample: str
    level: int = 0
    smaller: int = 2
    picture: int = -1
    tiled_picture: bool = False
    strips: bool = False
    text: int = 0


TIFFS = (
    Tiff("aperio", "aperio-classic.svs", picture=4),
    Tiff("argos", "argos.avs", smaller=1, picture=4, text=65000),
    Tiff("generic_tiff", "generic-vips.tif", smaller=1, text=270),
    Tiff("hamamatsu", "hamamatsu-nanozoomer.ndpi", smaller=1, picture=3, strips=True),
    Tiff("huron", "huron.tif", picture=4),
    Tiff("leica", "leica-scn400.scn", level=2, smaller=3, picture=0, tiled_picture=True, text=270),
    Tiff("mikroscan", "mikroscan.tif", picture=4),
    Tiff("motic", "motic-easyscan.tif", picture=4),
    Tiff("ome_tiff", "ome-pyramid.ome.tif", smaller=-1, picture=1, tiled_picture=True, text=270),
    Tiff("philips_tiff", "philips-both.tiff", smaller=1, picture=3, text=270),
    Tiff("qptiff", "qptiff-brightfield.qptiff", picture=5, text=270),
    Tiff("threedhistech_tiff", "3dhistech-export.tif", smaller=1),
    Tiff("trestle", "trestle.tif", smaller=1),
    Tiff("ventana", "ventana-iscan.bif", level=2, smaller=3, picture=0, text=700),
)


def _of_tiff(tiff: Tiff) -> Defects:
    page = f"page {tiff.level}"
    starts, counts = (273, 279) if tiff.strips else (324, 325)
    return {
        **_cuts(page, starts),
        **_chains(page, starts),
        **_entries(page, starts, counts),
        **_numbers(page, starts, counts),
        **({} if tiff.smaller < 0 else _levels(f"page {tiff.smaller}", tiff.smaller, starts, counts)),
        **({} if tiff.picture < 0 else _pictures(tiff, page, starts)),
        **({} if not tiff.text else _xml(f"page 0 tag {tiff.text} data", tiff.text == 270)),
        **_children(),
        **(_APERIO if tiff.format == "aperio" else {}),
        **(_NDPI if tiff.format == "hamamatsu" else {}),
    }


_APERIO: Defects = {
    "raw-thumbnail-of-no-height": (
        {"at": "page 1 tag 259 field", "number": 1},
        {"at": "page 1 tag 257 field", "number": 0},
    ),
    "thumbnail-whose-tables-lie-in-a-tile": ({"at": "page 1 tag 347 field", "number": 125},),
}
_NDPI: Defects = {
    "level-whose-head-swallows-its-scan": ({"at": "page 0 tag 273 place + 4", "hex": "03"},),
    "shared-code-under-another-tag": ({"at": "page 3 tag 65428 number", "number": 36933},),
    "shared-code-as-a-number": ({"at": "page 3 tag 65428 type", "number": 4},),
    "shared-properties-under-another-tag": ({"at": "page 3 tag 65449 number", "number": 36933},),
}


def _cuts(page: str, starts: int) -> Defects:
    return {
        "empty-but-for-its-order": ({"at": "2", "cut": True},),
        "cut-inside-the-header": ({"at": "6", "cut": True},),
        "cut-before-its-first-directory": ({"at": "page 0", "cut": True},),
        "cut-inside-its-first-directory": ({"at": "page 0 + 31", "cut": True},),
        "cut-before-a-pointer": ({"at": f"{page} next", "cut": True},),
        "cut-inside-its-last-directory": ({"at": "page last + 31", "cut": True},),
        "cut-inside-a-list-of-places": ({"at": f"{page} tag {starts} data + 6", "cut": True},),
        "cut-by-one-byte": ({"at": "end - 1", "cut": True},),
        "wrong-magic": ({"at": "2", "number": 44, "size": 1},),
        "wrong-byte-order": ({"at": "0", "text": "MM"},),
        "zeros-for-a-header": ({"at": "0", "hex": "00" * 8},),
        "behind-it-a-name": ({"at": "end", "text": "Doe, Jane 1961-03-04", "gone": 0},),
    }


def _chains(page: str, starts: int) -> Defects:
    return {
        "no-directory": ({"at": "page 0 pointer", "number": 0},),
        "first-directory-beyond-the-end": ({"at": "page 0 pointer", "number": "end + 16"},),
        "first-directory-in-the-header": ({"at": "page 0 pointer", "number": 2},),
        "chain-comes-back": ({"at": "page last next", "number": "page 0"},),
        "directory-follows-itself": ({"at": f"{page} next", "number": page},),
        "chain-leads-beyond-the-end": ({"at": "page last next", "number": "end + 4"},),
        "chain-leads-into-a-tile": ({"at": "page last next", "number": f"{page} tag {starts} data"},),
        "directory-of-no-entries": ({"at": page, "number": 0},),
        "directory-of-too-many-entries": ({"at": page, "number": 65535},),
        "directory-of-one-entry-more": ({"at": page, "number": 200, "size": 1},),
    }


_VENTANA: Defects = {
    "level-of-no-description-and-another-height": (
        {"at": "page 4 tag 270 data", "text": "HospitalCode=5"},
        {"at": "page 4 tag 257 field", "number": 19564},
    ),
    "level-called-a-thumbnail-of-another-width": (
        {"at": "page 4 tag 270 data", "hex": "54 68 75 6D 62 6E 61 69 6C 00"},
        {"at": "page 4 tag 256 field", "number": 100},
    ),
}


def _entries(page: str, starts: int, counts: int) -> Defects:
    return {
        "list-of-places-too-long": ({"at": f"{page} tag {starts} count", "number": _HUGE},),
        "list-of-places-of-nothing": ({"at": f"{page} tag {starts} count", "number": 0},),
        "list-of-lengths-of-nothing": ({"at": f"{page} tag {counts} count", "number": 0},),
        "list-of-places-beyond-the-end": (
            {"at": f"{page} tag {starts} count", "number": 99},
            {"at": f"{page} tag {starts} field", "number": "end - 8"},
        ),
        "places-of-an-unknown-type": ({"at": f"{page} tag {starts} type", "number": 99},),
        "places-as-text": ({"at": f"{page} tag {starts} type", "number": 2},),
        "no-places": ({"at": f"{page} tag {starts} number", "number": 60000},),
        "no-places-but-a-tag-into-a-tile": (
            {"at": f"{page} tag {starts} field", "number": f"{page} - 3000"},
            {"at": f"{page} tag {starts} number", "number": 60000},
        ),
        "lengths-of-another-type": ({"at": f"{page} tag {counts} type", "number": 8},),
        "no-lengths": ({"at": f"{page} tag {counts} number", "number": 60001},),
        "no-width": ({"at": f"{page} tag 256 number", "number": 60002},),
        "two-heights": ({"at": f"{page} tag 256 number", "number": 257},),
        "no-tables": ({"at": f"{page} tag 347 number", "number": 60003},),
        "tables-cut-off": ({"at": f"{page} tag 347 count", "number": 12},),
        "tables-cut-in-the-first-and-a-tile-without-head": (
            {"at": f"{page} tag 347 count", "number": 16},
            {"at": "find hex:FF D8 FF C0", "hex": "00 00 00 00"},
        ),
        "no-tables-and-a-tile-without-head": (
            {"at": f"{page} tag 347 number", "number": 60003},
            {"at": "find hex:FF D8 FF C0", "hex": "00 00 00 00"},
        ),
        "tables-cut-near-their-end": ({"at": f"{page} tag 347 count", "number": 288},),
        "tables-beyond-the-end": ({"at": f"{page} tag 347 field", "number": "end - 3"},),
        "tables-zeroed": ({"at": f"{page} tag 347 data", "hex": "00" * 32},),
        "description-beyond-the-end": ({"at": "page 0 tag 270 field", "number": "end + 1"},),
        "description-too-long": ({"at": "page 0 tag 270 count", "number": _HUGE},),
        "description-over-the-directory": ({"at": "page 0 tag 270 field", "number": "page 0"},),
    }


def _numbers(page: str, starts: int, counts: int) -> Defects:
    return {
        "width-of-nothing": ({"at": f"{page} tag 256 field", "number": 0},),
        "height-without-end": ({"at": f"{page} tag 257 field", "number": _HUGE},),
        "tiles-of-no-width": ({"at": f"{page} tag 322 field", "number": 0},),
        "tiles-twice-as-wide": ({"at": f"{page} tag 322 field", "number": 512},),
        "tiles-taller-than-they-are": ({"at": f"{page} tag 323 field", "number": 480},),
        "another-codec": ({"at": f"{page} tag 259 field", "number": 1},),
        "unknown-codec": ({"at": f"{page} tag 259 field", "number": 64999},),
        "another-count-of-samples": ({"at": f"{page} tag 277 field", "number": 250},),
        "tile-beyond-the-end": ({"at": f"{page} tag {starts} data", "number": "end + 1"},),
        "tile-longer-than-the-file": ({"at": f"{page} tag {counts} data", "number": "end"},),
        "tile-over-the-directory": ({"at": f"{page} tag {starts} data", "number": page},),
        "tile-cut-off": ({"at": f"{page} tag {counts} data", "number": 64},),
        "tile-of-two-bytes": ({"at": f"{page} tag {counts} data", "number": 2},),
        "tile-two-bytes-late": ({"at": f"{page} tag {starts} data", "number": "find hex:FF D8 FF + 2"},),
        "tile-three-bytes-early": ({"at": f"{page} tag {starts} data", "number": "find hex:FF D8 FF - 3"},),
    }


def _levels(smaller: str, number: int, starts: int, counts: int) -> Defects:
    return {
        "level-without-tiles": ({"at": f"{smaller} tag {starts} number", "number": 60000},),
        "level-of-empty-tiles": ({"at": f"{smaller} tag {counts} data", "number": 0},),
        "level-whose-tile-is-cut-off": ({"at": f"{smaller} tag {counts} data", "number": 64},),
        "level-larger-than-its-tiles": ({"at": f"{smaller} tag 257 field", "number": 60000},),
        "level-smaller-than-its-tiles": ({"at": f"{smaller} tag 257 field", "number": 2},),
        "level-out-of-the-chain": ({"at": f"{smaller} pointer", "number": f"page {number + 1}"},),
        "level-out-of-the-chain-and-a-date-in-its-tile": (
            {"at": f"{smaller} pointer", "number": f"page {number + 1}"},
            {"at": "page 0 tag 306 field", "number": f"{smaller} - 600"},
        ),
        "level-of-two-bytes": ({"at": f"{smaller} tag {counts} data", "number": 2},),
        "level-without-a-codec-and-a-width-of-tiles": (
            {"at": f"{smaller} tag 259 field", "number": 1},
            {"at": f"{smaller} tag 322 number", "number": 60004},
        ),
        "chain-that-ends-and-a-date-over-a-tile-of-its-rest": (
            {"at": "page 0 tag 306 field", "number": f"{smaller} tag {starts} place"},
            {"at": f"{smaller} pointer", "number": 0},
        ),
        "level-whose-lengths-are-of-another-type": ({"at": f"{smaller} tag {counts} type", "number": 8},),
        "level-without-tables": ({"at": f"{smaller} tag 347 number", "number": 60003},),
        "level-that-begins-in-another": ({"at": f"{smaller} tag {starts} data", "number": "find hex:FF D8 FF + 9"},),
    }


def _pictures(tiff: Tiff, page: str, starts: int) -> Defects:
    picture = f"page {tiff.picture}"
    where, length = (324, 325) if tiff.tiled_picture else (273, 279)
    return {
        "picture-over-a-tile": ({"at": f"{picture} tag {where} data", "number": "find hex:FF D8 FF + 5"},),
        "picture-over-a-directory": ({"at": f"{picture} tag {where} data", "number": page},),
        "picture-beyond-the-end": ({"at": f"{picture} tag {where} data", "number": "end"},),
        "picture-without-places": ({"at": f"{picture} tag {where} number", "number": 60000},),
        "picture-of-no-width": ({"at": f"{picture} tag 256 field", "number": 0},),
        "picture-of-unknown-codec": ({"at": f"{picture} tag 259 field", "number": 64999},),
        **(
            {
                "no-pages-before-its-smaller-level-and-a-picture-without-height": (
                    {"at": "page 0 pointer", "number": f"page {tiff.smaller}"},
                    {"at": f"{picture} tag 257 number", "number": 60005},
                )
            }
            if tiff.smaller > 0
            else {}
        ),
        "picture-longer-than-the-file": ({"at": f"{picture} tag {length} data", "number": "end"},),
    }


def _xml(text: str, declared: bool) -> Defects:
    doctype: Defects = {"xml-with-a-doctype": ({"at": text, "text": "<!DOCTYPE a>         "},)}
    return {
        **(doctype if declared else {}),
        "xml-with-an-entity": ({"at": f"{text} + 300", "text": "&lol;&lol;"},),
        "xml-not-closed": ({"at": f"{text} + 300", "text": "<a><b>"},),
        "xml-closed-too-early": ({"at": f"{text} + 300", "text": "</a></b></c>"},),
        "xml-with-a-zero": ({"at": f"{text} + 300", "hex": "00"},),
        "xml-not-utf-8": ({"at": f"{text} + 300", "hex": "C0 80"},),
        "xml-without-its-beginning": ({"at": text, "text": "../../../etc/passwd"},),
    }


def _children() -> Defects:
    return {
        "child-of-itself": ({"at": "child 0 pointer", "number": "child 0 pointer"},),
        "child-that-is-its-page": ({"at": "child 0 pointer", "number": "page 0"},),
        "child-beyond-the-end": ({"at": "child 0 pointer", "number": "end"},),
        "child-of-another-shape": ({"at": "child 0 tag 256 field", "number": 3},),
        "child-of-half-the-width": ({"at": "child 1 tag 256 field", "number": 128},),
        "child-a-little-less-high": ({"at": "child 1 tag 257 field", "number": 180},),
        "child-larger-than-its-tiles": ({"at": "child 0 tag 257 field", "number": 60000},),
        "child-of-another-codec": ({"at": "child 0 tag 259 field", "number": 1},),
        "child-of-other-samples": ({"at": "child 0 tag 277 field", "number": 4},),
        "page-of-another-codec-than-its-child": ({"at": "page 0 tag 259 number", "number": 60004},),
    }


_PLAIN = ("ventana", "ventana-plain.tif", _VENTANA)
DEFECTS: tuple[tuple[str, str, Defects], ...] = (*((t.format, t.sample, _of_tiff(t)) for t in TIFFS), _PLAIN, *SETS)
"""Format, sample and defects, one after the other."""
