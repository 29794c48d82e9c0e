"""Mutants of OME-TIFF, QPTIFF, Philips, Hamamatsu and generic TIFF. Each is one line, as in `mutants_pages`."""

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

_OME, _QPI, _BRIGHT = "ome-pyramid.ome.tif", "qptiff-fluorescence.qptiff", "qptiff-brightfield.qptiff"
_BOTH, _PAGES, _BASE64 = "philips-both.tiff", "philips-pages.tiff", "philips-base64.tiff"
_ISYNTAX = "philips-isyntax.isyntax"
_NDPI, _NDPIS, _VMS, _VMU = (
    "hamamatsu-nanozoomer.ndpi",
    "hamamatsu-channels.ndpis",
    "hamamatsu-vms.vms",
    "hamamatsu-vmu.vmu",
)

MUTANTS: tuple[Mutant, ...] = (
    # OME-TIFF
    seen("ome_tiff", _OME, "experimenter", forget("ome.experimenter.*")),
    seen("ome_tiff", _OME, "page: label", forget("picture.label")),
    seen("ome_tiff", _OME, "role: label taken for a level", as_level("label")),
    seen("ome_tiff", _OME, "original metadata", forget("ome.original.*")),
    seen("ome_tiff", _OME, "comment of the XML", forget("ome.comment")),
    seen("ome_tiff", _OME, "unknown attribute", forget("ome.ome.siterecord")),
    seen("ome_tiff", _OME, "UUIDs left", forget("ome.uuid")),
    seen("ome_tiff", _OME, "last file name", forget_places("ome.file-name", -1)),
    seen("ome_tiff", "ome-big.ome.tif", "description kept as science", keep("ome.description")),
    seen("ome_tiff", "ome-big.ome.tif", "unknown element", forget("ome.labrecord.text", "ome.value.text")),
    # QPTIFF
    seen("qptiff", _BRIGHT, "page: macro", forget("picture.macro")),
    seen("qptiff", _BRIGHT, "role: label kept as thumbnail", as_thumbnail("label")),
    seen("qptiff", _BRIGHT, "slide id", forget("qptiff.slideid")),
    seen("qptiff", _QPI, "bar code on page 2", forget_places("qptiff.barcode", 2)),
    seen("qptiff", _QPI, "operator and computer", forget("qptiff.operatorname", "qptiff.computername")),
    seen("qptiff", _QPI, "unknown attribute", forget("qptiff.caserecord.kept")),
    seen("qptiff", _QPI, "everything on page 1", forget_at("page 1")),
    # Philips TIFF
    seen("philips_tiff", _BOTH, "base64 of pictures kept", forget_places("picture.*", 0)),
    seen("philips_tiff", _BOTH, "pages of pictures kept", forget_places("picture.*", 1)),
    seen("philips_tiff", _BASE64, "label in base64", forget("picture.label")),
    seen("philips_tiff", _PAGES, "page: macro", forget("picture.macro")),
    seen("philips_tiff", _PAGES, "bar code in base64", forget("philips.xml.pim-dp-ufs-barcode")),
    seen("philips_tiff", _PAGES, "source file", forget("philips.xml.pim-dp-source-file")),
    seen("philips_tiff", _PAGES, "derivation with a name", forget("philips.xml.dicom-derivation-description")),
    seen("philips_tiff", _PAGES, "unknown attributes", forget("philips.xml.dp-*", "philips.xml.pim-dp-ward*")),
    seen("philips_tiff", _PAGES, "role: label taken for a level", as_level("label")),
    code(_PAGES, "every text is legal", lambda: put("formatkit.xml_fields:XmlReader._text", lambda *_: None)),
    # Philips iSyntax
    seen("philips_isyntax", _ISYNTAX, "label in base64", forget("picture.label")),
    seen("philips_isyntax", _ISYNTAX, "macro in base64 is tissue", as_tissue("picture.macro")),
    seen("philips_isyntax", _ISYNTAX, "bar code in base64", forget("isyntax.header.pim-dp-ufs-barcode")),
    seen("philips_isyntax", _ISYNTAX, "operator", forget("isyntax.header.piim-dp-scanner-operator-id")),
    seen("philips_isyntax", _ISYNTAX, "comment", forget("isyntax.header.comment")),
    seen("philips_isyntax", _ISYNTAX, "serial number kept", keep("isyntax.header.dicom-device-serial-number")),
    # Hamamatsu NDPI
    seen("hamamatsu", _NDPI, "page: macro", forget("picture.macro")),
    seen("hamamatsu", _NDPI, "tag 65468: bar code", forget("hamamatsu.tag.barcode")),
    seen("hamamatsu", _NDPI, "tag 65427 of the last page", forget_places("hamamatsu.tag.reference", -1)),
    seen("hamamatsu", _NDPI, "map of properties", forget("hamamatsu.properties.*")),
    seen("hamamatsu", _NDPI, "serial number is harmless", harmless("hamamatsu.tag.serial-number")),
    seen("hamamatsu", _NDPI, "role: macro taken for a level", as_level("macro")),
    seen("hamamatsu", "hamamatsu-no-macro.ndpi", "unknown properties", forget("hamamatsu.properties.ward")),
    code(
        _NDPI,
        "numbers are never looked at",
        lambda: put("formats.hamamatsu.ndpi_file:NUMBERS", frozenset(range(65320, 65536))),
        lambda: put("formats.hamamatsu.ndpi_tags:holds_numbers", lambda _, entry: entry.tag >= 65320),
    ),
    # Hamamatsu NDPIS
    seen("hamamatsu_ndpis", _NDPIS, "second file of the set", forget_in(2)),
    seen("hamamatsu_ndpis", _NDPIS, "macro of the second file", forget_places("picture.macro", 1)),
    seen("hamamatsu_ndpis", _NDPIS, "user in both files", forget("hamamatsu.properties.user")),
    # Hamamatsu VMS, VMU
    seen("hamamatsu_vms", _VMS, "macro's file", forget("picture.macro"), quick=True),
    seen("hamamatsu_vms", _VMS, "claim too wide: macro is tissue", as_tissue("picture.macro")),
    seen("hamamatsu_vms", _VMS, "role: macro taken for a level", as_level("macro")),
    seen("philips_isyntax", _ISYNTAX, "label in base64 is tissue", as_tissue("picture.label")),
    seen("philips_tiff", _BASE64, "label in base64 is tissue", as_tissue("picture.label")),
    seen("ome_tiff", _OME, "claim too wide: label is tissue", as_tissue("picture.label")),
    seen("hamamatsu_vms", _VMS, "reference", forget("hamamatsu.key.reference"), quick=True),
    seen("hamamatsu_vms", _VMS, "unknown key", forget("hamamatsu.key.ward")),
    seen("hamamatsu_vms", _VMS, "code left", forget("hamamatsu.key.authcode")),
    seen("hamamatsu_vms", _VMU, "blank that draws nothing", idle("picture.macro")),
    seen("hamamatsu_vms", _VMU, "serial number kept", keep("hamamatsu.key.hardwareserial")),
    code(
        _VMS, "no name leads to the macro", lambda: put("formats.hamamatsu.format_vms:_NAMES", frozenset(("mapfile",)))
    ),
    # generic TIFF
    seen("generic_tiff", "generic-vips.tif", "property of the scanner", forget("*.property.aperio-user"), quick=True),
    seen("generic_tiff", "generic-vips.tif", "file names", forget("*filename")),
    seen("generic_tiff", "generic-vips.tif", "unknown properties", forget("*.property.hospital", "*.tiff-remark")),
    seen("generic_tiff", "generic-tifffile.tif", "key of the JSON", forget("*.caseref"), quick=True),
    seen("generic_tiff", "generic-tifffile.tif", "kept list too wide: operator", keep("*.operator"), quick=True),
    seen("generic_tiff", "generic-tifffile.tif", "claim too wide: clinic is tissue", as_tissue("*.clinic")),
)
