"""A Sakura svslide with an invented patient: ``sakura.svslide``.

As the scanner's software writes it, through an object mapper: a configuration that names the
table of tiles, tables for slide, scan and pictures, an index over the pictures' ids, tiles as one
grey JPEG for each colour with an MD5 sum each. SQLite writes the file, so that it is what SQLite
writes; and as in real files, rows that were deleted or shortened are still in it.
"""

from __future__ import annotations

import hashlib
import io
import struct
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Removed, tiles_digest
from blankslide.samples.kit.patients import Patient, invent

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from PIL.Image import Image

SCHEMA = """
CREATE TABLE "XPObjectType" ("OID" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "TypeName" nvarchar(254) NULL);
CREATE TABLE "DataManagerSQLiteConfigXPO" ("OID" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "TableName" text NULL,
 "OptimisticLockField" int NULL, "GCRecord" int NULL);
CREATE TABLE "SVScannedImageDataXPO" ("OID" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "Id" char(36) NULL,
 "PosOnSlideMm" image NULL, "ScanCenterPosMm" image NULL, "ResolutionMmPerPix" double NULL, "CameraSerial" text NULL,
 "Image" image NULL, "ThumbnailImage" image NULL, "OptimisticLockField" int NULL, "GCRecord" int NULL);
CREATE TABLE "SVSlideDataXPO" ("OID" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "m_labelScan" int NULL,
 "m_overviewScan" int NULL, "SlideId" char(36) NULL, "Date" datetime NULL, "Description" text NULL, "Creator" text NULL,
 "DiagnosisCode" text NULL, "HRScanCount" int NULL, "Keywords" text NULL, "TotalDataSizeBytes" numeric(20,0) NULL,
 "OperatorLogin" text NULL, "OptimisticLockField" int NULL, "GCRecord" int NULL);
CREATE TABLE "SVHRScanDataXPO" ("OID" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "ParentSlide" int NULL,
 "ScanId" char(36) NULL, "Date" datetime NULL, "Description" text NULL, "Name" text NULL, "PosOnSlideMm" image NULL,
 "ResolutionMmPerPix" double NULL, "NominalLensMagnification" double NULL, "ThumbnailImage" image NULL,
 "TotalDataSizeBytes" numeric(20,0) NULL, "FocussingMethod" int NULL, "FocusStack" image NULL,
 "OptimisticLockField" int NULL, "GCRecord" int NULL);
CREATE TABLE "SVAuditXPO" ("OID" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "Station" text NULL, "Patient" image NULL);
CREATE TABLE "SVUndoXPO" ("OID" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "Was" text NULL, "Data" image NULL);
CREATE TABLE "tile" ("TILEID" text, "PYRAMIDLEVEL" integer, "COLUMNINDEX" integer, "ROWINDEX" integer,
 "COLORINDEX" integer);
CREATE INDEX "iId_SVScannedImageDataXPO" ON "SVScannedImageDataXPO" ("Id");
"""
_MM = 0.0005
_VARIETY = 12


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one slide.

    Attributes
    ----------
    size, side, scales
        Pixels of the scan, of a tile, and by how much each level is smaller.
    label_size, macro_size, thumbnail_size
        Pixels of the pictures.
    settings
        SQLite settings that shape the file: ``page_size``, ``auto_vacuum``, ``encoding``.
    more
        Further statements, run at the end.
    comment
        Text in a COM segment of each tile.
    grid
        Whether there is a table that says which tile stands where.
    """

    patient: Patient
    size: tuple[int, int] = (896, 640)
    side: int = 256
    scales: tuple[int, ...] = (1, 2, 4)
    label_size: tuple[int, int] = (300, 380)
    macro_size: tuple[int, int] = (700, 240)
    thumbnail_size: tuple[int, int] = (160, 114)
    settings: Mapping[str, str | int] = field(default_factory=dict)
    more: Sequence[str] = ()
    comment: bytes = b""
    grid: bool = True
    seed: int = 8


def build_sakura(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        Where to.
    patient
        Whose slide it is.
    overrides
        Any other field of `Recipe`.

    Raises
    ------
    TypeError
        If an override is no field of the recipe.
    """
    import sqlite3

    plan = replace(Recipe(patient or invent(8)), **overrides)
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path)
    try:
        for name, value in ({"page_size": 4096, "secure_delete": 1, **plan.settings}).items():
            db.execute(f"PRAGMA {name} = {value!r}")
        pictures = _write(db, plan)
        db.commit()
        _leave_behind(db, plan)
        for statement in plan.more:
            db.execute(statement)
        db.commit()
    finally:
        db.close()
    return _key(path, plan, pictures)


