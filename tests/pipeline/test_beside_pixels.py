"""Recovering a run that emptied text inside tiles: that is no damage to tissue, and pixels still are."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.pipeline import Options, anonymize_in_place, inspect, recover, verify
from blankslide.samples.dicom import build_dicom
from blankslide.samples.mirax.slide import build_mirax
from blankslide.storage.transaction import Transaction
from blankslide.testing.built import build_aperio
from blankslide.testing.planting.mirax import Index
from blankslide.testing.planting.sets import members_of
from blankslide.testing.planting.tiff_streams import plant_segment_in_level

if TYPE_CHECKING:
    from pathlib import Path

NAME = b"Vogtsungsdottir, Jorunn"
TOLD = "what was written lies in the tissue"


def in_svs(path: Path) -> bytes:
    plain = path.with_name("plain.svs")
    build_aperio(plain, size=(512, 384), factors=(1, 2), macro_size=(400, 140))
    plant = plant_segment_in_level(plain, path, Random(3))
    assert plant is not None
    plain.unlink()
    return plant.needles[0]


def in_mirax(path: Path) -> bytes:
    build_mirax(path, levels=2, images=(4, 2))
    members = members_of(path)
    index = Index(members)
    place = list(index.images())[2]
    old = index.record(place)
    end = old.rindex(b"\xff\xd9")
    index.replace(place, old[:end] + b"\xff\xfe" + (len(NAME) + 2).to_bytes(2, "big") + NAME + old[end:])
    index.done()
    for name, data in members.files.items():
        (path.parent / name).write_bytes(data)
    return NAME


def in_dicom(path: Path) -> bytes:
    """Each frame of it begins with a comment of its encoder's, of which the format empties the first."""
    planted = build_dicom(path, jpeg_2000=True, fragments=3)
    return max((each.value for each in planted.removed), key=len).encode()


def begun(path: Path, options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a slide with a journal of which nothing is written yet."""

    def stops(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "write", stops)
        with pytest.raises(Exception, match="interrupted"):
            anonymize_in_place(path, options)


@pytest.mark.parametrize(("name", "build"), [("s.svs", in_svs), ("s.mrxs", in_mirax), ("s.dcm", in_dicom)])
def test_text_in_tiles_is_gone_after_a_recovery_and_the_slide_is_clean(
    name: str, build: Callable[[Path], bytes], tmp_path: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    value = build(path)
    begun(path, options, monkeypatch)
    outcome = recover(path, options)
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert not any(value in each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
    assert verify(path, options).content == "clean"


def wrote_too_much(monkeypatch: pytest.MonkeyPatch, start: int, end: int) -> None:
    """Let the next run begin with one patch more than was planned and checked."""
    from blankslide.model import Patch

    begin = Transaction.begin.__func__  # type: ignore[attr-defined]

    def more(cls: Any, opened: Any, patches: Any, **others: Any) -> Transaction:
        first = opened.files[0].read(start, 1)
        change = Patch(0, start, end - start, None, 0 if first != b"\0" else 1)
        kept = [p for p in patches if p.file or p.offset + p.length <= start or p.offset >= end]
        made: Transaction = begin(cls, opened, [*kept, change], **others)
        return made

    monkeypatch.setattr(Transaction, "begin", classmethod(more))


@pytest.mark.parametrize("part", ["pixels", "tile", "text and a pixel"])
def test_damaged_pixels_are_told(part: str, tmp_path: Path, options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    from tifffile import TiffFile

    path = tmp_path / "s.svs"
    in_svs(path)
    with TiffFile(path) as tiff:
        place = zip(tiff.pages[0].dataoffsets, tiff.pages[0].databytecounts, strict=True)
        start, length = max(place, key=lambda each: each[1])
    spans = {"pixels": (start + length // 2, start + length // 2 + 9), "tile": (start, start + length)}
    text = max(
        (edit.start, edit.end)
        for finding in inspect(path, key=options.key).findings
        for edit in finding.places
        if start <= edit.start < start + length
    )
    spans["text and a pixel"] = (text[0], text[1] + 40)
    wrote_too_much(monkeypatch, *spans[part])
    begun(path, options, monkeypatch)
    outcome = recover(path, options)
    assert outcome.content == "residue"
    assert TOLD in outcome.residue
