"""Codes are found where a reader reads them, and where nothing but their structure is left; tissue has none."""

from __future__ import annotations

import numpy as np
import pytest

from blankslide.found.barcodes import Code, codes
from blankslide.samples.kit import drawing

cv2 = pytest.importorskip("cv2", reason="the extra ocr is not installed")
zxingcpp = pytest.importorskip("zxingcpp", reason="the extra ocr is not installed")

NAMES = ("DataMatrix", "QRCode", "Code128", "PDF417")
AT = (60, 80)


def sheet(name: str, module: int = 3, blur: float = 0.0, fade: float = 0.0, quarters: int = 0) -> tuple[object, tuple]:
    """Draw one code on paper; return the picture and its box."""
    code = zxingcpp.create_barcode("S23-12345-A1", getattr(zxingcpp.BarcodeFormat, name))
    dark = np.repeat(np.repeat(np.asarray(code.to_image(scale=1, add_quiet_zones=False)), module, 0), module, 1)
    if name == "Code128":
        dark = dark[:70]
    paper = np.full((360, 640), 240, np.uint8)
    top, left = AT
    paper[top : top + dark.shape[0], left : left + dark.shape[1]] = np.minimum(240, dark + (240 - dark * 1.0) * fade)
    if blur:
        paper = cv2.GaussianBlur(paper, (0, 0), blur)
    paper = np.ascontiguousarray(np.rot90(paper, quarters))
    box = (left, top, left + dark.shape[1], top + dark.shape[0])
    for _ in range(quarters):
        box = (box[1], (640 if _ % 2 == 0 else 360) - box[2], box[3], (640 if _ % 2 == 0 else 360) - box[0])
    return np.repeat(paper[..., None], 3, 2), box


def covered(box: tuple[int, int, int, int], found: list[Code]) -> float:
    mask = np.zeros((700, 700), bool)
    for code in found:
        mask[code.box[1] : code.box[3], code.box[0] : code.box[2]] = True
    return float(mask[box[1] : box[3], box[0] : box[2]].mean())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quarters", range(4))
def test_a_sharp_code_is_read_in_every_direction(name: str, quarters: int) -> None:
    pixels, box = sheet(name, quarters=quarters)
    found = codes(pixels, printed=True)
    assert [code.text for code in found] == ["S23-12345-A1"]
    assert covered(box, found) > 0.8


@pytest.mark.parametrize(("name", "blur"), [("DataMatrix", 1.6), ("QRCode", 2.6), ("Code128", 3.2), ("PDF417", 2.6)])
def test_a_blurred_code_is_seen_if_nobody_can_read_it(name: str, blur: float) -> None:
    pixels, box = sheet(name, blur=blur)
    found = codes(pixels, printed=True)
    assert all(code.text is None for code in found)
    assert covered(box, found) > 0.5


def test_a_pale_code_is_seen() -> None:
    pixels, box = sheet("QRCode", fade=0.7, blur=2.4)
    assert covered(box, codes(pixels, printed=True)) > 0.5


def test_tissue_has_no_code() -> None:
    found = [codes(np.asarray(drawing.tissue(512, 400, seed))) for seed in range(3)]
    assert found == [[]] * 3


def test_what_was_read_as_text_is_no_code() -> None:
    pixels, box = sheet("PDF417", blur=2.6)
    assert codes(pixels, read=[box], printed=True) == []


def test_no_repr_says_what_was_read() -> None:
    assert "S23" not in repr(Code((0, 0, 1, 1), "S23-12345", 1.0))
