"""The last word on a plan for what was coded tissue: the whole pipeline, on a disk.

A broken slide may say of a level that it is a label, and then a plan that takes it is what was asked for. Before
anything is written the second account looks at the pixels, and refuses what looks like tissue. So a suspect plan is
carried out on a real copy of the broken slide: it is wrong only if a byte that was tissue is another one afterwards.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.containers.streams import jpeg
from blankslide.errors import BlankslideError

_FRAMES = frozenset(range(0xC0, 0xDB)) - {0xC4, 0xC8, 0xCC}

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blankslide.testing.own.fuzzing.invariant import Spans


def loses_tissue(name: str, files: Mapping[str, bytes], tissue: Spans) -> str:
    """Anonymize a broken slide in place, and say what that has done to tissue; nothing if it is all there.

    Parameters
    ----------
    name, files
        Its main file, and all files.
    tissue
        Ranges of each file.
    """
    from blankslide.pipeline.in_place import anonymize_in_place

    with tempfile.TemporaryDirectory(prefix="blankslide-fuzz-") as folder:
        main = Path(folder) / name
        home = main.with_suffix("") if name.endswith(".mrxs") else main.parent
        home.mkdir(exist_ok=True)
        paths = {other: (home if other != name else main.parent) / other for other in files}
        for other, path in paths.items():
            path.write_bytes(files[other])
        try:
            anonymize_in_place(main)
        except BlankslideError:
            pass
        except Exception as error:
            return f"anonymizing ends in {type(error).__name__}"
        for other, path in paths.items():
            after = path.read_bytes()
            for start, end in tissue.get(other, ()):
                was = files[other][start:end]
                if after[start:end] != was and not (_is_tables(was) and was in after):
                    return "tissue is changed"
    return ""


def _is_tables(data: bytes) -> bool:
    """Whether these are JPEG tables that tiles share: nothing of them is lost while the same stand elsewhere."""
    markers = [segment.marker for segment in jpeg.segments(data)]
    return bool(markers) and data[-2:] == b"\xff\xd9" and not _FRAMES.intersection(markers)
