"""3DHISTECH MIRAX (MRXS): a small picture ``x.mrxs`` and a folder ``x`` that is the slide.

The folder holds Slidedat.ini (what there is), Index.dat (where it is) and numbered data files
(the content). All are changed by one plan. Values of the key file are blanked in place, in its
own encoding. The slide's id is replaced in every file that has it. Blank pictures of the same
size are drawn over label, macro, previews and the ``.mrxs`` itself. XML records keep only known
words. Bytes that the index does not refer to are zeroed: earlier programs left labels there that
they had "replaced".

The file that is named says nothing about the slide, and may even be empty; only its name leads to
the folder. So this format looks at the name, as every reader does, and then at the folder.

The other modules of this package are imported only if there is such a folder.
Source: OpenSlide's MIRAX page; the project's format map, section 4; a real slide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blankslide.errors import DamagedSlide
from blankslide.formatkit.protocol import Format

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Probe
    from blankslide.model import Inspection

SUFFIX = ".mrxs"
SLIDEDAT = "Slidedat.ini"


class Mirax(Format):
    """The format object; see the module's docstring."""

    name = "mirax"
    title = "3DHISTECH MIRAX"
    suffixes = (".mrxs",)
    marks = (b"<.mrxs>",)
    renames_files = True
    may_be_empty = True
    removes = (
        "label, macro, previews and the picture in the .mrxs file; slide, project and profile names, dates, scanner "
        "id, barcode values, unknown keys, texts and records; slide id replaced in all files; unreferenced bytes"
    )
    keeps = "file names, layers and levels, pixel sizes, objective, exposure, positions, maps, coded tissue"
    label_last = True
    readers = ("OpenSlide", "mrxsslide")

    def detect(self, probe: Probe) -> str | None:
        """Accept a file beside which a folder of the same name holds a Slidedat.ini with a slide id."""
        if not probe.files.name.lower().endswith(SUFFIX):
            return "not called .mrxs, which is all that leads to a slide's folder"
        try:
            source = probe.files.open(SLIDEDAT)
        except DamagedSlide:
            return "no Slidedat.ini in a folder of the same name"
        from blankslide.formats.mirax.slidedat import has_id

        return None if has_id(source) else "Slidedat.ini gives the slide no id"

    def renames(self, names: Sequence[str], stem: str) -> dict[str, str]:
        """Rename only the ``.mrxs``: its folder follows, and Slidedat.ini names the files in the folder."""
        return {names[0]: stem + SUFFIX}

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte of every file."""
        from blankslide.formats.mirax.slide_set import MiraxSet

        return MiraxSet(probe, SLIDEDAT).inspection(self.name, self.title)


FORMAT: Format = Mirax()
