"""Aperio: each flavour passes the conformance suite, and what the suite cannot know of Aperio."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from blankslide import pipeline
from blankslide.errors import ContradictorySlide, SlideError
from blankslide.formats.aperio import FORMAT
from blankslide.pipeline import opening
from blankslide.samples.kit.icc import profile
from blankslide.samples.kit.tiff_values import LONG, LONG8, SHORT, ascii, byte, long, undefined
from blankslide.storage.slide_files import open_slide
from blankslide.testing.built import build_aperio
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.judge import Before, judge
from blankslide.testing.memory import MemorySlide, inspected

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection
    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {"size": (600, 450), "label_size": (200, 150), "macro_size": (320, 108)}
TINY: dict[str, Any] = {"size": (300, 200), "factors": (1,), "label_size": (64, 40), "macro_size": (100, 40)}
UNKNOWN = {"Cabinet": "shelf 9 of Nobody", "Referring Ward": "Utopia South", "zz_note": "call the Nobodies"}
PICTURES = frozenset({"picture.label", "picture.macro", "picture.thumbnail"})
FIELDS = frozenset(
    f"aperio.description.{key}"
    for key in "filename title user date time barcode imageid dsr-id scanscope-id cabinet".split()
)


class Flavour(FormatConformance):
    """The suite over one flavour; small on purpose."""

    format = FORMAT
    flavour: ClassVar[str] = "classic"
    more: ClassVar[dict[str, Any]] = {}
    small: ClassVar[dict[str, Any]] = {"size": (300, 256), "label_size": (64, 40), "macro_size": (100, 40)}
    expected = PICTURES | FIELDS

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_aperio(path, self.flavour, **{**SMALL, **self.more, **overrides})


class TestClassic(Flavour):
    borders = 300
    expected = PICTURES | FIELDS | {"aperio.tag.scanscope-id", "aperio.tag.scan-date", "tiff.date-time"}


class TestBigTiffWithJpegLabel(Flavour):
    whole = False
    flavour = "big"


class TestGt450(Flavour):
    whole = False
    borders = 120
    flavour = "gt450"
    more: ClassVar[dict[str, Any]] = {"fields": UNKNOWN}
    expected = PICTURES | {"aperio.description.rack", "aperio.description.slide", "aperio.description.time-zone"}


class TestJpeg2000Ycc(Flavour):
    whole = False
    flavour = "jp2k-ycc"


class TestJpeg2000Rgb(Flavour):
    whole = False
    flavour = "jp2k-rgb"


class TestKfbio(Flavour):
    whole = False
    flavour = "kfbio"
    suffix = ".SVS"


class TestMotic(Flavour):
    whole = False
    flavour = "motic"


class TestGrundium(Flavour):
    whole = False
    flavour = "grundium"
    suffix = ".tif"
    gone = frozenset({"macro"})
    expected = (PICTURES | FIELDS) - {"picture.label"}


class TestFluorescence(Flavour):
    whole = False
    flavour = "fluorescence"


class TestZLevels(Flavour):
    whole = False
    flavour = "z-levels"


class TestBigEndianOutOfOrder(Flavour):
    whole = False
    openslide = False  # it reads eight bytes where a classic pointer has four
    more: ClassVar[dict[str, Any]] = {
        "byteorder": ">", "by": "part", "order": ("ifd", "values", "strips"), "share": True,
        "types": {"label": {279: SHORT}, "macro": {279: SHORT}, "thumbnail": {279: SHORT}},
    }  # fmt: skip


class TestBigEndianBigTiff(Flavour):
    whole = False
    flavour = "big"
    suffix = ".TIF"
    more: ClassVar[dict[str, Any]] = {
        "byteorder": ">", "disk_order": (5, 4, 3, 2, 1, 0),
        "types": {"all": {273: LONG, 279: LONG8, 324: LONG, 325: SHORT}},
    }  # fmt: skip


class TestSlackOfEarlierEdits(Flavour):
    whole = False
    more: ClassVar[dict[str, Any]] = {"filler": b"Nobody, Nemo|Patient = Nobody, Nemo|"}
    expected = PICTURES | FIELDS | {"slide.unowned"}


# -- layouts that a suite for all formats cannot know -----------------------------------------


def look(path: Path) -> Inspection:
    return inspected(MemorySlide({path.name: path.read_bytes()}, path.name), (FORMAT,))


def ids(path: Path) -> set[str]:
    return {f.id for f in look(path).findings}


def assert_ends_clean(path: Path, planted: Planted, **more: Any) -> None:
    before = Before.of(path, planted, **more)
    outcome = pipeline.anonymize_in_place(path)
    assert outcome.residue == ()
    assert judge(before, path) == []
    assert pipeline.anonymize_in_place(path).writes == 0


@pytest.mark.parametrize("missing", [("label",), ("macro",), ("label", "macro"), ("thumbnail", "label", "macro")])
def test_pictures_that_are_not_there(tmp_path: Path, missing: tuple[str, ...]) -> None:
    path = tmp_path / "x.svs"
    planted = build_aperio(path, **SMALL, **dict.fromkeys(missing, False))
    roles = {a.role for a in look(path).associated}
    assert roles == {"label", "macro", "thumbnail"} - set(missing)
    assert_ends_clean(path, planted)


@pytest.mark.parametrize("saves", [1, 3, 6])
def test_descriptions_that_grew_with_every_save(tmp_path: Path, saves: int) -> None:
    """Old headers follow the new one; the same keys occur again with other values."""
    path = tmp_path / "x.svs"
    size = "400x300 (256x256) JPEG/RGB Q=70"
    older = "".join(
        f";Aperio Image Library v9.{i}.0\r\n{size}|User = saver{i}x|Title = Nobody {i}|MPP = 0.4990"
        for i in range(saves)
    )
    text = f"Aperio Image Library v12.0.15\r\n{size}|AppMag = 20|MPP = 0.4990|User = last{older}"
    tags = {role: {270: ascii(text)} for role in ("level0", "level1", "level2")}
    planted = build_aperio(path, **SMALL, tags=tags)
    before = Before.of(path, [f"saver{i}x" for i in range(saves)] + [f"Nobody {i}" for i in range(saves)])
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert judge(before, path) == []
    kept = path.read_bytes()[planted.layout.pages[0].entries[270].value_at :] if planted.layout else b""
    assert kept.startswith(b"Aperio Image Library v12.0.15\r\n400x300")
    assert kept[: len(text)].count(b"Aperio Image Library") == saves + 1, "old headers without words stay"


def test_thirteen_megabytes_of_profile_in_every_page_are_never_read_whole(tmp_path: Path) -> None:
    from datetime import datetime

    path = tmp_path / "x.svs"
    size = 13 << 20
    icc = profile(datetime(2019, 3, 4, 5, 6, 7), colours=size)
    build_aperio(path, "gt450", size=(400, 300), icc=icc)
    with open_slide(path) as slide:
        inspection = opening.inspected(slide, None)
        assert slide.bytes_read < 1 << 20
    assert path.stat().st_size > 5 * size
    assert len(next(f for f in inspection.findings if f.id == "tiff.icc-profile.date").places) == 5


def test_a_page_that_nothing_tells_apart_goes_as_unknown(tmp_path: Path) -> None:
    path = tmp_path / "x.svs"
    build_aperio(path, "gt450", size=(400, 300), tags={"macro": {254: long(0)}})
    assert "picture.unknown" in ids(path)
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert [a.role for a in look(path).associated] == ["thumbnail"]


@pytest.mark.parametrize(
    "tags",
    [
        {"level1": {270: ascii("Aperio Image\r\nlabel 10x10")}},
        {"thumbnail": {254: long(1)}},
    ],
    ids=["tiled label", "thumbnail typed label"],
)
def test_contradicting_evidence_is_refused_with_the_reason(tmp_path: Path, tags: dict[str, Any]) -> None:
    path = tmp_path / "x.svs"
    build_aperio(path, size=(400, 300), tags=tags)
    before = path.read_bytes()
    with pytest.raises(ContradictorySlide, match=r"page \d"):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("tags", [{"label": {254: long(9)}}, {"macro": {254: long(1)}}])
def test_a_macro_typed_as_a_label_goes_and_the_other_way_round(tmp_path: Path, tags: dict[str, Any]) -> None:
    path = tmp_path / "x.svs"
    build_aperio(path, size=(400, 300), tags=tags)
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert [a.role for a in look(path).associated] == ["thumbnail"]


def test_grundium_writes_keys_without_a_space_and_names_its_thumbnail(tmp_path: Path) -> None:
    path = tmp_path / "x.svs"
    texts = {
        "level0": "Aperio Image, Grundium Ocus\n|MPP =0.496094|AppMag=20|Operator =N. Nobody",
        "thumbnail": "Aperio Image\nthumbnail 600x450|MPP=0.496094|AppMag=20",
        "level1": "Aperio Image\n 150x112",
        "macro": "Aperio Image\nmacro 1280x431",
    }
    tags: dict[str, Any] = {role: {270: ascii(text)} for role, text in texts.items()}
    order = ("level0", "level1", "thumbnail", "level2", "macro")  # so that its place does not tell
    build_aperio(path, "grundium", **SMALL, tags=tags, page_order=order)
    inspection = look(path)
    assert inspection.mpp == (0.496094, 0.496094)
    assert inspection.objective == 20
    assert [a.role for a in inspection.associated] == ["thumbnail", "macro"]
    assert {f.id for f in inspection.findings if f.id.startswith("aperio.description")} >= {
        "aperio.description.operator"
    }
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Nobody" not in path.read_bytes()
    assert look(path).mpp == (0.496094, 0.496094)


def test_text_in_a_jpeg_2000_thumbnail_is_found(tmp_path: Path) -> None:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (600, 450), "pink").save(out, "JPEG2000", no_jp2=True, comment=b"scanned by N. Nobody")
    path = tmp_path / "x.svs"
    planted = build_aperio(path, **SMALL)
    assert planted.layout is not None
    data = bytearray(path.read_bytes())
    spot = planted.layout.pages[1]
    at = len(data)
    data += out.getvalue()
    for tag, value in ((273, at), (279, len(out.getvalue()))):  # one strip instead of many
        entry = spot.entries[tag]
        struct.pack_into("<LL", data, entry.at + 4, 1, value)
    struct.pack_into("<L", data, spot.entries[259].at + 8, 33005)
    path.write_bytes(data)
    assert "jpeg.picture-text" in ids(path)


# -- values that only look removed ------------------------------------------------------------


@pytest.mark.parametrize("value", ["XXXXXXXX", "00000000", "01/01/00", "1900-01-01", "anonymous", "-", "0"])
def test_what_others_write_instead_of_a_value_goes_too(tmp_path: Path, value: str) -> None:
    path = tmp_path / "x.svs"
    keys = ("User", "Filename", "Barcode", "Date")
    text = "Aperio Image\r\n400x300|AppMag = 20|MPP = 0.4990" + "".join(f"|{key} = {value}" for key in keys)
    build_aperio(path, **TINY, tags={"level0": {270: ascii(text)}})
    wanted = {f"aperio.description.{key.lower()}" for key in keys}
    assert wanted <= ids(path)
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert not wanted & ids(path)
    assert pipeline.anonymize_in_place(path).writes == 0


def test_zeros_instead_of_a_link_are_our_own_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.svs"
    text = "Aperio Image\r\n400x300|AppMag = 20|ImageID = 0000000|MPP = 0.4990"
    build_aperio(path, **TINY, tags={"level0": {270: ascii(text)}})
    assert "aperio.description.imageid" in ids(path), "the thumbnail still has one"
    (found,) = (f for f in look(path).findings if f.id == "aperio.description.imageid")
    assert {p.where for p in found.places} == {"page 1"}


SECRET = "Nobody, Nemo"
STORES: dict[int, Any] = {
    **{tag: ascii(f"{SECRET} {tag}") for tag in (269, 285, 315, 316, 337, 33432, 65000, 51023)},
    **{tag: byte(f"{SECRET} {tag}".encode("utf-16-le") + b"\0\0") for tag in (40091, 40092, 40093, 40094, 40095)},
    **{tag: undefined(f"<x>{SECRET} {tag}</x>".encode()) for tag in (700, 33723, 34377, 37724, 42112, 59932, 65001)},
}


@pytest.mark.parametrize("role", ["level0", "thumbnail", "all"])
def test_every_text_store_of_a_page_is_emptied(tmp_path: Path, role: str) -> None:
    path = tmp_path / "x.svs"
    build_aperio(path, **TINY, tags={role: STORES})
    assert path.read_bytes().count(b"Nemo") >= 15
    assert pipeline.anonymize_in_place(path).content == "clean"
    data = path.read_bytes()
    assert b"Nemo" not in data
    assert "Nemo".encode("utf-16-le") not in data


def test_a_second_text_behind_the_description_is_cut_with_its_fields(tmp_path: Path) -> None:
    """A NUL ends what readers show, not what stands there."""
    path = tmp_path / "x.svs"
    text = b"Aperio Image\r\n400x300|User = nobody1|MPP = 0.4990\0Patient = Nobody, Nemo|x"
    build_aperio(path, **TINY, tags={"level0": {270: ascii(text)}})
    assert {"aperio.description.remainder", "aperio.description.user"} <= ids(path)
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Nemo" not in path.read_bytes()
    assert look(path).mpp == (0.499, 0.499)


def test_a_dirty_gap_between_the_parts_of_a_dropped_page_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "x.svs"
    planted = build_aperio(path, "big", **TINY)
    assert planted.layout is not None
    data = bytearray(path.read_bytes())
    at, size = planted.layout.pages[-1].strips[0]
    following = planted.layout.pages[-1].strips[1][0]
    assert at + size < following
    data[at + size] = 0x41
    path.write_bytes(data)
    assert pipeline.anonymize_in_place(path).content == "clean"


def test_no_damage_to_a_pointer_is_believed(tmp_path: Path) -> None:
    """Loops, far pointers and counts beyond reason, in every entry of every page."""
    path = tmp_path / "x.svs"
    planted = build_aperio(path, "gt450", **{**TINY, "factors": (1, 2)})
    assert planted.layout is not None
    data = path.read_bytes()
    for spot in planted.layout.pages:
        for entry in spot.entries.values():
            for at, value in ((entry.at + 4, 1 << 63), (entry.at + 12, 1 << 62), (entry.at + 12, spot.at)):
                broken = bytearray(data)
                struct.pack_into("<Q", broken, at, value)
                slide = MemorySlide({"x": bytes(broken)}, "x")
                try:
                    inspected(slide, (FORMAT,))
                except SlideError:
                    continue
        for target in (spot.at, planted.layout.pages[0].at, len(data), 3):
            broken = bytearray(data)
            struct.pack_into("<Q", broken, spot.next_at, target)
            with pytest.raises(SlideError):
                inspected(MemorySlide({"x": bytes(broken)}, "x"), (FORMAT,))
