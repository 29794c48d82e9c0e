"""A MIRAX slide with an invented patient: ``mirax.mrxs`` and its folder ``mirax``.

As the scanner writes them: a small preview as the main file; in the folder a key file, an
index and numbered data files that all begin with the slide's id, some of them in UTF-16.
What real slides hide is in it too: the label that another one replaced, still in its data
file; an older table of the index; XML records, one of them not well formed; scan records
behind the zoom levels; text in a PNG map; a record, keys and a layer nobody has heard of.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Removed, slug, tiles_digest
from blankslide.samples.kit.patients import Patient, invent
from blankslide.samples.mirax.files import Folder, index_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

_MPP = 0.25
SINGLES = (
    ("Scan data layer", "ScanDataLayer_ScanMap", "SCANMAP"),
    ("Scan data layer", "ScanDataLayer_XMLInfoHeader", ""),
    ("Scan data layer", "ScanDataLayer_SlideThumbnail", "THUMBNAIL"),
    ("Scan data layer", "ScanDataLayer_SlideBarcode", "BARCODE"),
    ("Scan data layer", "ScanDataLayer_SlidePreview", "PREVIEW"),
    ("Scan data layer", "ScanDataLayer_WholeSlide", "WHOLESLIDE"),
    ("Scan data layer", "ScanDataLayer_Empty", ""),
    ("Scan data layer", "ProfileXML", ""),
    ("VIMSLIDE_POSITION_BUFFER", "default", ""),
    ("Ward round notes", "NotesLevel", ""),
)
"""Layer, value and kind of each record of the second table."""

_ROLES = {"THUMBNAIL": "macro", "BARCODE": "label", "PREVIEW": "thumbnail", "WHOLESLIDE": "whole"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides about one slide.

    Attributes
    ----------
    tile, images, levels
        Pixels of one image, how many there are across and down, and zoom levels.
    pictures
        Sizes of label, macro, thumbnail and whole picture, and of the ``.mrxs``; None leaves one out.
    wide
        Numbers of the data files that carry the id in UTF-16.
    encoding, bom, newline
        How Slidedat.ini is written.
    lines
        Lines to put behind the head of a section.
    comment
        Text in a COM segment of each tile.
    singles
        Records of the second table, in another order or number than usual.
    old
        Whether the replaced label and the older table of the index are there.
    """

    patient: Patient
    tile: tuple[int, int] = (128, 96)
    images: tuple[int, int] = (8, 6)
    levels: int = 3
    pictures: Mapping[str, tuple[int, int] | None] = field(
        default_factory=lambda: {
            **{"label": (300, 380), "macro": (320, 640), "thumbnail": (200, 400)},
            **{"whole": (240, 640), "preview": (200, 400)},
        }
    )
    wide: frozenset[int] = frozenset((1, 4))
    encoding: str = "utf-8"
    bom: bytes = b"\xef\xbb\xbf"
    newline: str = "\r\n"
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    comment: bytes = b""
    singles: tuple[tuple[str, str, str], ...] = SINGLES
    old: bool = True
    seed: int = 8

    @property
    def slide_id(self) -> str:
        """The id that all files carry."""
        return self.patient.token.replace("-", "").upper()