# -- tables ------------------------------------------------------------------------------


def names(patient: Patient) -> dict[str, str]:
    """Return the ids of a slide: of the slide itself, scan, table, label and macro."""
    return {w: str(uuid.UUID(hashlib.md5(f"{w}/{patient.token}".encode()).hexdigest())) for w in _IDS}  # noqa: S324


_IDS = ("slide", "scan", "table", "label", "macro")


def _values(patient: Patient) -> dict[str, str]:
    """Return finding id -> text that stands in a row."""
    ids = names(patient)
    return {
        "sakura.svslidedataxpo.slideid": ids["slide"],
        "sakura.svslidedataxpo.date": f"{patient.scanned:%Y-%m-%d %H:%M:%S}",
        "sakura.svslidedataxpo.description": f"{patient.specimen} of {patient.name}",
        "sakura.svslidedataxpo.creator": patient.physician,
        "sakura.svslidedataxpo.diagnosiscode": patient.case,
        "sakura.svslidedataxpo.keywords": f"born {patient.birth_date:%d.%m.%Y}, Kröner",
        "sakura.svslidedataxpo.operatorlogin": patient.login,
        "sakura.svhrscandataxpo.scanid": ids["scan"],
        "sakura.svhrscandataxpo.date": f"{patient.scanned:%Y-%m-%d %H:%M}:59.250",
        "sakura.svhrscandataxpo.description": f"for {patient.institution}",
        "sakura.svhrscandataxpo.name": f"Scan {patient.accession} of {patient.family}",
        "sakura.svscannedimagedataxpo.id": ids["label"],
        "sakura.svscannedimagedataxpo.cameraserial": patient.scanner,
        "sakura.svauditxpo.station": patient.host,
        "sakura.svauditxpo.patient": f"{patient.mrn} {patient.given}",
        "sakura.table-name": ids["table"],
    }


def _write(db: sqlite3.Connection, plan: Recipe) -> dict[str, bytes]:
    """Fill all tables; return the pictures by role."""
    ids, text = names(plan.patient), _values(plan.patient)
    table = f"SVGPI_{ids['table']}"
    db.executescript(
        SCHEMA.replace('CREATE TABLE "tile"', 'CREATE TABLE "tile"' if plan.grid else 'CREATE TABLE "grid"')
    )
    db.execute(f'CREATE TABLE "{table}" ("id" text PRIMARY KEY, "size" integer, "data" blob)')
    db.execute("INSERT INTO DataManagerSQLiteConfigXPO (TableName, OptimisticLockField) VALUES (?, 0)", (table,))
    db.execute("INSERT INTO XPObjectType (TypeName) VALUES ('Sakura.SVSlide.SVSlideDataXPO')")
    pictures = _pictures(plan)
    place = struct.pack("<2d", 12.5, 30.25)
    for role in ("label", "macro"):
        row = (ids[role], place, place, 0.02, plan.patient.scanner, pictures[role], pictures[f"small {role}"], 1)
        marks = ", ".join("?" * len(row))
        db.execute(f"INSERT INTO SVScannedImageDataXPO VALUES (NULL, {marks}, NULL)", row)  # noqa: S608
    slide = [text[f"sakura.svslidedataxpo.{c}"] for c in ("slideid", "date", "description", "creator", "diagnosiscode")]
    more = (text["sakura.svslidedataxpo.keywords"], 12345, text["sakura.svslidedataxpo.operatorlogin"])
    db.execute("INSERT INTO SVSlideDataXPO VALUES (1, 1, 2, ?, ?, ?, ?, ?, 1, ?, ?, ?, 2, NULL)", (*slide, *more))
    scan = [text[f"sakura.svhrscandataxpo.{c}"] for c in ("scanid", "date", "description", "name")]
    last = (place, _MM, 20.0, pictures["thumbnail"], 12345, 1, bytes(8))
    db.execute("INSERT INTO SVHRScanDataXPO VALUES (1, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, NULL)", (*scan, *last))
    audit = (text["sakura.svauditxpo.station"], text["sakura.svauditxpo.patient"].encode())
    db.execute("INSERT INTO SVAuditXPO VALUES (1, ?, ?)", audit)
    _write_tiles(db, plan, table)
    return pictures


