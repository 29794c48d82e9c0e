"""A colour profile in a DICOM header keeps its numbers, and makers' words under ``research``."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.formats.dicom import colour_profile
from blankslide.pipeline import Options
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import KEY, SMALL, read

if TYPE_CHECKING:
    from pathlib import Path

WHO = "Quillfeather Ott"


def text(words: str) -> bytes:
    return b"text" + bytes(4) + words.encode() + b"\0"


def wide(words: str) -> bytes:
    coded = words.encode("utf-16-be")
    return b"mluc" + struct.pack(">III2s2sII", 0, 1, 12, b"en", b"US", len(coded), 28) + coded


WHITE = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 71372)
CURVE = b"curv" + bytes(7) + b"\1\2\x33"


def profile(**tags: bytes) -> bytes:
    """A display profile of these tags, with a white point and a curve."""
    every = {"wtpt": WHITE, "rTRC": CURVE, "cprt": text("No copyright, use freely"), **tags}
    table, body, start = b"", b"", 132 + 12 * len(every)
    for name, value in every.items():
        table += name.encode() + struct.pack(">II", start + len(body), len(value))
        body += value.ljust(-(-len(value) // 4) * 4, b"\0")
    head = struct.pack(">I", start + len(body)) + b"lcms" + struct.pack(">I", 0x02100000) + b"mntrRGB XYZ "
    head = (head + struct.pack(">6H", 2019, 3, 4, 5, 6, 7) + b"acsp").ljust(128, b"\0")
    return head + struct.pack(">I", len(every)) + table + body


SPEAKING = {
    "private tag": profile(SCNR=text(WHO)), "several languages": profile(dscm=wide(WHO)),
    "target": profile(targ=text(WHO)), "windows": profile(MS00=b"MS10" + bytes(4) + WHO.encode("utf-16-le")),
    "behind it": profile() + WHO.encode(),
}  # fmt: skip


@pytest.mark.parametrize("where", SPEAKING)
def test_what_a_profile_says_besides_goes(where: str) -> None:
    quiet = colour_profile.without_strange(SPEAKING[where])
    assert len(quiet) == len(SPEAKING[where])
    assert not any(WHO.encode(e) in quiet for e in ("utf-8", "utf-16-le", "utf-16-be"))
    assert WHITE in quiet
    assert CURVE in quiet
    assert b"use freely" in quiet
    assert colour_profile.without_strange(quiet) == quiet
    assert b"use freely" not in colour_profile.quiet(quiet)


def test_a_plain_profile_is_left_alone() -> None:
    assert colour_profile.without_strange(profile()) == profile()


@pytest.mark.parametrize(("chosen", "left"), [("research", True), ("strict", False)])
def test_both_profiles_of_ours_clean_it(tmp_path: Path, chosen: str, left: bool) -> None:
    path = tmp_path / "s.dcm"
    build_dicom(path, **SMALL)
    data = read(path)
    content = SPEAKING["private tag"]
    data.OpticalPathSequence[0].ICCProfile = content + bytes(len(content) % 2)
    data.save_as(path, enforce_file_format=True)
    options = Options(key=KEY, profile=chosen)
    assert pipeline.anonymize_in_place(path, options).content == "clean"
    got = read(path).OpticalPathSequence[0].ICCProfile
    assert WHO.encode() not in got
    assert WHITE in got
    assert (b"use freely" in got) is left
    assert pipeline.anonymize_in_place(path, options).writes == 0
