"""Mutants of formats that are one TIFF: Aperio, Argos, Huron, Leica, Mikroscan, Motic, 3DHISTECH, Ventana, Trestle.

Each is one line: the sample slide, what is forgotten in words, and how.
"""

from __future__ import annotations

from blankslide.testing.own.forgetful import (
    Mutant,
    as_level,
    as_thumbnail,
    as_tissue,
    code,
    forget,
    forget_at,
    forget_in,
    forget_places,
    harmless,
    idle,
    keep,
    put,
    seen,
)

_SVS, _GT = "aperio-classic.svs", "aperio-gt450.svs"

MUTANTS: tuple[Mutant, ...] = (
    # Aperio
    seen("aperio", _SVS, "field: user", forget("aperio.description.user")),
    seen("aperio", _SVS, "fields of custom forms", forget("aperio.description.customfield-*")),
    seen("aperio", _SVS, "page: label", forget("picture.label")),
    seen("aperio", _SVS, "role: label taken for a level", as_level("label")),
    seen("aperio", _SVS, "role: macro kept as thumbnail", as_thumbnail("macro")),
    seen("aperio", _SVS, "last copy of the file name", forget_places("aperio.description.filename", -1)),
    seen("aperio", _SVS, "everything on page 0", forget_at("page 0")),
    seen("aperio", _SVS, "claim too wide: title is tissue", as_tissue("aperio.description.title")),
    seen("aperio", _SVS, "kept list too wide: accession", keep("aperio.description.accession")),
    seen("aperio", _SVS, "unknown fields", forget("aperio.description.zz-note", "aperio.description.referring-ward")),
    seen("aperio", _SVS, "replaced id left", forget("aperio.description.imageid")),
    seen("aperio", _SVS, "private tag 55003", forget("aperio.tag.scanscope-id")),
    seen("aperio", _GT, "short numbers: rack and slide", forget("aperio.description.rack", "aperio.description.slide")),
    seen("aperio", _GT, "bar code taken for harmless words", harmless("aperio.description.barcode")),
    # Argos
    seen("argos", "argos.avs", "page: macro", forget("picture.macro")),
    seen("argos", "argos.avs", "comment of the XML", forget("argos.comment")),
    seen("argos", "argos.avs", "unknown element", forget("argos.ward.text", "argos.operator.*")),
    seen("argos", "argos.avs", "blank that draws nothing", idle("picture.macro")),
    seen("argos", "argos.avs", "role: macro kept as thumbnail", as_thumbnail("macro")),
    # Huron
    seen("huron", "huron.tif", "field: operator", forget("huron.description.operator"), quick=True),
    seen("huron", "huron.tif", "page: label", forget("picture.label")),
    seen("huron", "huron.tif", "text without a key", forget("huron.description.unnamed")),
    seen("huron", "huron.tif", "kept list too wide: device id", keep("huron.description.deviceid")),
    seen("huron", "huron.tif", "role: label taken for a level", as_level("label")),
    # Leica
    seen("leica", "leica-scn400.scn", "bar code attribute", forget("leica.collection.barcode")),
    seen("leica", "leica-scn400.scn", "second page of the macro", forget_places("picture.macro", 1)),
    seen("leica", "leica-scn400.scn", "UUIDs of images left", forget("leica.image.uuid")),
    seen("leica", "leica-scn400.scn", "unknown element", forget("leica.caller.text", "leica.hospitalnote.text")),
    seen("leica", "leica-versa.scn", "page: label", forget("picture.label")),
    seen("leica", "leica-versa.scn", "role: label taken for a level", as_level("label")),
    seen("leica", "leica-versa.scn", "name of the second image", forget_places("leica.image.name", 1)),
    # Mikroscan
    seen("mikroscan", "mikroscan.tif", "field: bar code", forget("mikroscan.description.barcode"), quick=True),
    seen("mikroscan", "mikroscan.tif", "serial number", forget("mikroscan.description.serial")),
    seen("mikroscan", "mikroscan.tif", "page: macro", forget("picture.macro")),
    seen("mikroscan", "mikroscan.tif", "claim too wide: clinic is tissue", as_tissue("mikroscan.description.clinic")),
    # Motic
    seen("motic", "motic-easyscan.tif", "unknown key: ward", forget("motic.description.ward")),
    seen("motic", "motic-easyscan.tif", "page: label", forget("picture.label")),
    seen("motic", "motic-easyscan.tif", "role: label kept as thumbnail", as_thumbnail("label")),
    seen("motic", "motic-easyscan.tif", "date and time", forget("motic.description.date", "motic.description.time")),
    # 3DHISTECH TIFF
    seen("threedhistech_tiff", "3dhistech-export.tif", "unknown key", forget("3dhistech.description.ordered-by")),
    seen(
        "threedhistech_tiff",
        "3dhistech-export.tif",
        "kept list too wide: profile",
        keep("3dhistech.description.3dh-profile"),
        quick=True,
    ),
    seen("threedhistech_tiff", "3dhistech-export.tif", "tag 306 of page 2", forget_places("tiff.date-time", 2)),
    # Trestle
    seen("trestle", "trestle.tif", "case name", forget("trestle.description.case-name")),
    seen("trestle", "trestle.tif", "text without a key", forget("trestle.description.unnamed")),
    seen("trestle", "trestle.tif", "side file: the macro", forget_in(1)),
    seen("trestle", "trestle.tif", "side file: blank that draws nothing", idle("picture.macro")),
    code("trestle.tif", "side file: not opened", lambda: put("formats.trestle:_side_file", lambda _: None), quick=True),
    # Ventana
    seen("ventana", "ventana-dp200.bif", "page: picture with the label", forget("picture.macro")),
    seen("ventana", "ventana-dp200.bif", "bar codes", forget("ventana.xmp.barcode1d", "ventana.xmp.barcode2d")),
    seen("ventana", "ventana-dp200.bif", "second packet: user", forget_places("ventana.xmp.username", 1)),
    seen("ventana", "ventana-iscan.bif", "paths", forget("ventana.xmp.*path", "ventana.xmp.*filename")),
    seen("ventana", "ventana-iscan.bif", "comment of the packet", forget("ventana.xmp.comment")),
    seen("ventana", "ventana-iscan.bif", "unknown attribute", forget("ventana.xmp.iscan.hospitalcode")),
    seen("ventana", "ventana-plain.tif", "annotation kept as science", keep("ventana.xmp.slideannotation")),
    seen("ventana", "ventana-plain.tif", "blank that draws nothing", idle("picture.macro")),
    seen("ventana", "ventana-dp200.bif", "rack and slot", forget("ventana.xmp.rack", "ventana.xmp.slot")),
    seen("ventana", "ventana-iscan.bif", "role: macro kept as thumbnail", as_thumbnail("macro")),
)
