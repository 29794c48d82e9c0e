"""3DHISTECH MIRAX (MRXS): a small picture ``x.mrxs`` and a folder ``x`` that is the slide.

The folder holds Slidedat.ini (what there is), Index.dat (where it is) and numbered data files
(all of it). All go through one plan: values of the key file are blanked where they stand, in
its own encoding; the slide's id changes together in every file that carries it; label, macro,
previews and the ``.mrxs`` itself get blank pictures of their own size in their own room; XML
records lose what is no vocabulary; and bytes that the index does not lead to, where earlier
programs left labels that they had "replaced", are emptied.

The file that is named says nothing, and may even be empty; only its name leads to the folder.
So the name counts here, as it does for every reader, and what is in the folder decides.

Everything else stands in ``_mirax*``, imported when there is such a folder.
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
    readers = ("OpenSlide", "mrxsslide")

    def detect(self, probe: Probe) -> str | None:
        """Accept a file with a folder of its name in which Slidedat.ini gives the slide an id."""
        if not probe.files.name.lower().endswith(SUFFIX):
            return "not called .mrxs, which is all that leads to a slide's folder"
        try:
            source = probe.files.open(SLIDEDAT)
        except DamagedSlide:
            return "no Slidedat.ini in a folder of the same name"
        from blankslide.formats.mirax.slidedat import has_id

        return None if has_id(source) else "Slidedat.ini gives the slide no id"

    def renames(self, names: Sequence[str], stem: str) -> dict[str, str]:
        """Rename the ``.mrxs``; its folder follows, and what the folder holds is named in Slidedat.ini."""
        return {names[0]: stem + SUFFIX}

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte of every file."""
        from blankslide.formats.mirax.slide_set import MiraxSet

        return MiraxSet(probe, SLIDEDAT).inspection(self.name, self.title)


FORMAT: Format = Mirax()