def build_mirax(path: Path, *, patient: Patient | None = None, **overrides: Any) -> Planted:
    """Write one slide and return its answer key.

    Parameters
    ----------
    path
        The ``.mrxs``; the folder of its name is made beside it.
    patient
        Whose slide it is.
    overrides
        Any other field of `Recipe`.

    Raises
    ------
    TypeError
        If an override is no field of the recipe.
    """
    plan = replace(Recipe(patient or invent(8)), **overrides)
    folder = Folder(plan.slide_id, plan.wide)
    layered, coded = _tissue(plan, folder)
    layered[plan.levels] = [(0, *folder.add(9, record)) for record in _scans(plan)]
    drawn = _pictures(plan)
    singles = [_single(plan, folder, value, kind, drawn) for _, value, kind in plan.singles]
    label = next((i for i, (_, _, kind) in enumerate(plan.singles) if kind == "BARCODE" and singles[i]), None)
    newest = None if label is None or not plan.old else singles[label]
    stale = None if label is None or newest is None else (label, folder.replaced(newest))
    files = folder.files()
    slots = plan.levels * 2
    files["Index.dat"] = index_bytes(plan.slide_id, slots, layered, singles, stale)
    files["Slidedat.ini"] = _slidedat(plan, len(folder.data))
    home = path.with_suffix("")
    home.mkdir(exist_ok=True)
    for name, data in files.items():
        (home / name).write_bytes(data)
    path.write_bytes(drawn.get("preview", b""))
    return _key(path, plan, files, drawn, coded)


# -- what is in it -------------------------------------------------------------------------


def _jpeg(picture: Image, quality: int = 75, comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, comment=comment)
    return out.getvalue()


def _tissue(plan: Recipe, folder: Folder) -> tuple[dict[int, list[tuple[int, int, int, int]]], list[list[bytes]]]:
    """Write all zoom levels; return records by slot, and the coded tiles of each level."""
    from PIL import Image

    from blankslide.samples.kit.drawing import tissue

    (width, height), (across, down) = plan.tile, plan.images
    scene = tissue(width * across, height * down, plan.seed)
    slots: dict[int, list[tuple[int, int, int, int]]] = {}
    coded: list[list[bytes]] = []
    for level in range(plan.levels):
        step = 1 << level
        coded.append([])
        slots[level] = []
        for y in range(0, down, step):
            for x in range(0, across, step):
                tile = Image.new("RGB", (width * step, height * step), (255, 255, 255))
                tile.paste(scene.crop((x * width, y * height, (x + step) * width, (y + step) * height)))
                coded[-1].append(_jpeg(tile.resize(plan.tile), 75, plan.comment))
                slots[level].append((y * across + x, *folder.add(level, coded[-1][-1])))
    return slots, coded


def _pictures(plan: Recipe) -> dict[str, bytes]:
    """Draw and code all pictures that the plan asks for."""
    from blankslide.samples.kit.drawing import label, macro

    out = {}
    for number, (role, size) in enumerate(plan.pictures.items()):
        if size is not None:
            upright = macro(plan.patient, size[::-1], plan.seed + number).rotate(90, expand=True)
            out[role] = _jpeg(label(plan.patient, size, plan.seed) if role == "label" else upright)
    return out


def _scans(plan: Recipe) -> list[bytes]:
    """One XML record for each camera position, in a slot of its own behind the zoom levels."""
    p = plan.patient
    form = (
        '<scaninfo>\n  <data>\n    <scaninfo XImagePos="{}" YImagePos="1" XMotorPos="6117" ObjectLevel="-1.0000" '
        'FocusingType="Unfocused" FocalPlane="(-1;-1)" ImageAcquisitionTime="   275.000 ms" Attendant="{}"/>\n'
        "  </data>\n</scaninfo>\n"
    )
    return [form.format(x, p.login).encode() for x in range(3)]


def _texts(plan: Recipe) -> dict[str, bytes]:
    """XML and other text by the value of its layer."""
    p = plan.patient
    header = '<scaninfo>\n <header>\n  <field name="XMotorPos" type="num" comm="Microscope X motor position" />\n'
    profile = (  # not well formed, as the real ones
        f'<profileInfo>\n  <data>\n    <profileInfo ProfileType="Brightfield" ProfileName="{p.institution}" '
        f'JPGQuality="80" Orderer="{p.physician}"StoredPreviewPath="D:\\{p.name}\\{p.mrn}.jpg"  </data>\n'
        f"<!-- {p.specimen} -->\n</profileInfo>"
    )
    notes = f"Please call {p.physician} about {p.name}, born {p.birth_date:%d.%m.%Y}."
    return {
        "ScanDataLayer_XMLInfoHeader": (header + " </header>\n</scaninfo>\n").encode(),
        "ProfileXML": profile.encode(),
        "NotesLevel": notes.encode(),
    }


