"""A real MIRAX slide, before and after; and what other tools do wrong with such slides.

The slide is OpenSlide's Mirax2-Fluorescence-2: 26 files, four pictures, three channels. Rows
A1.5, 4.3 and 4.7 of the list of peers' failures each have a test of their name.
"""

from __future__ import annotations

import shutil
import struct
import tarfile
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from blankslide import pipeline
from blankslide.samples.kit.patients import invent
from blankslide.samples.mirax.slide import SINGLES, build_mirax
from blankslide.testing.bench import contents
from blankslide.testing.judge import has_piece
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection, Outcome

NAME = "Mirax2-Fluorescence-2"
KEY = pipeline.Options(key=bytes(range(32)))
GONE = (
    *("3D_FL_test01", "ProjectName", "30754928D9DA42A5AB7674B579A7A3E9", "30754928D9DA42A5", "10/03/2011 11:47:25"),
    *("10/03/2011", "11:47:25", "<-- No Profile -->"),
)
SMALL: dict[str, Any] = {
    "tile": (64, 48),
    "images": (4, 2),
    "levels": 2,
    "pictures": {
        **{"label": (120, 160), "macro": (100, 200), "thumbnail": (80, 160)},
        **{"whole": (100, 240), "preview": (80, 160)},
    },
}


class Run(NamedTuple):
    """A real slide that was anonymized: its files before, its path, and what came of it."""

    before: dict[str, bytes]
    original: Path
    path: Path
    inspection: Inspection
    outcome: Outcome


