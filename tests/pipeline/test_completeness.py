"""Whether a slide is whole: cut short, filled later in any order, open for writing, or one file of a set missing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.pipeline.completeness import WRITTEN, ZEROS, missing
from blankslide.testing.built import build_argos, build_generic, build_mirax

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "a.avs"
    build_argos(path)
    return path


def test_a_whole_slide_lacks_nothing(slide: Path) -> None:
    assert missing(slide) is None


@pytest.mark.parametrize("part", [0, 0.1, 0.5, 0.9, 0.99])
def test_a_slide_that_was_cut_short_is_not_whole(slide: Path, part: float) -> None:
    data = slide.read_bytes()
    slide.write_bytes(data[: int(len(data) * part)])
    lacks = missing(slide)
    assert lacks is not None
    assert lacks.certain
    assert not lacks.waits


@pytest.mark.parametrize("at", [0.0, 0.2, 0.4, 0.6, 0.8])
@pytest.mark.parametrize("sparse", [True, False])
def test_a_slide_that_got_its_size_first_is_not_whole_while_a_part_is_zeros(
    slide: Path, at: float, sparse: bool
) -> None:
    data = slide.read_bytes()
    low, high = int(len(data) * at), int(len(data) * (at + 0.2))
    with slide.open("wb") as file:
        file.truncate(len(data))
        if not sparse:
            file.write(bytes(len(data)))
        for start, end in ((0, low), (high, len(data))):
            file.seek(start)
            file.write(data[start:end])
    assert missing(slide) is not None


def test_uncompressed_pixels_may_be_zeros(tmp_path: Path) -> None:
    """A dark slide looks as if it were not copied to the end; nobody can be certain."""
    import numpy as np
    import tifffile

    path = tmp_path / "dark.tif"
    pixels = np.full((512, 512, 3), 200, np.uint8)
    pixels[:128] = 0
    with tifffile.TiffWriter(path) as writer:
        writer.write(pixels, tile=(128, 128), photometric="rgb", subifds=1)
        writer.write(pixels[::2, ::2], tile=(128, 128), photometric="rgb", subfiletype=1)
    lacks = missing(path)
    if lacks is not None and lacks.reason != ZEROS:
        pytest.skip(f"no format takes it: {lacks.reason}")
    assert lacks is not None
    assert not lacks.certain


def test_generic_tiff_is_whole(tmp_path: Path) -> None:
    build_generic(tmp_path / "a.tif")
    assert missing(tmp_path / "a.tif") is None


@pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")
def test_a_slide_that_somebody_writes_to_is_waited_for(slide: Path) -> None:
    code = "import sys; f = open(sys.argv[1], 'r+b'); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(slide)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        lacks = missing(slide)
        assert lacks is not None
        assert (lacks.reason, lacks.waits) == (WRITTEN, True)
        assert writer.stdin is not None
        writer.stdin.close()
        writer.wait()
    assert missing(slide) is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_writer_is_seen_without_leases_too(slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from blankslide.storage import lock

    def no_lease(*arguments: object) -> bool:
        raise OSError

    monkeypatch.setattr(lock, "_granted", no_lease)
    assert missing(slide) is None
    with slide.open("r+b"):
        lacks = missing(slide)
    assert lacks is not None
    assert lacks.waits


def test_a_set_lacks_a_file(tmp_path: Path) -> None:
    build_mirax(tmp_path / "a.mrxs")
    assert missing(tmp_path / "a.mrxs") is None
    os.rename(tmp_path / "a" / "Data0003.dat", tmp_path / "elsewhere")
    assert missing(tmp_path / "a.mrxs") is not None


def test_one_that_cannot_be_looked_at_is_neither_whole_nor_damaged(tmp_path: Path) -> None:
    with pytest.raises((EnvironmentProblem, UsageError)):
        missing(tmp_path / "gone.svs")