def _single(
    plan: Recipe, folder: Folder, value: str, kind: str, drawn: Mapping[str, bytes]
) -> tuple[int, int, int] | None:
    """Write one record of the second table; None leaves its slot empty."""
    if kind in _ROLES:
        number = 3 + list(_ROLES).index(kind)
        return folder.add(number, drawn[_ROLES[kind]]) if _ROLES[kind] in drawn else None
    if kind == "SCANMAP":
        return folder.add(8, _map(plan))
    if value == "default":
        across, down = plan.images
        places = [(x * plan.tile[0], y * plan.tile[1]) for y in range(down) for x in range(across)]
        return folder.add(8, b"".join(b"\1" + x.to_bytes(4, "little") + y.to_bytes(4, "little") for x, y in places))
    text = _texts(plan).get(value)
    return None if text is None else folder.add(7, text)


def _map(plan: Recipe) -> bytes:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    words, out = PngInfo(), io.BytesIO()
    words.add_text("Author", plan.patient.host)
    Image.new("L", plan.images, 255).save(out, "PNG", pnginfo=words)
    return out.getvalue()


# -- the key file and the answer key -------------------------------------------------------


def _general(plan: Recipe) -> dict[str, str]:
    p = plan.patient
    return {
        "SLIDE_VERSION": "01.02",
        "SLIDE_NAME": p.case,
        "PROJECT_NAME": p.institution,
        "SLIDE_ID": plan.slide_id,
        "IMAGENUMBER_X": str(plan.images[0]),
        "IMAGENUMBER_Y": str(plan.images[1]),
        "CURRENT_SLIDE_VERSION": "1.9",
        "SLIDE_CONTENT": "DIGITAL_SLIDE",
        "SLIDE_CREATIONDATETIME": f"{p.scanned:%d/%m/%Y %H:%M:%S}",
        "CAMERA_TYPE": "Hitachi_HV_F22CL",
        "OBJECTIVE_MAGNIFICATION": "20",
        "OBJECTIVE_NAME": "Plan-Apochromat",
        "SLIDE_TYPE": "SLIDE_TYPE_BRIGHTFIELD",
        "CameraImageDivisionsPerSide": "1",
        "REQUESTED_BY": p.physician,
        "Ward.Bed": p.mrn,
        "TRAY_OWNER": p.login,
    }


def _numbered(plan: Recipe) -> list[tuple[int, int, str, str, str]]:
    """Number of layer and value, and their names, of each record of the second table."""
    layers = list(dict.fromkeys(layer for layer, _, _ in plan.singles))
    seen = [0] * len(layers)
    out = []
    for layer, value, kind in plan.singles:
        i = layers.index(layer)
        out.append((i, seen[i], layer, value, kind))
        seen[i] += 1
    return out


def _layers(plan: Recipe) -> dict[str, str]:
    out = {"INDEXFILE": "Index.dat", "PAGEELEMENTCOUNT": "128", "HIER_COUNT": "3"}
    hier = (
        ("Slide zoom level", [f"ZoomLevel_{i}" for i in range(plan.levels)]),
        ("Slide filter level", ["FilterLevel_0"]),
        ("Scan info layer", ["ScanInfoLayer_DefaultLevel", "ScanInfoLayer_XMLInfoLevel"]),
    )
    for i, (name, values) in enumerate(hier):
        out |= {f"HIER_{i}_NAME": name, f"HIER_{i}_COUNT": str(len(values)), f"HIER_{i}_SECTION": f"LAYER_{i}_SECTION"}
        for j, value in enumerate(values):
            out |= {f"HIER_{i}_VAL_{j}": value, f"HIER_{i}_VAL_{j}_SECTION": f"LAYER_{i}_LEVEL_{j}_SECTION"}
    for i, j, layer, value, _ in _numbered(plan):
        out |= {f"NONHIER_{i}_NAME": layer, f"NONHIER_{i}_COUNT": str(j + 1), f"NONHIER_{i}_VAL_{j}": value}
        out[f"NONHIER_{i}_VAL_{j}_SECTION"] = f"NONHIERLAYER_{i}_LEVEL_{j}_SECTION"
    out["NONHIER_COUNT"] = str(len({layer for layer, _, _ in plan.singles}))
    return out