def _write_tiles(db: sqlite3.Connection, plan: Recipe, table: str) -> None:
    header = struct.pack("<7IH6I", plan.side, *plan.size, 8, 1, 3, 1, 256, 1, 2, 3, 4, 5, 6)
    insert = f'INSERT INTO "{table}" VALUES (?, ?, ?)'  # noqa: S608
    db.execute(insert, ("++MagicBytes", 16, "SVGigaPixelImage"))
    db.execute(insert, ("++VersionBytes", 5, "1.0.0"))
    db.execute(insert, ("Header", len(header), header))
    total = len(header)
    for name, place, data in tiles(plan):
        check = hashlib.md5(data).digest()  # noqa: S324
        db.execute(insert, (name, len(data), data))
        db.execute(insert, (f"{name}#", len(check), check))
        if plan.grid:
            db.execute("INSERT INTO tile VALUES (?, ?, ?, ?, ?)", (name, *place))
        total += len(data) + len(check)
    db.execute(insert, ("TOTAL_SIZE", total, b""))


def _leave_behind(db: sqlite3.Connection, plan: Recipe) -> None:
    """Delete and shorten rows, as software does in the course of a scan."""
    patient = plan.patient
    db.execute("PRAGMA secure_delete = 0")
    db.execute("INSERT INTO SVUndoXPO VALUES (1, ?, ?)", ("x", f"Freed {patient.mrn} ".encode() * 900))
    db.execute("INSERT INTO SVUndoXPO VALUES (2, ?, ?)", (f"Deleted {patient.family}", b"y"))
    db.commit()
    db.execute("DELETE FROM SVUndoXPO")
    db.commit()


# -- pictures ----------------------------------------------------------------------------


