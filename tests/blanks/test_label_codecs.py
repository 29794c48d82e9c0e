"""New labels in codecs of plain samples, JPEG 2000, JPEG XR, PNG and Zstandard: foreign decoders show the drawing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
import tifffile
import zxingcpp
from PIL import Image
from pydicom.pixels.decoders.rle import _rle_decode_frame

from blankslide.blanks import label, label_jp2k
from blankslide.blanks.label_art import art
from blankslide.containers.tiff.directories import Tiff
from blankslide.formatkit.tiff_pictures import label_rooms
from blankslide.model import Blank, Coding, Room, Slot
from blankslide.samples.kit.tiff_values import short
from blankslide.samples.kit.tiff_writer import Page, write_tiff
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[Any]

CODE = "slide-0123456789abcdef01234567"
TEXT = f"{CODE}\nSTUDY-7\nH&E A1"
WIDTH, HEIGHT = 256, 240


def noise(samples: int = 3, bits: int = 8) -> Pixels:
    shape = (HEIGHT, WIDTH, samples) if samples > 1 else (HEIGHT, WIDTH)
    return np.random.default_rng(17).integers(0, 1 << bits, shape).astype(f"u{bits // 8}")


def drawn(coding: Coding, old: bytes) -> bytes:
    """Draw a label over a picture of one slot, and see that it is known again, and not with a byte changed."""
    room = Room(Blank(0, "label", coding, (Slot(0, len(old), WIDTH, HEIGHT),)), "label", WIDTH, HEIGHT, 0)
    assert label.written(room, MemorySource(old)) is None
    writes = label.draw(room, TEXT, MemorySource(old))
    assert writes is not None
    (write,) = writes
    new = write.data
    assert len(new) == len(old)
    found = label.written(room, MemorySource(new))
    assert found is not None
    assert found.text == TEXT
    assert found.spans == ((0, len(old)),)
    assert label.draw(room, TEXT, MemorySource(new)) == writes
    rng = np.random.default_rng(4)
    for at in (*rng.integers(0, len(new), 6).tolist(), *rng.integers(0, 600, 6).tolist(), len(new) - 1):
        bad = bytearray(new)
        bad[at] ^= 1 << int(rng.integers(8))
        assert label.written(room, MemorySource(bytes(bad))) is None, at
    return new


def assert_shows(pixels: Pixels, slack: int = 0) -> None:
    grey = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
    if grey.ndim == 3:
        grey = grey[..., 0]
    lowered = [art(TEXT, WIDTH, HEIGHT, False, n) for n in range(8)]
    assert min(np.abs(grey.astype(int) - a).max() for a in lowered if a is not None) <= slack
    assert [code.text for code in zxingcpp.read_barcodes(np.ascontiguousarray(grey))] == [CODE]


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("bits", [8, 16])
def test_dicom_run_length(samples: int, bits: int) -> None:
    old = bytes(noise(samples, bits).tobytes()) + bytes(64)
    new = drawn(Coding(-5, 2 if samples == 3 else 1, bits, samples), old)
    flat = np.frombuffer(_rle_decode_frame(new, HEIGHT, WIDTH, samples, bits), f"<u{bits // 8}")
    assert_shows(np.moveaxis(flat.reshape(samples, HEIGHT, WIDTH), 0, -1), 1)


@pytest.mark.parametrize("form", ["RGB", "L", "RGB without a transform", "small chroma"])
def test_jpeg_2000(form: str) -> None:
    more: dict[str, Any] = {"mct": False} if "without" in form else {}
    old = bytes(imagecodecs.jpeg2k_encode(noise(1 if form == "L" else 3), level=40, codecformat="j2k", **more))
    coding = Coding(33005, 1 if form == "L" else 2, 8, 1 if form == "L" else 3)
    if form == "small chroma":  # readers turn luma and chroma into colours, so chroma has to stay in the middle
        size = old.find(b"\xff\x51") + 40
        old = old[: size + 3] + b"\x07\x02\x01\x07\x02\x01" + old[size + 9 :]
        old = old.replace(
            old[(at := old.find(b"\xff\x52")) : at + 14], old[at : at + 8] + b"\0" + old[at + 9 : at + 14]
        )
        coding = coding._replace(compression=33003)
    new = drawn(coding, old)
    decoded = imagecodecs.jpeg2k_decode(new) if form != "small chroma" else None
    if decoded is not None:
        assert_shows(decoded)
        assert decoded.ndim == 2 or (decoded == decoded[..., :1]).all()
    assert label_jp2k.comment(new).startswith(b"Blankslide label 1 ")


def test_jpeg_2000_of_sixteen_bits() -> None:
    old = bytes(imagecodecs.jpeg2k_encode(noise(1, 16), level=40, codecformat="j2k"))
    assert_shows(imagecodecs.jpeg2k_decode(drawn(Coding(33005, 1, 16, 1), old)))


@pytest.mark.parametrize("damage", ["offset", "signed", "four", "none"])
def test_jpeg_2000_of_odd_forms_is_refused(damage: str) -> None:
    old = bytearray(imagecodecs.jpeg2k_encode(noise(), level=40, codecformat="j2k"))
    at = old.find(b"\xff\x51") + 4
    if damage == "offset":
        old[at + 13] = 8
    elif damage == "signed":
        old[at + 36] |= 0x80
    elif damage == "four":
        old[at + 35] = 4
    else:
        old[:2] = b"\0\0"
    grey = art(TEXT, WIDTH, HEIGHT)
    assert grey is not None
    assert label_jp2k.draw(bytes(old), grey, False, b"", len(old)) is None


@pytest.mark.parametrize(("samples", "bits"), [(1, 8), (3, 8), (3, 16)])
def test_jpeg_xr(samples: int, bits: int) -> None:
    old = bytes(imagecodecs.jpegxr_encode(noise(samples, bits)))
    assert_shows(imagecodecs.jpegxr_decode(drawn(Coding(22610, 2, bits, samples), old)))


def test_jpeg_xr_with_little_room_gets_soft_edges() -> None:
    """Where hard ones take 16 kB, or 27 in imagecodecs of autumn 2026."""
    old = bytes(imagecodecs.jpegxr_encode(noise(), level=1.0))[:14_000]
    assert_shows(imagecodecs.jpegxr_decode(drawn(Coding(22610, 2, 8, 3), old)), 100)


@pytest.mark.parametrize(("samples", "bits"), [(1, 8), (3, 8), (3, 16)])
def test_zstandard(samples: int, bits: int) -> None:
    full = bytes(imagecodecs.zstd_encode(noise(samples, bits)))
    for length in (len(full), len(full) - 1, len(full) - 2, 9000):  # whatever is left has to be filled
        new = drawn(Coding(50000, 2 if samples == 3 else 1, bits, samples), full[:length])
        decoded = np.frombuffer(imagecodecs.zstd_decode(new), f"<u{bits // 8}").reshape(noise(samples).shape)
        assert_shows(decoded)


def test_zstandard_with_words_in_runs_of_no_length_is_not_ours() -> None:
    """They decode to nothing, so only a walk over the blocks sees them."""
    old = bytes(imagecodecs.zstd_encode(noise()))
    coding = Coding(50000, 2, 8, 3)
    new = drawn(coding, old)
    at = new.find(bytes(60)) + 30  # behind the mark, to which they would belong else
    bad = new[:at] + b"".join(b"\2\0\0" + bytes([letter]) for letter in b"Eve") + new[at + 12 :]
    assert imagecodecs.zstd_decode(bad) == imagecodecs.zstd_decode(new)
    room = Room(Blank(0, "label", coding, (Slot(0, len(old), WIDTH, HEIGHT),)), "label", WIDTH, HEIGHT, 0)
    assert label.written(room, MemorySource(new)) is not None
    assert label.written(room, MemorySource(bad)) is None


def test_png() -> None:
    out = io.BytesIO()
    Image.fromarray(noise()).save(out, "PNG")
    for length in (len(out.getvalue()), 4000):
        new = drawn(Coding(-6, 1, 8, 1), out.getvalue()[:length])
        with Image.open(io.BytesIO(new)) as image:
            assert_shows(np.asarray(image.convert("L")))
        assert_shows(imagecodecs.png_decode(new) * np.uint8(1))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("compression", "rows", "predictor", "bits", "extra"),
    [
        (32773, 16, False, 8, None),
        (32773, HEIGHT, False, 16, None),
        (50000, 16, True, 8, None),
        (50000, 16, False, 16, None),
        (5, 16, True, 16, None),
        (8, 16, True, 16, None),
        (1, 16, False, 16, None),
        (5, 16, False, 8, "unassalpha"),
        (33005, HEIGHT, False, 8, None),
    ],
)
def test_pages_of_tiff(
    tmp_path: Path, order: Any, compression: int, rows: int, predictor: bool, bits: int, extra: str | None
) -> None:
    path = tmp_path / "x.tif"
    pixels = noise(4 if extra else 3, bits)
    more: dict[str, Any] = {"extrasamples": extra} if extra else {}
    if compression == 33005:
        path = tmp_path / "x.svs"
        more = {"tile": (HEIGHT // 16 * 16, WIDTH)}
    else:
        more |= {"rowsperstrip": rows}
    tifffile.imwrite(
        path, pixels, byteorder=order, photometric="rgb", compression=compression, predictor=predictor or None, **more
    )
    old = path.read_bytes()
    (room,) = label_rooms(Tiff(MemorySource(old)).pages[0], "label")
    writes = label.draw(room, TEXT, MemorySource(old))
    assert writes is not None
    new = bytearray(old)
    for write in writes:
        new[write.start : write.start + len(write.data)] = write.data
    path.write_bytes(new)
    found = label.written(room, MemorySource(bytes(new)))
    assert found is not None
    assert found.text == TEXT
    for read in _readers(compression, bits, extra):
        assert_shows(read(path), 1)


def _readers(compression: int, bits: int, extra: str | None) -> list[Callable[[Path], Pixels]]:
    """Return decoders that know such a page: tifffile, and libtiff below Pillow."""
    if compression in (33005, 50000) or bits == 16:
        return [tifffile.imread]
    return [tifffile.imread, lambda path: np.asarray(Image.open(path))]


# -- strips laid anew -----------------------------------------------------------------------------


def page_of(path: Path, compression: int, lengths: list[int]) -> Room:
    """Write a page whose strips have such lengths, and hold nothing that matters."""
    rng = np.random.default_rng(3)
    strips = [rng.integers(0, 256, length, dtype=np.uint8).tobytes() for length in lengths]
    own = {256: short(WIDTH), 257: short(HEIGHT), 258: short(8), 259: short(compression), 262: short(1)}
    own |= {277: short(1), 278: short(16), 284: short(1)}
    write_tiff(path, [Page(own, strips)])
    return label_rooms(Tiff(MemorySource(path.read_bytes())).pages[0], "label")[0]


@pytest.mark.parametrize("compression", [5, 8, 32773, 50000])
def test_strips_are_laid_anew_where_one_has_too_little_room(tmp_path: Path, compression: int) -> None:
    path = tmp_path / "x.tif"
    room = page_of(path, compression, [9000, *[60] * (HEIGHT // 16 - 1)])
    old = path.read_bytes()
    writes = label.draw(room, TEXT, MemorySource(old))
    assert writes is not None
    new = bytearray(old)
    for write in writes:
        new[write.start : write.start + len(write.data)] = write.data
    changed = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    inside = [(s.start, s.end) for s in room.blank.slots]
    pointers = room.pointers
    assert pointers is not None
    arrays = [(at, at + w * len(inside)) for at, w in zip(pointers[:2], pointers.wide, strict=True)]
    assert all(any(a <= i < b for a, b in (*inside, *arrays)) for i in changed)
    path.write_bytes(new)
    (again,) = label_rooms(Tiff(MemorySource(bytes(new))).pages[0], "label")
    assert sum(s.end - s.start for s in again.blank.slots) == sum(b - a for a, b in inside)  # none is left to nobody
    found = label.written(again, MemorySource(bytes(new)))
    assert found is not None
    assert found.text == TEXT
    assert_shows(tifffile.imread(path), 1)
    assert label.draw(again, TEXT, MemorySource(bytes(new))) is not None


def test_strips_are_not_laid_anew_where_they_have_too_little_together(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    room = page_of(path, 5, [900, *[60] * (HEIGHT // 16 - 1)])
    assert label.draw(room, TEXT, MemorySource(path.read_bytes())) is None