def _sections(plan: Recipe, count: int) -> dict[str, dict[str, str]]:
    """All sections with their pairs."""
    out = {"GENERAL": _general(plan), "HIERARCHICAL": _layers(plan)}
    out["DATAFILE"] = {"FILE_COUNT": str(count)} | {f"FILE_{i}": f"Data{i:04}.dat" for i in range(count)}
    for i in range(plan.levels):
        out[f"LAYER_0_LEVEL_{i}_SECTION"] = {
            "IMAGE_FILL_COLOR_BGR": "16777215",
            "MICROMETER_PER_PIXEL_X": str(_MPP * 2**i),
            "MICROMETER_PER_PIXEL_Y": str(_MPP * 2**i),
            "DIGITIZER_WIDTH": str(plan.tile[0]),
            "DIGITIZER_HEIGHT": str(plan.tile[1]),
            "OVERLAP_X": "0",
            "OVERLAP_Y": "0",
            "IMAGE_CONCAT_FACTOR": str(min(i, 1)),
            "IMAGE_FORMAT": "JPEG",
        }
    out["LAYER_1_LEVEL_0_SECTION"] = {"FILTER_NAME": "Default", "EXPOSURE_TIME": "1825"}
    for i, j, _, _, kind in _numbered(plan):
        if kind:
            size = plan.pictures.get(_ROLES.get(kind, ""), None) or plan.images
            own = {"TYPE": "PNG" if kind == "SCANMAP" else "JPEG", "WIDTH": str(size[0]), "HEIGHT": str(size[1])}
            section = out[f"NONHIERLAYER_{i}_LEVEL_{j}_SECTION"] = {f"{kind}_IMAGE_{k}": v for k, v in own.items()}
            section |= {"DECODED": plan.patient.accession} if kind == "BARCODE" else {}
    out["NONHIERLAYER_0_SECTION"] = {
        "SCANNER_HARDWARE_ID": plan.patient.scanner,
        "SCANNER_SOFTWARE_VERSION": "1,12,25,1",
        "SCANNING_TIME_IN_SEC": "484",
    }
    return out


def _slidedat(plan: Recipe, count: int) -> bytes:
    lines = []
    for section, pairs in _sections(plan, count).items():
        lines += [f"[{section}]", *plan.lines.get(section, ()), *(f"{k} = {v}" for k, v in pairs.items())]
    return plan.bom + plan.newline.join([*lines, ""]).encode(plan.encoding)


def _planted_keys(plan: Recipe) -> dict[str, str]:
    """Values of the key file that have to go, by finding id."""
    p = plan.patient
    general = ("SLIDE_NAME", "PROJECT_NAME", "SLIDE_CREATIONDATETIME", "REQUESTED_BY", "Ward.Bed", "TRAY_OWNER")
    out = {f"mirax.ini.{slug(k)}": _general(plan)[k] for k in general}
    strange = next((n for n in _numbered(plan) if n[2] == SINGLES[-1][0]), None)
    if strange is not None:
        out |= {f"mirax.ini.nonhier-{strange[0]}-name": strange[2], f"mirax.ini.nonhier-{strange[0]}-val-0": strange[3]}
    return out | {"mirax.ini.barcode-text": p.accession, "mirax.ini.scanner-hardware-id": p.scanner}


