"""What runs in the process that lets libisyntax show all of a slide, small.

Prints one line of JSON and then the pixels of the smallest level that has enough of them. Imported by nobody else.
"""

from __future__ import annotations

import json
import sys

_ENOUGH, _MOST = 256, 16 << 20


def main(slide: str) -> None:
    """Show a level and end.

    Parameters
    ----------
    slide
        Path of the file.
    """
    from isyntax import ISyntax

    with ISyntax.open(slide) as opened:
        sizes = opened.level_dimensions
        level = next((i for i in reversed(range(len(sizes))) if max(sizes[i]) >= _ENOUGH), 0)
        width, height = sizes[level]
        if width * height > _MOST:
            raise ValueError("no level is small enough")
        pixels = opened.read_region(0, 0, width, height, level=level).tobytes()
    sys.stdout.buffer.write(json.dumps({"width": width, "height": height}).encode() + b"\n" + pixels)
    sys.stdout.buffer.flush()
