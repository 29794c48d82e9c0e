"""Pictures that look like a slide scanner's: tissue, label, macro.

All are functions of their arguments and a seed. Tissue is soft noise cut at a threshold
(outline), more soft noise (stroma) and dark specks (nuclei): enough for viewers, codecs and
readers to behave as on a real slide, at the price of a few array operations. The label is
what an anonymizer exists for: printed name, case number and a bar code that scanners read;
the macro shows it once more, at its left end, fully legible.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from blankslide.samples.kit.code39 import bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from blankslide.samples.kit.patients import Patient

_SMALL = 1 << 20
LABEL_SIZE = (387, 463)
MACRO_SIZE = (1280, 431)

_GLASS = (243.0, 241.0, 244.0)
_EOSIN = (226.0, 150.0, 190.0)
_NUCLEUS = (88.0, 58.0, 138.0)


def _clouds(rng: np.random.Generator, width: int, height: int, cell: int) -> NDArray[np.float32]:
    """Smooth noise in [0, 1], shape (height, width), with features of about ``cell`` pixels."""
    import numpy as np
    from PIL import Image

    coarse = rng.random((height // cell + 3, width // cell + 3)).astype(np.float32)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float32).clip(0.0, 1.0)


def _rim(width: int, height: int) -> NDArray[np.float32]:
    """Rise from 0 to 1 at the very edge, so that tissue lies within the glass and repeats without a seam."""
    import numpy as np

    x = np.abs(np.linspace(-1.0, 1.0, width, dtype=np.float32)) ** 8
    y = np.abs(np.linspace(-1.0, 1.0, height, dtype=np.float32)) ** 8
    rim: NDArray[np.float32] = np.maximum(x[None, :], y[:, None])
    return rim


def _specks(rng: np.random.Generator, mask: NDArray[np.bool_], spacing: int) -> NDArray[np.bool_]:
    """Mark round nuclei of radius 3 to 4 inside ``mask``, one for ``spacing`` squared pixels."""
    import numpy as np

    height, width = mask.shape
    count = height * width // (spacing * spacing)
    y, x = rng.integers(0, height, count), rng.integers(0, width, count)
    inside = mask[y, x]
    y, x = y[inside], x[inside]
    out = np.zeros_like(mask)
    for dy in range(-4, 5):
        for dx in range(-4, 5):
            if dy * dy + dx * dx <= 14:
                out[(y + dy).clip(0, height - 1), (x + dx).clip(0, width - 1)] = True
    return out & mask


def tissue(width: int, height: int, seed: int = 1) -> Image:
    """Draw H&E-stained tissue on glass.

    Parameters
    ----------
    width, height
        Size in pixels, any.
    seed
        Same seed, same picture.
    """
    drawn = _tissue_once if width * height <= _SMALL else _tissue
    picture = drawn(width, height, seed).copy()
    if _one is not None and width * height > _one.width * _one.height:
        _one.picture, _one.width, _one.height = picture, width, height
    return picture


def _tissue(width: int, height: int, seed: int) -> Image:
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(seed)
    cell = max(8, min(width, height) // 5)
    ragged = 0.8 * _clouds(rng, width, height, cell) + 0.2 * _clouds(rng, width, height, max(8, cell // 5))
    mask = ragged - _rim(width, height) > 0.42
    stroma = _clouds(rng, width, height, 24)
    nuclei = np.flatnonzero(_specks(rng, mask, 18))
    glass, dark = ~mask, 40.0 * stroma.ravel()[nuclei]
    thin, stroma = 3.0 * stroma, stroma - 0.5
    planes = []
    for i in range(3):
        plane = stroma * (20.0, 60.0, 36.0)[i]
        plane += _EOSIN[i]
        np.subtract(_GLASS[i], thin, out=plane, where=glass)
        plane.ravel()[nuclei] = _NUCLEUS[i] + dark
        planes.append(Image.fromarray(plane.astype(np.uint8)))  # none of these is near 0 or 255
    return Image.merge("RGB", planes)


_tissue_once = lru_cache(16)(_tissue)
"""Many samples of a size show the same tissue."""


class _OneTissue:
    """The largest tissue that was drawn so far, for macros that show the slide itself."""

    picture: Image | None = None
    width = height = 0


_one: _OneTissue | None = None


@contextmanager
def one_tissue() -> Iterator[None]:
    """Let all macros that are drawn meanwhile show the slide: the largest tissue that was drawn before them."""
    global _one
    _one = _OneTissue()
    try:
        yield
    finally:
        _one = None


def _on_glass(width: int, height: int, seed: int) -> Image:
    """Draw the tissue of a macro, which may be the slide's own, somewhere in the middle."""
    if _one is None or _one.picture is None:
        return tissue(width, height, seed)
    from PIL import Image

    scale = min(0.8 * width / _one.width, 0.9 * height / _one.height)
    small = _one.picture.resize((round(_one.width * scale), round(_one.height * scale)), Image.Resampling.BOX)
    glass = Image.new("RGB", (width, height), (250, 250, 250))
    glass.paste(small, (width // 10, (height - small.height) // 2))
    return glass


def _photographed(picture: Image, seed: int) -> Image:
    """Add uneven light and sensor noise, so that the codec has something to do."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(seed)
    width, height = picture.size
    light = 1.0 - 0.10 * _clouds(rng, width, height, max(width, height) // 2)
    noise = rng.normal(0.0, 1.6, (height, width, 1))
    shaded = np.asarray(picture, np.float32) * light[..., None] + noise
    return Image.fromarray(shaded.clip(0, 255).astype(np.uint8))


def _write(draw: ImageDraw, left: int, top: int, width: int, text: str, size: int) -> int:
    """Print one line, smaller if it would not fit; return the top of the next line."""
    from PIL import ImageFont

    font: Any = ImageFont.load_default(size)
    while size > 7 and draw.textlength(text, font) > width:
        size -= 1
        font = ImageFont.load_default(size)
    draw.text((left, top), text, fill=(24, 22, 26), font=font)
    return top + size + size // 3


def label_lines(patient: Patient) -> tuple[str, ...]:
    """Return what is printed on the label, top to bottom, without the bar code."""
    return (
        patient.institution,
        patient.name,
        f"DOB {patient.birth_date:%d.%m.%Y}   {patient.sex}",
        patient.mrn,
        patient.case,
        f"{patient.specimen}  H&E",
        patient.physician,
    )


def _sticker(patient: Patient, width: int, height: int) -> Image:
    """Print the label on white paper."""
    from PIL import Image, ImageDraw

    paper = Image.new("RGB", (width, height), (250, 249, 244))
    draw = ImageDraw.Draw(paper)
    margin = max(4, width // 22)
    top = margin
    for i, line in enumerate(label_lines(patient)):
        size = width // 11 if i in (1, 4) else width // 17
        top = _write(draw, margin, top, width - 2 * margin, line, size)
    module = (width - 2 * margin) // len(bars(patient.accession))
    bottom = height - margin - width // 14
    if module and bottom - top > 2 * margin:
        _code(draw, patient.accession, module, width, top + margin, bottom)
    return paper


def _code(draw: ImageDraw, text: str, module: int, width: int, top: int, bottom: int) -> None:
    """Draw a centred Code 39 with its text below."""
    pattern = bars(text)
    left = (width - module * len(pattern)) // 2
    for i, dark in enumerate(pattern):
        if dark:
            draw.rectangle((left + i * module, top, left + (i + 1) * module - 1, bottom), fill=(12, 12, 14))
    _write(draw, left, bottom + 2, module * len(pattern), text, max(9, width // 20))


def label(patient: Patient, size: tuple[int, int] = LABEL_SIZE, seed: int = 2) -> Image:
    """Draw the photograph of the slide's label.

    Parameters
    ----------
    patient
        Whose name is printed on it.
    size
        Width and height in pixels; legible, with its bar code, from about 260 by 380.
    seed
        Of light and noise.
    """
    return _label(patient, size, seed).copy()


@lru_cache(16)
def _label(patient: Patient, size: tuple[int, int], seed: int) -> Image:
    from PIL import Image

    width, height = size
    scene = Image.new("RGB", size, (70, 72, 76))
    edge = width // 40
    scene.paste(_sticker(patient, width - 2 * edge, height - 2 * edge), (edge, edge))
    return _photographed(scene, seed)


def macro(patient: Patient, size: tuple[int, int] = MACRO_SIZE, seed: int = 3, *, with_label: bool = True) -> Image:
    """Draw the whole slide on its tray: label at the left end, tissue at the right.

    Parameters
    ----------
    patient
        Whose label it is.
    size
        Width and height in pixels.
    seed
        Of tissue, light and noise.
    with_label
        Whether the label end is in the picture; otherwise it is plain glass.
    """
    drawn = _macro_once if _one is None and size[0] * size[1] <= _SMALL else _macro
    return drawn(patient, size, seed, with_label).copy()


def _macro(patient: Patient, size: tuple[int, int], seed: int, with_label: bool) -> Image:
    from PIL import Image, ImageChops, ImageDraw

    width, height = size
    scene = Image.new("RGB", size, (48, 50, 54))
    border = height // 24
    ImageDraw.Draw(scene).rectangle((border, border, width - border, height - border), fill=(236, 236, 238))
    if with_label:
        scene.paste(_sticker(patient, width * 9 // 40, height - 4 * border), (2 * border, 2 * border))
    at = (width * 2 // 5, 3 * border)
    glass = scene.crop((*at, at[0] + width // 2, height - 3 * border))
    scene.paste(ImageChops.darker(glass, _on_glass(*glass.size, seed)), at)
    return _photographed(scene, seed)


_macro_once = lru_cache(16)(_macro)