def _planted_records(plan: Recipe) -> dict[str, str]:
    p = plan.patient
    return {
        "mirax.record.profilename": p.institution,
        "mirax.record.orderer": p.physician,
        "mirax.record.storedpreviewpath": f"D:\\{p.name}\\{p.mrn}.jpg",
        "mirax.record.comment": p.specimen,
        "mirax.record.attendant": p.login,
        "mirax.record.unknown": _texts(plan)["NotesLevel"].decode(),
        "png.text": p.host,
    }


def _places(data: bytes, piece: bytes) -> tuple[tuple[int, int], ...]:
    found, at = [], data.find(piece)
    while at >= 0:
        found.append((at, len(piece)))
        at = data.find(piece, at + 1)
    return tuple(found)


def _removed(plan: Recipe, stem: str, files: Mapping[str, bytes]) -> list[Removed]:
    out = _removed_keys(plan, f"{stem}/Slidedat.ini", files["Slidedat.ini"])
    values = _planted_records(plan)
    half = plan.slide_id[: len(plan.slide_id) // 2]
    for name, data in files.items():
        if name == "Slidedat.ini":
            continue
        notes = data.find(values["mirax.record.unknown"].encode())
        wanted = [(id_, value, "utf-8") for id_, value in values.items()]
        for id_, value, encoding in [
            *wanted,
            ("mirax.slide-id", plan.slide_id, "utf-8"),
            ("mirax.slide-id", half, "utf-16-le"),
        ]:
            found = _places(data, value.encode(encoding))  # what the notes repeat goes with them
            places = tuple(p for p in found if notes < 0 or p[0] <= notes)
            if places:
                out.append(Removed(id_, value, encoding, places, f"{stem}/{name}"))
    return out


def _removed_keys(plan: Recipe, member: str, data: bytes) -> list[Removed]:
    """Planted values of the key file: each is all that stands behind its key."""
    out = []
    for id_, value in (_planted_keys(plan) | {"mirax.slide-id": plan.slide_id}).items():
        before, coded = (part.encode(plan.encoding) for part in (" = ", value))
        line = before + coded + plan.newline.encode(plan.encoding)
        places = tuple((at + len(before), len(coded)) for at, _ in _places(data, line))
        out.append(Removed(id_, value, plan.encoding, places, member))
    return out


def _key(
    path: Path, plan: Recipe, files: Mapping[str, bytes], drawn: Mapping[str, bytes], coded: list[list[bytes]]
) -> Planted:
    from blankslide.samples.kit.drawing import label_lines

    removed = _removed(plan, path.stem, files)
    pictures = []
    words = (*label_lines(plan.patient), plan.patient.accession)
    everything = {path.name: drawn.get("preview", b""), **{f"{path.stem}/{n}": d for n, d in files.items()}}
    for role, stream in drawn.items():
        name = next(n for n, data in everything.items() if stream in data)
        strips = _places(everything[name], stream)[-1:]
        member = "" if name == path.name else name
        removed.append(Removed(f"picture.{role}", "", "picture", strips, member))
        pictures.append(Picture(role, 0, *(plan.pictures[role] or (0, 0)), strips, words, member))
    size = (plan.tile[0] * plan.images[0], plan.tile[1] * plan.images[1])
    kept = {
        f"openslide.level[{i}].{s}": str(n >> i)
        for i in range(plan.levels)
        for s, n in zip(("width", "height"), size, strict=True)
    }
    kept |= {
        "openslide.mpp-x": "0.25",
        "openslide.objective-power": "20",
        "mirax.GENERAL.OBJECTIVE_NAME": "Plan-Apochromat",
    }
    kept |= {"mirax.LAYER_1_LEVEL_0_SECTION.EXPOSURE_TIME": "1825", "mirax.GENERAL.CAMERA_TYPE": "Hitachi_HV_F22CL"}
    tiles = tuple(tiles_digest(level) for level in coded)
    return Planted(path.name, "mirax", tuple(removed), tuple(Kept(*k) for k in kept.items()), tuple(pictures), tiles)


BUILDERS: dict[str, Callable[[Path], Planted]] = {"mirax.mrxs": build_mirax}