def _jpeg(picture: Image, quality: int = 75) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _pictures(plan: Recipe) -> dict[str, bytes]:
    from blankslide.samples.kit.drawing import label, macro, tissue

    out, scene = {}, tissue(*plan.size, plan.seed)
    for role, picture in (
        ("label", label(plan.patient, plan.label_size, plan.seed + 100)),
        ("macro", macro(plan.patient, plan.macro_size, plan.seed + 200)),
    ):
        out[role] = _jpeg(picture)
        out[f"small {role}"] = _jpeg(picture.resize((picture.width // 2, picture.height // 2)))
    out["thumbnail"] = _jpeg(scene.resize(plan.thumbnail_size))
    return out


def tiles(plan: Recipe) -> Iterator[tuple[str, tuple[int, int, int, int], bytes]]:
    """Yield name, place in the grid and JPEG of each tile."""
    from PIL import Image

    from blankslide.samples.kit.drawing import tissue

    scene, side = tissue(*plan.size, plan.seed), plan.side
    for scale in plan.scales:
        level = scene.resize((plan.size[0] // scale, plan.size[1] // scale))
        for top in range(0, level.height, side):
            for left in range(0, level.width, side):
                tile = Image.new("RGB", (side, side), (255, 255, 255))
                tile.paste(level.crop((left, top, min(left + side, level.width), min(top + side, level.height))))
                for colour, band in enumerate(tile.split()):
                    data = _jpeg(band, 80)
                    if plan.comment:
                        size = (len(plan.comment) + 2).to_bytes(2, "big")
                        data = data[:2] + b"\xff\xfe" + size + plan.comment + data[2:]
                    x, y = left * scale, top * scale
                    yield f"T;{x}|{y};{scale};{colour};0", (scale, x, y, colour), data


# -- answer key --------------------------------------------------------------------------


def _everywhere(data: bytes, value: bytes) -> tuple[tuple[int, int], ...]:
    out, at = [], data.find(value)
    while at >= 0:
        out.append((at, len(value)))
        at = data.find(value, at + 1)
    return tuple(out)


def pieces(data: bytes, blob: bytes) -> tuple[tuple[int, int], ...]:
    """Find a long value in a file, wherever its pages are: offsets and lengths."""
    out, pos = [], 0
    while pos + 32 <= len(blob):
        some = blob[pos : pos + 32]
        at = data.find(some) if len(set(some)) > _VARIETY else -1  # plain areas are alike in all pictures
        if at < 0:
            pos += 1
            continue
        end = pos + 32
        while end < len(blob) and at + end - pos < len(data) and data[at + end - pos] == blob[end]:
            end += 1
        out.append((at, end - pos))
        pos = end
    return tuple(out)


def _coded(picture: bytes) -> bytes:
    """Return the scan of a JPEG: a blank picture may share the tables."""
    return picture[picture.index(b"\xff\xda") + 14 : -2]


def _key(path: Path, plan: Recipe, pictures: Mapping[str, bytes]) -> Planted:
    data, patient = path.read_bytes(), plan.patient
    encoding = {"UTF-16le": "utf-16-le", "UTF-16be": "utf-16-be"}.get(str(plan.settings.get("encoding")), "utf-8")
    blobs = {"sakura.svauditxpo.patient"}
    removed = []
    for id_, value in [*_values(patient).items(), ("sakura.svscannedimagedataxpo.id", names(patient)["macro"])]:
        how = "utf-8" if id_ in blobs else encoding
        removed.append(Removed(id_, value, how, _everywhere(data, value.encode(how))))
    freed = f"Freed {patient.mrn} "
    gone = f"Deleted {patient.family}"
    removed.append(Removed("sakura.slack", gone, encoding, _everywhere(data, gone.encode(encoding))))
    removed.append(Removed("sakura.free-pages", freed * 8, "utf-8", ()))
    shown = []
    for role, picture in pictures.items():
        owner = role.removeprefix("small ")
        where = pieces(data, _coded(picture))
        if owner != "thumbnail":
            removed.append(Removed(f"picture.{owner}", "", "picture", where))
        if role == owner:
            size = {"label": plan.label_size, "macro": plan.macro_size}.get(role, plan.thumbnail_size)
            shown.append(Picture(role, 0, *size, where, _words(plan) if role != "thumbnail" else ()))
    kept = {"openslide.mpp-x": "0.5", "openslide.objective-power": "20", "sakura.VersionBytes": "1.0.0"}
    for number, scale in enumerate(plan.scales):
        kept[f"openslide.level[{number}].width"] = str(plan.size[0] // scale)
        kept[f"openslide.level[{number}].height"] = str(plan.size[1] // scale)
    every = [(place[0], coded) for _, place, coded in tiles(plan)]
    digests = tuple(tiles_digest(c for s, c in every if s == scale) for scale in plan.scales)
    return Planted(path.name, "sakura", tuple(removed), tuple(Kept(*k) for k in kept.items()), tuple(shown), digests)


def _words(plan: Recipe) -> tuple[str, ...]:
    from blankslide.samples.kit.drawing import label_lines

    return (*label_lines(plan.patient), plan.patient.accession)


BUILDERS: dict[str, Callable[[Path], Planted]] = {"sakura.svslide": build_sakura}
