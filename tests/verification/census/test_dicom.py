"""A DICOM file is counted element by element, and its frames by their codec."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from blankslide.source import MemorySource
from blankslide.verification.census.stock import take_stock

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.verification.census.account import Account


@pytest.fixture(scope="module")
def level(sample: Callable[[str], Path]) -> bytes:
    """Return the bytes of a sample's largest instance."""
    return sample("dicom-wsi.dcm").read_bytes()


def taken(data: bytes, thorough: bool = True) -> Account:
    return take_stock([("Thimblewick.dcm", MemorySource(data))], thorough=thorough)


def test_elements_speak_by_keyword_through_sequences(level: bytes) -> None:
    account = taken(level)
    paths = {t.path for t in account.texts}
    assert {"PatientName", "meta/MediaStorageSOPInstanceUID"} <= paths
    assert "meta/TransferSyntaxUID" not in paths, "a UID of the standard says nothing"
    assert any(path.startswith("SpecimenDescriptionSequence/") for path in paths)
    assert account.troubles == []
    assert len(account.pictures) == 1
    assert account.pictures[0].width > 0
    assert {t.where for t in account.texts} == {"*.dcm"}


def test_a_text_in_the_preamble_is_read(level: bytes) -> None:
    account = taken(b"Thimblewick".ljust(128, b"\0") + level[128:])
    assert [t.value for t in account.texts if t.path == "preamble"] == ["Thimblewick"]


def test_what_stands_behind_the_last_element_is_read(level: bytes) -> None:
    account = taken(level + b"\0\0Sprocketon was here\0")
    assert any("Sprocketon" in t.value for t in account.texts)
    assert not any("Sprocketon" in t.value for t in taken(level).texts)


def test_a_comment_in_a_frame_speaks_and_a_frame_alone_does_not(level: bytes) -> None:
    assert [t for t in taken(level).texts if t.path.startswith("coded")] == []
    start = level.index(b"\xff\xd8\xff")
    note = b"\xff\xfe\0\x0dSprocketon."
    shorter = level[: start + 2] + note + level[start + 2 + len(note) :]
    assert any("Sprocketon" in t.value for t in taken(shorter).texts)


def test_what_pydicom_cannot_read_is_a_trouble_without_a_value() -> None:
    (trouble, *_) = taken(bytes(128) + b"DICM" + b"Thimblewick" * 9).troubles or ["none"]
    assert "Thimblewick" not in trouble


FRAGMENT = b"\xfe\xff\x00\xe0"


@pytest.fixture(scope="module")
def thumbnail(sample: Callable[[str], Path]) -> bytes:
    """Return the bytes of an instance with one coded frame."""
    level = sample("dicom-wsi.dcm")
    return next(p for p in level.parent.iterdir() if "thumbnail" in p.name).read_bytes()


@pytest.mark.parametrize("note", [b"", b"Sprocketon was here!"])
def test_a_frame_in_several_fragments_is_one_picture_and_is_walked_whole(thumbnail: bytes, note: bytes) -> None:
    at = thumbnail.index(b"\xff\xd8\xff")
    stream = thumbnail[at : at + int.from_bytes(thumbnail[at - 4 : at], "little")]
    parts = (stream[:500], stream[500:] + note)
    pieces = b"".join(FRAGMENT + len(part).to_bytes(4, "little") + part for part in parts)
    account = taken(thumbnail[: at - 8] + pieces + thumbnail[at + len(stream) :])
    assert account.troubles == []
    assert [(p.proven, p.reason) for p in account.pictures] == [(p.proven, p.reason) for p in taken(thumbnail).pictures]
    (told,) = [t.start for t in account.texts if "Sprocketon" in t.value] or [0]
    assert told == (at + 500 + 8 + len(stream) - 500 if note else 0), "it is told where it stands"


def test_frames_that_nobody_can_walk_are_a_trouble(thumbnail: bytes) -> None:
    other = thumbnail.replace(b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.4.99")
    assert taken(other).troubles == ["*.dcm: its frames are of a codec that nothing here can walk"]
