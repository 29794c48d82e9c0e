"""DICOM whole-slide images: all instances of one series in a folder are one slide.

Layout: Part 10 files, one for each resolution and picture: VOLUME, LABEL, OVERVIEW, THUMBNAIL in
the third value of Image Type. A person may name any of them; the others are the files in its folder
with the same Series Instance UID.

What goes: what PS3.15 Table E.1-1 lists, according to its actions and the types of the slide IOD;
private elements; unknown attributes and texts. UIDs are mapped with the key, in all files alike. The
frames of LABEL and OVERVIEW become valid blank frames. The header keeps its length, so no pixel moves.

What stays: codes that stand with their meaning in the table of PS3.16 (a value that the table has gets the
table's meaning; one that it lacks, but that fits the syntax of SNOMED CT, DICOM or UCUM, stays without its
meaning under ``research``); defined terms; numbers of few digits; colour tables as long as they say; stains
and methods among the steps of preparation (113104). Ids of patients, containers and specimens become tokens,
so that slides of a study stay together and apart. Measures of a body and days since birth go.

A DICOMDIR in the folder that lists this slide alone is one of its files: its records lose what the
files lose, icons too; its UIDs and offsets change with them, its length stays. It names the files, so
they are not renamed. If it lists other files too, the slide is refused, because it would no longer
agree with those. A DICOMDIR up to seven folders higher is named and not changed, and the slide is then
not called clean.

Image Type never decides alone, because its words get misspelt and exchanged. Many frames on a grid are
tissue, whatever they are called. Only a single frame that is called a label or an overview, and has
neither the shape nor the size of the levels, is drawn over. One that has their shape by chance is, too,
if it also says that the label can be seen in it, if no whole number leads from it to the next levels,
and if its pixels do not look like the slide. An instance without a known word is a level if it has the
levels' tiles and shape; else it is kept and reported. If word and shape contradict each other, the
slide is refused.

Beside the slide: if a file of its series cannot be changed with it (another class, no preamble, a link,
a folder below, damaged), the slide is refused in place, since that file would no longer belong to it.
Other objects of the study (also in the folders beside that of the slide), and DICOM files that cannot be read, are
named, and the slide is then not called clean. Another slide of the study, with its own levels and frame of
reference, is left alone.

A label in JPEG-LS or HTJ2K, or whose frame is too small for a blank one, is refused in place; in a copy it
becomes plain white pixels.

Traps: a file that is also a TIFF, by its preamble, is refused, because the TIFF half would keep what
the DICOM half lost, unless a profile removes ``dicom.tiff-half``: then nothing leads to that half any more, and what
only it used goes. Big endian data sets are refused too. A deflated data set, or a header without room
for what must be added, is refused in place; a copy may change its length.

Source: DICOM PS3.3 A.32.8 and F, PS3.5, PS3.10, PS3.15 Annex E; the project's format map, section 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blankslide.formatkit.protocol import Format

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Probe
    from blankslide.model import Inspection

SLIDE_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.6"


class Dicom(Format):
    """The format object; see the module's docstring."""

    name = "dicom"
    title = "DICOM WSI"
    suffixes = (".dcm",)
    marks = (b"DICM",)
    renames_files = True
    removes = (
        "label and overview pictures; what PS3.15 Table E.1-1 lists; private elements and unknown attributes; UIDs "
        "replaced, the same in all files; text inside JPEG headers; data behind the pixels"
    )
    keeps = "geometry, optics, colour profile, public codes, maker and model that are plain words, coded tissue"
    readers = ("OpenSlide", "pydicom")
    own_folder = True
    has_companions = True

    def detect(self, probe: Probe) -> str | None:
        """Accept a Part 10 file whose meta information says that it is a slide."""
        if probe.main.size < 160 or probe.main.read(128, 4) != b"DICM":
            return "no DICOM mark at byte 128"
        from blankslide.containers.dicom.header import leading
        from blankslide.errors import SlideError

        try:
            found = leading(probe.main.read(0, min(4096, probe.main.size)), frozenset((0x00020002,)), lambda tag: "")
        except SlideError as broken:
            return f"a DICOM file, but its meta information cannot be read: {broken.message}"
        if not found:
            return "a DICOM file that does not say what it is"
        if found[0x00020002] != SLIDE_CLASS:
            return "a DICOM object, but not a whole-slide image"
        return None

    def renames(self, names: Sequence[str], stem: str) -> dict[str, str]:
        """Number the files in the order of their present names; only a DICOMDIR refers to file names.

        Raises
        ------
        NotEditable
            If there is a DICOMDIR.
        """
        if any(name.upper() == "DICOMDIR" for name in names):
            from blankslide.errors import NotEditable

            raise NotEditable(
                "the DICOMDIR beside the slide lists its files by their names",
                "keep the names, or remove the DICOMDIR (it can be made anew)",
            )
        digits = len(str(len(names)))
        return {name: f"{stem}-{i:0{digits}}.dcm" for i, name in enumerate(sorted(names), 1)}

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte of every file."""
        from blankslide.formats.dicom.slide_set import SlideSet

        return SlideSet(probe).inspection(self.name, self.title)


FORMAT: Format = Dicom()