@pytest.fixture(scope="module")
def run(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    packed = shared / "mirax" / f"{NAME}.tar.xz"
    if not packed.is_file():
        pytest.skip("the real MIRAX slide is not in the shared folder")
    root = tmp_path_factory.mktemp("mirax")
    with tarfile.open(packed) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2 knows none, 3.13 wants one
        tar.extractall(root / "original")  # noqa: S202 our own archive
    shutil.copytree(root / "original", root / "copy")
    path = root / "copy" / f"{NAME}.mrxs"
    inspection = pipeline.inspect(path)
    return Run(
        contents(root / "original"),
        root / "original" / path.name,
        path,
        inspection,
        pipeline.anonymize_in_place(path, KEY),
    )


def test_it_ends_clean_in_the_eyes_of_two_unrelated_readers(run: Run) -> None:
    assert run.outcome.exit_code == 0
    assert run.outcome.content == "clean"
    assert set(run.outcome.readers) >= {"OpenSlide", "mrxsslide"}
    assert run.outcome.coincidences == ()


def test_it_ends_clean_under_the_strict_profile_too(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.original.parent, tmp_path / "strict")
    options = pipeline.Options(key=KEY.key, profile="strict", ledger=None)
    outcome = pipeline.anonymize_in_place(tmp_path / "strict" / run.path.name, options)
    assert (outcome.content, outcome.residue) == ("clean", ())


def test_no_science_of_it_is_taken_for_unknown(run: Run) -> None:
    assert {f.id for f in run.inspection.findings} == {
        *(f"picture.{role}" for role in ("label", "macro", "thumbnail", "preview")),
        *(f"mirax.ini.{key}" for key in ("slide-name", "project-name", "slide-creationdatetime")),
        *(f"mirax.ini.scanner-{key}-version" for key in ("hardware", "software")),
        *("mirax.record.profilename", "mirax.record.profiletype", "mirax.slide-id", "mirax.unowned"),
    }
    assert len(next(f for f in run.inspection.findings if f.id == "mirax.slide-id").places) == 26


def test_ids_names_and_dates_are_gone_from_every_file(run: Run) -> None:
    for name, data in contents(run.path.parent).items():
        for value in GONE:
            assert not places_of(value, data), name


def test_no_piece_of_a_picture_is_left_in_any_file(run: Run) -> None:
    after = contents(run.path.parent)
    for member, start in ((f"{NAME}.mrxs", 0), *((f"{NAME}/Data{n:04}.dat", 296) for n in (2, 3, 22))):
        coded = run.before[member][start:].partition(b"\xff\xda")[2]
        assert not any(has_piece(coded, data) for data in after.values())


def test_levels_pixels_and_pictures_as_openslide_sees_them(run: Run) -> None:
    from openslide import OpenSlide

    with OpenSlide(run.original) as old, OpenSlide(run.path) as new:
        assert old.level_dimensions == new.level_dimensions
        assert tuple((v.width, v.height) for v in run.inspection.levels) == old.level_dimensions
        centre = [
            int(old.properties[f"openslide.bounds-{a}"]) + int(old.properties[f"openslide.bounds-{s}"]) // 2
            for a, s in (("x", "width"), ("y", "height"))
        ]
        for level, factor in enumerate(old.level_downsamples):
            size = 400
            corner = (int(centre[0] - size * factor / 2), int(centre[1] - size * factor / 2))
            was, now = (s.read_region(corner, level, (size, size)).tobytes() for s in (old, new))
            assert was == now
            assert len(set(was)) > 4, "nothing was looked at"
        assert {n: i.size for n, i in old.associated_images.items()} == {
            n: i.size for n, i in new.associated_images.items()
        }
        assert all(low == high for image in new.associated_images.values() for low, high in image.getextrema())
        lost = {k for k in old.properties if old.properties[k] != new.properties.get(k)}
        keys = ("SLIDE_NAME", "PROJECT_NAME", "SLIDE_ID", "SLIDE_CREATIONDATETIME")
        assert lost == {*(f"mirax.GENERAL.{key}" for key in keys), "openslide.quickhash-1"}


def test_every_tile_is_the_same_as_mrxsslide_finds_them(run: Run) -> None:
    from mrxsslide import MrxsSlide

    found = []
    for path in (run.original, run.path):
        slide = MrxsSlide(path)
        files = [p.read_bytes() for p in sorted(path.with_suffix("").glob("Data*.dat"))]
        tiles = [(t.fileno, t.offset, t.length) for level in slide._info.levels for t in level.tiles]
        found.append([files[f][at : at + size] for f, at, size in tiles])
        slide.close()
    assert len(found[0]) > 1000
    assert found[0] == found[1]


def test_sizes_stay_and_the_older_table_of_the_index_goes(run: Run) -> None:
    after = contents(run.path.parent)
    assert {n: len(d) for n, d in after.items()} == {n: len(d) for n, d in run.before.items()}
    stale = struct.pack("<6i", 813, 0, 885, 921, 0, 849)
    assert stale in run.before[f"{NAME}/Index.dat"]
    assert stale not in after[f"{NAME}/Index.dat"]
    assert b"\x89PNG" in run.before[f"{NAME}/Data0023.dat"][296:2350]
    assert not any(after[f"{NAME}/Data0023.dat"][296:2350])
    assert after[f"{NAME}/Data0023.dat"][2350:] == run.before[f"{NAME}/Data0023.dat"][2350:]


def test_a_second_run_writes_nothing(run: Run) -> None:
    before = contents(run.path.parent)
    outcome = pipeline.anonymize_in_place(run.path, KEY)
    assert (outcome.content, outcome.writes) == ("clean", 0)
    assert contents(run.path.parent) == before


# -- what other tools do wrong -------------------------------------------------------------


def built(tmp_path: Path, **overrides: Any) -> Path:
    path = tmp_path / "s.mrxs"
    build_mirax(path, **{**SMALL, **overrides})
    return path


def clean(path: Path) -> bytes:
    """Anonymize; return all bytes of all files."""
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"
    return b"".join(contents(path.parent).values())


def extrema(path: Path) -> dict[str, Any]:
    from openslide import OpenSlide

    with OpenSlide(path) as slide:
        return {name: image.getextrema() for name, image in slide.associated_images.items()}


def pointers(path: Path) -> bytes:
    """Everything of the index but the id."""
    return (path.with_suffix("") / "Index.dat").read_bytes()[37:]


def test_a1_5_pathsafe_misses_pictures_that_only_the_index_leads_to_and_changes_the_id_in_one_file(
    tmp_path: Path,
) -> None:
    path = built(tmp_path, lines={"GENERAL": ("COMMENT = Ottoline Quillfeather 04.05.1931",)})
    data = clean(path)
    assert b"Quillfeather" not in data
    assert b"1931" not in data
    assert all(low == high for picture in extrema(path).values() for low, high in picture)  # OpenSlide opens it
    assert invent(8).token.replace("-", "").upper().encode() not in data


@pytest.mark.parametrize(
    "kinds", [("BARCODE", "WHOLESLIDE", "THUMBNAIL", "PREVIEW"), ("PREVIEW", "BARCODE", "THUMBNAIL", "WHOLESLIDE")]
)
def test_4_3_19_wsi_anon_removes_the_third_picture_under_a_stale_name(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    by_kind = {kind: (layer, value, kind) for layer, value, kind in SINGLES if kind}
    rest = [s for s in SINGLES if s[2] not in kinds]
    order = (*(by_kind[k] for k in kinds), *rest)
    path = built(tmp_path, singles=tuple(sorted(order, key=lambda s: s[0] != "Scan data layer")), old=False)
    before = pointers(path)
    clean(path)
    assert pointers(path) == before  # no record moves, so none is off by one
    assert set(extrema(path)) == {"label", "macro", "thumbnail"}


def test_4_3_20_wsi_anon_counts_layers_where_values_count(tmp_path: Path) -> None:
    first = (("StitchingLayer", "DataLevel_V1.0", ""), ("StitchingLayer", "DataLevel_V1.1", ""))
    path = built(tmp_path, singles=(*first, *SINGLES))
    clean(path)
    assert all(low == high for picture in extrema(path).values() for low, high in picture)


def test_4_3_21_wsi_anon_grows_small_data_files_and_leaves_the_profile_name(tmp_path: Path) -> None:
    path = built(
        tmp_path, singles=tuple(s for s in SINGLES if s[1] not in ("NotesLevel", "ScanDataLayer_XMLInfoHeader"))
    )
    small = path.with_suffix("") / "Data0007.dat"
    size = small.stat().st_size
    assert size < 1000
    assert invent(8).institution.encode() not in clean(path)
    assert small.stat().st_size == size


def test_4_3_22_wsi_anon_cuts_long_lines_second_equal_signs_comments_and_blank_lines(tmp_path: Path) -> None:
    long = "FOCUS_MAP = " + "0" * 9
    lines = (
        "; Slide zoom level",
        "",
        long,
        "FILTER_NAME = " + " / ".join(f"Alexa Fluor {n}" for n in (405, 488, 555, 594, 647)),
        "Remark = a=Thimblewick=b",
    )
    path = built(tmp_path, lines={"GENERAL": lines})
    data = clean(path)
    assert b"Thimblewick" not in data
    for line in lines[:4]:
        assert f"{line}\r\n".encode() in data


def test_4_7_36_wsi_anon_crashes_on_empty_values_and_on_one_layer(tmp_path: Path) -> None:
    path = built(tmp_path, singles=tuple(s for s in SINGLES if s[0] == "Scan data layer"))
    ini = path.with_suffix("") / "Slidedat.ini"
    name = invent(8).institution.encode()
    ini.write_bytes(ini.read_bytes().replace(b"PROJECT_NAME = " + name, b"PROJECT_NAME ="))
    assert invent(8).case.encode() not in clean(path)


def test_4_7_42_wsi_anon_takes_ids_from_the_clock(tmp_path: Path) -> None:
    found = set()
    for seed in (3, 4):
        path = tmp_path / f"s{seed}.mrxs"
        build_mirax(path, patient=invent(seed), **SMALL)
        pipeline.anonymize_in_place(path, KEY)
        found.add((path.with_suffix("") / "Index.dat").read_bytes()[5:37])
    assert len(found) == 2
