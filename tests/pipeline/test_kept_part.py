"""A part of the label stays, bit for bit where the codec allows, and nothing beside it; the slide is then not clean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

from blankslide import api
from blankslide.blanks import kept_part
from blankslide.cli import main
from blankslide.errors import UsageError
from blankslide.model import Blank, Coding, Room, Slot
from blankslide.policy.label_part import parse
from blankslide.policy.profiles import load
from blankslide.source import MemorySource
from blankslide.testing.bench import contents
from blankslide.testing.built import builders
from blankslide.testing.own.killing import KEY
from blankslide.testing.own.label_readers import first, second

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Outcome

LEFT, TOP, WIDE, HIGH = 16, 120, 160, 64
ASKED = f"{LEFT},{TOP},{WIDE},{HIGH}"
#: Samples, and how far blocks of their codec reach, and colours beyond them: what is kept is that much smaller at most.
LABELS = {
    "aperio-classic.svs": 0,  # LZW
    "philips-base64.tiff": 18,
    "dicom-native.dcm": 0,
    "zeiss-axioscan.czi": 0,  # Zstandard
}


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "site.key"
    path.touch(0o600)
    path.write_bytes(KEY)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "slides"
    path.mkdir()
    return path


def run(slide: Path, key: Path, part: str | None = ASKED, **more: Any) -> Outcome:
    return api.anonymize(slide, keep_label=part, key=key, ledger="none", in_place=True, **more)


def labels_of(slide: Path) -> list[np.ndarray[Any, Any]]:
    """Return what two readers show of the label: in each sample it is the picture that is nearest to a square."""
    out = []
    for read in (first, second):
        _, pictures = read(slide)
        found = [p for p in pictures.values() if 0.6 < p.shape[1] / p.shape[0] < 1 and p.shape[0] > 200]
        out.append(min(found, key=lambda p: p.size))
    return out


@pytest.mark.parametrize("name", LABELS)
def test_a_part_stays_and_nothing_beside_it(name: str, folder: Path, key: Path) -> None:
    slide, grows = folder / name, LABELS[name]
    builders()[name](slide)
    before, sizes = labels_of(slide), {n: len(data) for n, data in contents(folder).items()}
    outcome = run(slide, key)
    assert (outcome.content, outcome.residue) == ("residue", ("kept: a part of the label",))
    assert [d.identifying for d in outcome.decisions if d.id == "picture.label"] == [True]
    assert {n: len(data) for n, data in contents(folder).items()} == sizes
    for old, new in zip(before, labels_of(slide), strict=True):
        inner = np.s_[TOP + grows : TOP + HIGH - grows, LEFT + grows : LEFT + WIDE - grows]
        assert (new[inner] == old[inner]).all()
        assert (old[inner] < 128).any()
        outside = new.astype(int).copy()
        outside[TOP : TOP + HIGH, LEFT : LEFT + WIDE] = 255
        assert outside.min() >= 250
    after = contents(folder)
    assert run(slide, key).writes == 0
    assert contents(folder) == after
    assert api.verify(slide, key=key, ledger="none").content == "residue"


def test_a_later_run_that_asks_for_nothing_removes_it(folder: Path, key: Path) -> None:
    slide = folder / "a.svs"
    builders()["aperio-gt450.svs"](slide)
    run(slide, key)
    assert run(slide, key, None).content == "clean"
    assert "label" not in first(slide)[1]


def test_a_new_label_then_stands_in_the_place_of_the_macro(folder: Path, key: Path) -> None:
    slide = folder / "a.svs"
    builders()["aperio-gt450.svs"](slide)
    outcome = run(slide, key, label="STUDY-7")
    assert outcome.residue == ("kept: a part of the label",)
    from blankslide.testing.own.new_labels import codes

    assert codes(first(slide)[1]) == {"STUDY-7"}


def test_a_profile_says_it_for_all_slides(folder: Path, key: Path, tmp_path: Path) -> None:
    slide, profile = folder / "a.svs", tmp_path / "site.toml"
    builders()["aperio-gt450.svs"](slide)
    profile.write_text(f'keep_label = "{ASKED}"\n')
    assert load(str(profile)).label_part == parse(ASKED)
    outcome = run(slide, key, None, profile=profile)
    assert outcome.residue == ("kept: a part of the label",)


@pytest.mark.parametrize("text", ["", "auto", "1,2,3", "1,2,0,4", "-1,2,3,4", "1,2,3,4,5", "9999999,1,1,1"])
def test_what_is_no_rectangle_is_refused(text: str, folder: Path, key: Path, tmp_path: Path) -> None:
    slide, profile = folder / "a.svs", tmp_path / "site.toml"
    builders()["aperio-gt450.svs"](slide)
    before = contents(folder)
    with pytest.raises(UsageError):
        run(slide, key, text)
    profile.write_text(f'name = "a"\nkeep_label = "{text}"\n')
    with pytest.raises(UsageError, match=r"site\.toml, line 2"):
        load(str(profile))
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("text", "problem"), [("0,0,9000,10", "reaches beyond the label"), ("0,0,387,463", "is all of the label")]
)
def test_what_is_not_a_part_of_the_label_is_refused(text: str, problem: str, folder: Path, key: Path) -> None:
    slide = folder / "a.svs"
    builders()["aperio-gt450.svs"](slide)
    before = contents(folder)
    with pytest.raises(UsageError, match=problem):
        run(slide, key, text)
    assert contents(folder) == before


def test_a_slide_without_a_label_says_so(folder: Path, key: Path) -> None:
    slide = folder / "a.ndpi"
    builders()["hamamatsu-nanozoomer.ndpi"](slide)
    outcome = run(slide, key)
    assert outcome.content == "clean"
    assert "the slide has no label of which a part could be kept" in outcome.notes


def test_a_codec_that_cannot_be_cut_is_refused() -> None:
    data = bytes(5000)
    blank = Blank(0, "label", Coding(33005, 2, 8, 3), (Slot(0, len(data), 256, 240),))
    room = Room(blank, "label", 256, 240, 0)
    assert kept_part.draw(room, (8, 8, 64, 64), MemorySource(data)) is None


def test_packed_runs_are_coded_again() -> None:
    """A decoder that we did not write shows what is kept."""
    import imagecodecs

    pixels = np.random.default_rng(5).integers(0, 255, (240, 256), dtype=np.uint8)
    data = b"".join(imagecodecs.packbits_encode(row.tobytes()) for row in pixels) + b"\x80" * 40
    blank = Blank(0, "label", Coding(32773, 1, 8, 1), (Slot(0, len(data), 256, 240),))
    writes = kept_part.draw(Room(blank, "label", 256, 240, 0), (40, 30, 90, 80), MemorySource(data))
    assert writes is not None
    (write,) = writes
    seen = np.frombuffer(imagecodecs.packbits_decode(write.data), np.uint8)[: 240 * 256].reshape(240, 256)
    wanted = np.full_like(pixels, 255)
    wanted[30:80, 40:90] = pixels[30:80, 40:90]
    assert (seen == wanted).all()
    assert len(write.data) == len(data)


def test_the_command_line_ends_with_one(folder: Path, key: Path) -> None:
    builders()["aperio-gt450.svs"](folder / "a.svs")
    more = ("--key", str(key), "--ledger", "none", str(folder / "a.svs"))
    ended = CliRunner().invoke(main, ["anonymize", "--in-place", "--keep-label", ASKED, *more])
    assert ended.exit_code == 1
    assert "a part of the label" in ended.output
    ended = CliRunner().invoke(main, ["batch", "--in-place", "--jobs", "1", "--keep-label", "1,2", *more])
    assert ended.exit_code == 2
    assert "not four whole numbers" in ended.output
