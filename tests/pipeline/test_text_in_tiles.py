"""Text in a tile that is not the first of its level: who reads it reads all tiles, and it goes."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from blankslide.pipeline import Options, anonymize_copy, anonymize_in_place, verify
from blankslide.records.opening import open_ledger
from blankslide.samples.aperio.slide import build_aperio
from blankslide.samples.dicom import build_dicom
from blankslide.samples.mirax.slide import build_mirax
from blankslide.samples.sakura import build_sakura
from blankslide.testing.planting.dicom_frames import encapsulated, fragments
from blankslide.testing.planting.mirax import Index
from blankslide.testing.planting.sets import Members, members_of

if TYPE_CHECKING:
    from pathlib import Path

NAME = b"Vogtsungsdottir, Jorunn"


def held(path: Path) -> bool:
    """Whether the name stands in any file of the folder."""
    return any(NAME in p.read_bytes() for p in path.parent.rglob("*") if p.is_file())


def written(members: Members, path: Path) -> None:
    for name, data in members.files.items():
        (path.parent / name).write_bytes(data)


def commented(old: bytes) -> bytes:
    end = old.rindex(b"\xff\xd9")
    return old[:end] + b"\xff\xfe" + (len(NAME) + 2).to_bytes(2, "big") + NAME + old[end:]


def in_mirax(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change the third tile of the largest level."""
    members = members_of(path)
    index = Index(members)
    place = list(index.images())[2]
    index.replace(place, change(index.record(place)))
    index.done()
    written(members, path)


@pytest.mark.parametrize("change", [commented, lambda old: old + NAME], ids=["behind the scan", "behind the end"])
def test_text_behind_the_pixels_of_a_later_tile_goes(
    change: Callable[[bytes], bytes], tmp_path: Path, options: Options
) -> None:
    path = tmp_path / "s.mrxs"
    build_mirax(path, levels=2, images=(4, 2))
    in_mirax(path, change)
    assert held(path)
    assert anonymize_in_place(path, options).content == "clean"
    assert not held(path)


def test_text_in_a_later_row_of_tiles_goes(tmp_path: Path, options: Options) -> None:
    path = tmp_path / "s.svslide"
    build_sakura(path, size=(512, 512), scales=(1, 2))
    with closing(sqlite3.connect(path)) as db:
        table = db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'SVGPI%'").fetchone()[0]
        where = f"\"{table}\" WHERE id LIKE 'T;256|256;1;%' AND id NOT LIKE '%#'"
        name, old = db.execute(f"SELECT id, data FROM {where}").fetchone()  # noqa: S608
        new = old[:2] + b"\xff\xfe" + (len(NAME) + 2).to_bytes(2, "big") + NAME + old[2:]
        for key, value in ((name, new), (f"{name}#", hashlib.md5(new).digest())):  # noqa: S324
            db.execute(f'UPDATE "{table}" SET data = ?, size = ? WHERE id = ?', (value, len(value), key))  # noqa: S608
        db.commit()
    assert held(path)
    assert anonymize_in_place(path, options).content == "clean"
    assert not held(path)


def test_a_tile_that_judges_saw_as_it_was_coded_is_seen_again_before_its_text_goes(
    tmp_path: Path, options: Options
) -> None:
    """Judges look first at what a plan spares; it spared these tiles when they looked, and so they saw other pixels."""
    path = tmp_path / "s.svs"
    build_aperio(path, "big")
    slide, mark, at = bytearray(path.read_bytes()), b"\xff\xd8\xff\xe0\0\x10JFIF\0", -1
    for number in range(48):
        at = slide.index(mark, at + 1)
        if number % 5 == 3:  # none of those that inspection looks into, but some that judges do
            slide[at + 2 : at + 20] = b"\xff\xfe\0\x10" + NAME[:14]
    path.write_bytes(slide)
    outcome = anonymize_in_place(path, options)
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert NAME[:14] not in path.read_bytes()


def test_a_slide_that_needs_no_other_change_loses_it_too(tmp_path: Path, options: Options) -> None:
    path = tmp_path / "s.mrxs"
    build_mirax(path, levels=2, images=(4, 2))
    anonymize_in_place(path, options)
    in_mirax(path, commented)
    outcome = anonymize_in_place(path, options)
    assert (outcome.content, held(path), outcome.writes > 0) == ("clean", False, True)
    assert anonymize_in_place(path, options).writes == 0


def test_a_copy_with_a_longer_header_loses_it_too(tmp_path: Path, options: Options) -> None:
    import pydicom

    path = tmp_path / "in" / "s.dcm"
    path.parent.mkdir()
    build_dicom(path, size=(520, 400), factors=(1, 2))
    for number, one in enumerate(sorted(path.parent.iterdir())):
        data = pydicom.dcmread(one)
        for keyword, uid in (
            ("StudyInstanceUID", "1.2.3"),
            ("SeriesInstanceUID", "1.2.4"),
            ("FrameOfReferenceUID", "1.2.5"),
        ):
            setattr(data, keyword, uid)
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.6.{number}"
        for word in [e.keyword for e in data if e.tag.group in (8, 16) and e.VR in ("LO", "PN", "LT", "SH")]:
            delattr(data, word)
        data.remove_private_tags()
        del data.SpecimenDescriptionSequence
        data.file_meta.pop("SourceApplicationEntityTitle", None)
        if one == path:
            items = fragments(data.PixelData)
            data.PixelData = encapsulated([b"", *items[1:3], commented(items[3]), *items[4:]])
            data["PixelData"].is_undefined_length = True
        out = io.BytesIO()
        data.save_as(out)
        one.write_bytes(out.getvalue())
    assert held(path)
    outcome = anonymize_copy(path, tmp_path / "out", options)
    made = tmp_path / "out" / outcome.target
    assert outcome.content == "clean"
    assert not held(made)


def test_a_run_that_ends_clean_takes_back_what_an_earlier_one_said(
    tmp_path: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.mrxs"
    build_mirax(path, levels=2, images=(4, 2))
    in_mirax(path, commented)
    options.ledger = open_ledger(str(tmp_path / "l.jsonl"))
    with monkeypatch.context() as lazy:
        lazy.setattr("blankslide.pipeline.job.Job.look_closer", lambda job: None)
        assert anonymize_in_place(path, options).exit_code == 1
    assert verify(path, options).exit_code == 1
    assert anonymize_in_place(path, options).content == "clean"
    assert verify(path, options).content == "clean"
