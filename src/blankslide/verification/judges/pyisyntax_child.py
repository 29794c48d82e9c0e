"""What runs in the process that lets libisyntax look at a slide.

Prints one line of JSON and then, without separators, the pixels of all sampled areas, the
pictures and the colour profile. Imported by nobody else; ends with an error code where the
library fails, if it does not end the process itself.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from blankslide.verification.views import effort, places

SIDE = 32


def main(slide: str) -> None:
    """Look at a slide and print what is seen.

    Parameters
    ----------
    slide
        Path of the file.
    """
    from isyntax import ISyntax

    with ISyntax.open(slide) as opened:
        levels, samples = [], []
        for index, (width, height) in enumerate(opened.level_dimensions):
            spots = places(width, height, SIDE, effort(index, opened.level_count))
            samples += [opened.read_region(*spot, level=index).tobytes() for spot in spots]
            levels.append({"width": width, "height": height, "samples": [spot[2:] for spot in spots]})
        pictures = {"label": _bytes(opened.read_label_image_jpeg()), "macro": _bytes(opened.read_macro_image_jpeg())}
        profile = _bytes(opened.read_icc_profile())
        told: dict[str, Any] = {
            "levels": levels,
            "mpp": [opened.mpp_x, opened.mpp_y],
            "pictures": {name: len(data) for name, data in pictures.items() if data},
            "profile": len(profile),
        }
    out = sys.stdout.buffer
    out.write(json.dumps(told).encode() + b"\n")
    out.write(b"".join((*samples, *pictures.values(), profile)))
    out.flush()


def _bytes(data: memoryview | None) -> bytes:
    return b"" if data is None else bytes(data)
