"""Labels that have no room for a blank picture of their own codec: refused in place, plain and white in a copy."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate

from blankslide import pipeline
from blankslide.errors import NotEditable
from blankslide.pipeline import Options
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import KEY, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE = {"size": (512, 400), "tile": 256, "factors": (1,), "label_size": (60, 72), "macro_size": (96, 40)}
JPEG, LOSSLESS, NEAR, HTJ2K = (f"1.2.840.10008.1.2.4.{n}" for n in (50, 80, 81, 203))


def words(height: int, width: int) -> Any:
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[4:20:3, 5 : width - 5 : 2] = 0
    return pixels


def jpeg_ls(level: int) -> Callable[[Any], bytes]:
    def encode(pixels: Any) -> bytes:
        import imagecodecs

        return bytes(imagecodecs.jpegls_encode(pixels, level=level))

    return encode


def htj2k(pixels: Any) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.htj2k_encode(np.ascontiguousarray(pixels)))


def few_rows(pixels: Any) -> bytes:
    """A stream of one row only, whatever the header says."""
    out = io.BytesIO()
    Image.fromarray(pixels[:1, :96]).save(out, "JPEG")
    return out.getvalue()


CODED: dict[str, tuple[str, Callable[[Any], bytes], tuple[int, int]]] = {
    "JPEG-LS": (LOSSLESS, jpeg_ls(0), (120, 121)),
    "nearly lossless": (NEAR, jpeg_ls(2), (120, 120)),
    "HTJ2K": (HTJ2K, htj2k, (72, 60)),
    "unknown codec": (HTJ2K, lambda pixels: b"\xff\x4f\xff\x51" + bytes(range(256)) * 2, (60, 60)),
    "few rows": (JPEG, few_rows, (390, 463)),
}


@pytest.mark.parametrize("kind", CODED)
def test_a_label_without_room_becomes_plain_and_white_in_a_copy(tmp_path: Path, kind: str) -> None:
    syntax, encode, shape = CODED[kind]
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "s.dcm"
    build_dicom(path, **ONE)
    label = path.with_name("s_label.dcm")
    data = read(label)
    frame = encode(words(*shape))
    data.Rows, data.Columns = data.TotalPixelMatrixRows, data.TotalPixelMatrixColumns = shape
    data.PhotometricInterpretation, data.file_meta.TransferSyntaxUID = "RGB", syntax
    data.PixelData = encapsulate([frame])
    data["PixelData"].is_undefined_length = True
    data.save_as(label, enforce_file_format=True)
    before = {f: f.read_bytes() for f in path.parent.iterdir()}
    with pytest.raises(NotEditable):
        pipeline.anonymize_in_place(path, Options(key=KEY))
    assert {f: f.read_bytes() for f in path.parent.iterdir()} == before

    outcome = pipeline.anonymize_copy(path, tmp_path / "out", Options(key=KEY))
    assert (outcome.content, outcome.residue) == ("clean", ())
    copy = next((tmp_path / "out").rglob("s_label.dcm"))
    new = read(copy)
    assert new.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert new.pixel_array.shape == (*shape, 3)
    assert (new.pixel_array == 255).all()
    assert frame[len(frame) // 2 :][:40] not in copy.read_bytes()
    assert pipeline.anonymize_in_place(copy.with_name("s.dcm"), Options(key=KEY)).writes == 0
