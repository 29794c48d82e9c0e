"""Labels as laboratories print and write them, built from a seed, with the places of their lines and codes.

Fonts and sizes, thermal print with lines that failed, matrix printers, writing as by hand, pale print, coloured paper,
blur, glare, noise and JPEG: enough to say which part of what a person would read is found. All is invented.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

    Box = tuple[int, int, int, int]

FORMATS = ("DataMatrix", "QRCode", "Code128", "PDF417")
_FONTS = Path("/usr/share/fonts/truetype/dejavu")
_INK = ((18, 18, 20), (30, 30, 34), (22, 26, 60), (60, 20, 24))
_PAPER = ((250, 249, 244), (246, 246, 248), (250, 236, 170), (214, 234, 248), (246, 214, 222), (222, 240, 214))
_STAINS = ("H&E", "PAS", "Ki-67", "CD3", "Giemsa", "EvG")
_FAMILY = ("Quillfeather", "Vanterpoole", "Whimsley", "Ottermole", "Brackenridge", "Halloway", "Penhaligon")
_GIVEN = ("Ignatia", "Barnaby", "Clementine", "Rosalind", "Theodore", "Wilhelmina")


@dataclass
class Built:
    """A picture, and what is where on it: left, upper, right and lower edge in pixels."""

    pixels: Any
    lines: list[tuple[str, Box, bool]] = field(default_factory=list)
    codes: list[tuple[str, Box]] = field(default_factory=list)
    styles: tuple[str, ...] = ()

    def turned(self, quarters: int) -> Built:
        """Turn it by quarters, against the clock."""
        import numpy as np

        out = self
        for _ in range(quarters % 4):
            width = out.pixels.shape[1]
            out = Built(
                np.ascontiguousarray(np.rot90(out.pixels)),
                [(text, _quarter(box, width), hand) for text, box, hand in out.lines],
                [(name, _quarter(box, width)) for name, box in out.codes],
                self.styles,
            )
        return out


def _quarter(box: Box, width: int) -> Box:
    left, top, right, bottom = box
    return top, width - right, bottom, width - left


def built_label(seed: int) -> Built:
    """Build the label with this number."""
    import numpy as np
    from PIL import Image

    rng = random.Random(f"label {seed}")
    width, height = rng.randint(300, 620), rng.randint(300, 520)
    paper, ink = rng.choice(_PAPER), rng.choice(_INK)
    styles = [s for s in ("thermal", "matrix", "pale", "blur", "glare", "noise") if rng.random() < 0.22]
    if "pale" in styles:
        fade = rng.uniform(0.35, 0.6)
        red, green, blue = (int(i + (p - i) * fade) for i, p in zip(ink, paper, strict=True))
        ink = (red, green, blue)
    sheet = Image.new("RGB", (width, height), paper)
    built = Built(None, styles=tuple(styles))
    bottom = _place_codes(rng, sheet, ink, built)
    _place_lines(rng, sheet, ink, built, bottom, styles)
    pixels = _printed(rng, np.asarray(sheet, np.float32), paper, styles)
    built.pixels = _photographed(rng, pixels, styles)
    return built


def built_labels(count: int, seed: int = 0) -> Iterator[Built]:
    """Build many."""
    for i in range(count):
        yield built_label(seed * 100_000 + i)


# -- what is on it ------------------------------------------------------------------------------


def _words(rng: random.Random) -> Iterator[str]:
    case = f"{rng.choice('SHB')}{rng.randint(10, 29)}-{rng.randint(1000, 99999)}"
    texts = [
        case,
        f"{case}-{rng.choice('ABC')}{rng.randint(1, 9)}",
        rng.choice(_STAINS),
        f"{rng.choice(_FAMILY)}, {rng.choice(_GIVEN)}",
        f"DOB {rng.randint(1, 28):02}.{rng.randint(1, 12):02}.{rng.randint(1931, 1999)}",
        f"MRN {rng.randint(10**6, 10**8)}",
        f"Block {rng.choice('ABCD')}{rng.randint(1, 12)}",
        "Nowhere General Hospital",
        f"{rng.randint(1, 28):02}/{rng.randint(1, 12):02}/20{rng.randint(10, 26)}",
    ]
    rng.shuffle(texts)
    yield from texts


def _font(rng: random.Random, size: int) -> Any:
    from PIL import ImageFont

    files = sorted(_FONTS.glob("DejaVuS*.ttf")) if _FONTS.is_dir() else []
    files = [file for file in files if "ExtraLight" not in file.name]
    if files and rng.random() < 0.7:
        return ImageFont.truetype(str(rng.choice(files)), size)
    return ImageFont.load_default(size)


def _place_lines(
    rng: random.Random, sheet: Image, ink: tuple[int, ...], built: Built, bottom: int, styles: list[str]
) -> None:
    top, hand = rng.randint(8, 20), rng.random() < 0.25
    for number, text in enumerate(_words(rng)):
        size = rng.choice((14, 16, 18, 22, 26, 32, 40))
        by_hand = hand and number == 0
        font = _font(rng, 36 if by_hand else size)
        box = font.getbbox(text)
        wide, high = int(box[2] - box[0]), int(box[3] - box[1])
        left = rng.randint(8, 24)
        if left + wide + 8 > sheet.width:
            continue
        if top + high + 8 > bottom or number > 6:
            break
        if by_hand:
            high += 10
            place = _by_hand(rng, sheet, text, font, (left, top), ink)
        else:
            place = _printed_line(sheet, text, font, (left, top), ink)
        built.lines.append((text, place, by_hand))
        top += high + rng.randint(8, 18)


def _printed_line(sheet: Image, text: str, font: Any, at: tuple[int, int], ink: tuple[int, ...]) -> Box:
    from PIL import ImageDraw

    box = font.getbbox(text)
    where = (at[0] - box[0], at[1] - box[1])
    ImageDraw.Draw(sheet).text(where, text, fill=ink, font=font)
    return at[0], at[1], at[0] + int(box[2] - box[0]), at[1] + int(box[3] - box[1])


def _by_hand(rng: random.Random, sheet: Image, text: str, font: Any, at: tuple[int, int], ink: tuple[int, ...]) -> Box:
    """Write letter by letter: each leans and stands a little otherwise."""
    from PIL import Image, ImageDraw

    x, y = at[0], at[1] + 5
    low = y
    for letter in text:
        box = font.getbbox(letter)
        wide, high = int(box[2]) + 12, int(box[3]) + 14
        shape = Image.new("L", (wide, high), 0)
        ImageDraw.Draw(shape).text((6, 4), letter, fill=255, font=font)
        lean = rng.uniform(-0.25, 0.05)
        shape = shape.transform(shape.size, Image.Transform.AFFINE, (1, -lean, lean * high / 2, 0, 1, 0))
        shape = shape.rotate(rng.uniform(-8, 8), Image.Resampling.BICUBIC)
        dy = rng.randint(-3, 3)
        sheet.paste(Image.new("RGB", shape.size, ink), (x - 6, y + dy - int(box[1]) // 2 - 4), shape)
        x += int(font.getlength(letter)) + rng.randint(-1, 2)
        low = max(low, y + dy - int(box[1]) // 2 + int(box[3]))
        if x > sheet.width - 30:
            break
    return at[0], at[1], x, low


def _place_codes(rng: random.Random, sheet: Image, ink: tuple[int, ...], built: Built) -> int:
    """Draw one or two codes at the lower end; return where they begin."""
    from PIL import Image

    count = rng.choice((1, 1, 1, 2))
    left, begin = rng.randint(10, 30), sheet.height
    for _ in range(count):
        name = rng.choice(FORMATS)
        shape = _code(rng, name, sheet.width - left - 12, sheet.height // 2 - 16)
        if shape is None:
            continue
        high = shape.height
        top = sheet.height - high - rng.randint(8, 14)
        sheet.paste(Image.new("RGB", shape.size, ink), (left, top), shape)
        built.codes.append((name, (left, top, left + shape.width, top + high)))
        begin = min(begin, top - 8)
        left += shape.width + rng.randint(24, 40)
    return begin


def _code(rng: random.Random, name: str, wide: int, high: int) -> Image | None:
    """Draw a code as a mask, white where it is dark; None if there is no room."""
    import numpy as np
    import zxingcpp
    from PIL import Image

    text = f"S{rng.randint(10, 29)}-{rng.randint(1000, 99999)}-{rng.choice('ABC')}{rng.randint(1, 9)}"
    code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, name))
    dark = 255 - np.asarray(code.to_image(scale=1, add_quiet_zones=False))
    if name == "Code128":
        dark = np.repeat(dark[:1], 1, axis=0)
    most = min(wide // dark.shape[1], high // max(dark.shape[0], 1))
    if most < 1 or (most < 2 and name in ("DataMatrix", "QRCode")):
        return None
    module = rng.randint(1 if name == "Code128" else 2 if most >= 2 else 1, min(5, most))
    if name == "Code128":
        rows = min(high, rng.randint(36, 90))
        dark = np.repeat(dark, max(1, rows // module), axis=0)[: rows // module or 1]
        return Image.fromarray(np.repeat(np.repeat(dark[:1], rows, 0), module, 1))
    return Image.fromarray(np.repeat(np.repeat(dark, module, 0), module, 1))


# -- how it was printed and photographed --------------------------------------------------------


def _printed(rng: random.Random, pixels: Any, paper: tuple[int, int, int], styles: list[str]) -> Any:
    import numpy as np

    white, rows = np.array(paper, np.float32), np.arange(pixels.shape[0])
    if "thermal" in styles:  # an element of the head has failed: a white line along the paper
        for x in rng.sample(range(pixels.shape[1]), rng.randint(1, 3)):
            pixels[:, x] = white
        pixels += ((rows % 7 == 0) * rng.uniform(4, 14))[:, None, None]
    if "matrix" in styles:  # dots and not strokes
        dots = ((rows[:, None] % 3 != 2) & (np.arange(pixels.shape[1])[None] % 3 != 2))[..., None]
        pixels = np.where(dots, pixels, 0.45 * pixels + 0.55 * white)
    return pixels


def _photographed(rng: random.Random, pixels: Any, styles: list[str]) -> Any:
    import numpy as np
    from PIL import Image, ImageFilter

    noise = np.random.default_rng(rng.getrandbits(32))
    high, wide = pixels.shape[:2]
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32)
    slope = rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2)
    pixels = pixels * (1 - 0.1 + slope[0] * (x / wide - 0.5) + slope[1] * (y / high - 0.5))[..., None]
    if "glare" in styles:
        cx, cy, r = rng.uniform(0, wide), rng.uniform(0, high), rng.uniform(40, 110)
        light = np.exp(-(((x - cx) / r) ** 2 + ((y - cy) / (r * 0.6)) ** 2))[..., None]
        pixels = pixels + (255 - pixels) * light * rng.uniform(0.5, 0.85)
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.8, 1.5) if "blur" in styles else 0.4))
    pixels = np.asarray(image, np.float32)
    pixels = pixels + noise.normal(0, 9 if "noise" in styles else 2.5, (high, wide, 1))
    data = BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(data, "JPEG", quality=rng.randint(45, 92))
    return np.array(Image.open(data).convert("RGB"))
