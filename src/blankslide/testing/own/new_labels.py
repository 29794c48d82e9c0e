"""New labels at length: each format's label is drawn, looked at by two readers, drawn again and killed at every write.

What `scripts/trust labels` prints: one row a sample, and one a real slide. A QR code is read by zxing from what each
reader shows. Old bytes are looked for in pieces: those of the old pictures, wherever they stood, may stand nowhere.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.bench import contents
from blankslide.testing.own.killing import CALLS, KEY, Mortal, spread
from blankslide.testing.own.label_readers import first, second
from blankslide.testing.own.tally import Tally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blankslide.model import Held, Outcome

__all__ = ["TEXT", "Row", "codes", "labels", "old_pieces", "samples"]

TEXT = "{pseudonym}|STUDY-7|HE A1"
_NAMES = (
    "aperio-classic.svs", "aperio-gt450.svs", "hamamatsu-nanozoomer.ndpi", "mirax.mrxs", "leica-scn400.scn",
    "ventana-iscan.bif", "philips-pages.tiff", "philips-base64.tiff", "philips-isyntax.isyntax", "dicom-wsi.dcm",
    "dicom-native.dcm", "zeiss-raw.czi", "zeiss-axioscan.czi", "sakura.svslide", "qptiff-brightfield.qptiff",
)  # fmt: skip
_REAL = (
    "aperio/CMU-1-Small-Region.svs", "dicom/CMU-1-Small-Region", "mirax/Mirax2-Fluorescence-2.tar.xz",
    "qptiff/small_vectra.qptiff",
)  # fmt: skip
_PIECE, _STEP = 24, 61
_SHAPE = "{:34}  {:22}  {:22}  {:5}  {:6}  {:6}  {:10}  {}"


class Row(NamedTuple):
    """How one slide fared: what each reader read from the picture that it showed, and the rest."""

    name: str
    first: str
    second: str
    qr: bool
    old: int
    same: bool
    again: int
    kills: str
    wrong: tuple[str, ...]

    @property
    def words(self) -> str:
        """The row of the table."""
        old, sizes = str(self.old) if self.old else "none", "equal" if self.same else "DIFFER"
        again = "no-op" if self.again == 0 else f"{self.again} writes"
        return _SHAPE.format(
            self.name, self.first, self.second, "yes" if self.qr else "NO", old, sizes, again, self.kills
        )


def samples() -> dict[str, Callable[[Path], object]]:
    """Return what writes each slide that is tried, by its name."""
    from blankslide.testing.built import aperio, build_dicom, builders

    known = builders()
    out: dict[str, Callable[[Path], object]] = {name: known[name] for name in _NAMES}
    out["aperio-jpeg-label.svs"] = partial(_aperio, aperio, label_codec="jpeg")
    out["dicom-jpeg2000.dcm"] = partial(build_dicom, jpeg_2000=True, fragments=3)
    return dict(sorted(out.items()))


def _aperio(build: Callable[..., object], path: Path, **recipe: object) -> object:
    return build(path, "classic", **recipe)


def labels(words: list[str], shared: Path) -> list[Tally]:
    """Try all slides whose names hold one of the words, print the table, and return how much is wrong.

    Parameters
    ----------
    words
        Parts of names; ``nokill`` leaves the kills out, ``pictures=FOLDER`` writes what readers show.
    shared
        The folder of real slides.
    """
    folder = next((Path(word.partition("=")[2]) for word in words if word.startswith("pictures=")), None)
    kills = "nokill" not in words
    chosen = [word for word in words if word != "nokill" and "=" not in word]
    print(_SHAPE.format("slide", "reader 1", "reader 2", "QR", "old", "sizes", "second run", "killed at"), flush=True)
    wrong = count = 0
    for name, build in _builders(shared):
        if not chosen or any(word in name for word in chosen):
            row = tried(name, build, kills, folder)
            print(row.words, *(f"    WRONG {sentence}" for sentence in row.wrong), sep="\n", flush=True)
            wrong, count = wrong + len(row.wrong), count + 1
    return [Tally("new labels", count, wrong)]


def _builders(shared: Path) -> Iterator[tuple[str, Callable[[Path], object]]]:
    yield from samples().items()
    for name in _REAL:
        if (shared / name).exists():
            yield f"real: {Path(name).name}", partial(_copied, shared / name)


def _copied(real: Path, path: Path) -> None:
    """Copy a real slide; ``path`` is its main file, or stands for a folder or an archive of files."""
    if real.is_dir():
        shutil.copytree(real, path.parent, dirs_exist_ok=True)
    elif real.suffix == ".xz":
        shutil.unpack_archive(real, path.parent, filter="data")
    else:
        shutil.copyfile(real, path)
    for copy in (path.parent, *path.parent.rglob("*")):
        copy.chmod(0o755 if copy.is_dir() else 0o644)


def tried(name: str, build: Callable[[Path], object], kills: bool, pictures: Path | None) -> Row:
    """Try one slide."""
    from blankslide.policy.pseudonyms import slide_name

    called = name.removeprefix("real: ")
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "slides"
        folder.mkdir()
        build(folder / called)
        slide = folder / called if (folder / called).is_file() else min(p for p in folder.iterdir() if p.is_file())
        before, wrong = contents(folder), list[str]()
        seen = _all_pieces(slide)
        outcome = _run(slide, Path(home))
        after = contents(folder)
        if outcome.content != "clean":
            wrong.append(f"ended {outcome.content}: {'; '.join(outcome.residue)}")
        shown = [read(slide) for read in (first, second)]
        reads = [(reader, codes(some, pictures and pictures / f"{called}-{reader}")) for reader, some in shown]
        again = _run(slide, Path(home)).writes
        same = {n: len(data) for n, data in before.items()} == {n: len(data) for n, data in after.items()}
        old = old_pieces(seen, after)
        told = slide_name(slide.name, KEY)
    wrong += [f"{reader} shows no code" for reader, texts in reads if texts != {told}]
    wrong += ["bytes of the old pictures are left"] * bool(old) + ["sizes differ"] * (not same)
    wrong += ["a second run writes"] * bool(again)
    try:
        killed = _killed(slide.name, build) if kills else "not tried"
    except AssertionError as error:
        killed = "FAILED"
        wrong.append(f"killed: {error}")
    words = [f"{reader}: {'code' if texts == {told} else 'NO'}" for reader, texts in reads]
    return Row(name, words[0], words[1], all(t == {told} for _, t in reads), old, same, again, killed, tuple(wrong))


def _run(slide: Path, home: Path) -> Outcome:
    from blankslide import api

    key = home / "site.key"
    if not key.exists():
        key.touch(0o600)
        key.write_bytes(KEY)
    return api.anonymize(slide, label=TEXT, key=key, ledger="none", in_place=True)


def codes(pictures: dict[str, NDArray[np.uint8]], into: Path | None = None) -> set[str]:
    """Read the codes of all pictures, and write these as PNG files if a folder is named."""
    import zxingcpp
    from PIL import Image

    found: set[str] = set()
    for name, pixels in pictures.items():
        if into is not None:
            into.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(into / f"{name}.png")
        found |= {code.text for code in zxingcpp.read_barcodes(pixels)}
    return found


# -- old bytes -----------------------------------------------------------------------------------


def _all_pieces(slide: Path) -> set[bytes]:
    """Return pieces of everything that a plan without a label would change: the old pictures, wherever they stand."""
    from blankslide.blanks.draw import draw
    from blankslide.errors import NotEditable
    from blankslide.pipeline.opening import inspected, opened

    out: set[bytes] = set()
    with opened(slide) as files:
        inspection = inspected(files, KEY)
        rooms = [room for finding in inspection.findings for room in finding.rooms]
        for room in rooms:
            source = files.files[room.blank.file]
            if room.held is None:
                spans = [(slot.start, slot.end - slot.start) for slot in room.blank.slots]
            else:
                spans = [(write.start, len(write.data)) for write in room.held.writes(room.held.data)]
            for start, length in spans:
                out |= _pieces(source.read(start, length), room.held)
            with suppress(NotEditable):  # what stands in a blank picture as well says nothing of the old one
                white = b"".join(w.data for w in draw(room.blank, source)) if room.held is None else b""
                out = {piece for piece in out if piece not in white}
    return out


def _pieces(data: bytes, held: Held | None) -> set[bytes]:
    """Return pieces that say something: headers of streams may stay, so what stands behind them is taken."""
    start = max(data.find(b"\xff\xda"), data.find(b"\xff\x93") if data[:2] == b"\xff\x4f" else 0, 0) + 14
    if held is not None:  # in base64 four letters stand for three bytes
        start += (held.data.find(b"\xff\xda") + 14) * 4 // 3 + 8
    found = (data[at : at + _PIECE] for at in range(start, len(data) - _PIECE, _STEP))
    return {piece for piece in found if len(set(piece)) > 12}


def old_pieces(pieces: set[bytes], files: dict[str, bytes]) -> int:
    """Count pieces that still stand somewhere."""
    return sum(any(piece in data for data in files.values()) for piece in pieces)


# -- kills ---------------------------------------------------------------------------------------


def _killed(name: str, build: Callable[[Path], object]) -> str:
    """Kill runs at every write, and at some of the other calls; return what was found."""
    from collections import Counter

    with tempfile.TemporaryDirectory() as root:
        mortal = Mortal(Path(root), name, build, ("--label", TEXT))
        found = Counter[str]()
        for call in CALLS:
            count = mortal.counts[call]
            for number in range(1, count + 1) if call == "pwrite64" else spread(count, 3):
                found[mortal.killed(call, number)] += 1
    return ", ".join(f"{count} {what}" for what, count in sorted(found.items()))
