"""What a format file must offer, and what it is given.

A format is one object, named ``FORMAT``, in one module. It knows no disk, no journal and no
policy: it is given a `Probe` and answers two questions. `Format.detect` looks at content, never
at the suffix, and gives a *reason* when it declines, so that "not a slide I know" can be
explained. Once it has accepted, no other format is asked, even if `Format.inspect` fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from blankslide.containers.tiff.directories import Tiff, is_tiff
from blankslide.containers.tiff.ndpi import Ndpi, is_ndpi
from blankslide.errors import DamagedSlide
from blankslide.source import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from blankslide.model import Inspection
    from blankslide.source import SlideFiles


ROLES = ("label", "macro", "thumbnail", "map", "preview", "probability", "whole", "unknown")
"""The roles that a picture can have; its finding is called ``picture.ROLE``."""

SHARED = ("tiff", "jpeg", "png", "slide")
"""First words of finding ids that several vendors share."""


class Probe:
    """The files of one slide; what all formats need of them is parsed once.

    Attributes
    ----------
    files
        The files of the slide.
    head
        The first bytes of the main file (up to 64).
    thorough
        Look into every tile for text, not only the first of each level.
    main
        The main file, read through a window that other readers share.
    """

    def __init__(self, files: SlideFiles, thorough: bool = False, main: Window | None = None) -> None:
        self.files = files
        self.thorough = thorough
        self.main = main or Window(files.main)
        self.head = files.main.read(0, min(64, files.main.size))
        self._tiff: Tiff | None = None
        self._is_tiff: bool | None = None

    @property
    def is_tiff(self) -> bool:
        """Whether the main file starts like a TIFF; a DICOM file must be one as well, and not only begin like one."""
        if self._is_tiff is None:
            self._is_tiff = is_tiff(self.head) and not (self._dicom_mark == _DICM and self._has_no_page)
        return self._is_tiff

    @property
    def _dicom_mark(self) -> bytes:
        """What stands where a DICOM file has its mark; a program may put anything in front of it."""
        if self.main.size < _DICOM_MARK + len(_DICM):
            return b""
        return self.main.read(_DICOM_MARK, len(_DICM))

    @property
    def _has_no_page(self) -> bool:
        try:
            return not self.tiff.first.entries
        except DamagedSlide:
            return True

    @property
    def tiff(self) -> Tiff:
        """The main file parsed as TIFF; parsed once for all formats."""
        if self._tiff is None:
            # read by classic rules, a large NDPI looks like a damaged file to everybody else
            self._tiff = Ndpi(self.main) if is_ndpi(self.main) else Tiff(self.main)
            self._tiff.thorough = self.thorough
        return self._tiff

    def forget(self) -> None:
        """Free what was parsed; the probe is not used any more."""
        if self._tiff is not None:
            self._tiff.forget()

    @property
    def fingerprint(self) -> bytes:
        """The bytes in which a format's `Format.marks` are looked for.

        They are the beginning of the file. Of a TIFF they are the texts by which makers are told
        apart, and the numbers of the private tags, of its first directory, and a DICOM file's mark. The suffix of the
        file's name follows. Numbers and suffix stand in angle brackets: ``<65000>``, ``<.svs>``.
        """
        suffix = b"<%s>" % self.files.name[self.files.name.rfind(".") :].lower().encode("utf-8", "replace")
        if not self.is_tiff:
            return self.main.read(0, min(_BEGINNING, self.main.size)) + suffix
        parts = [suffix, self.head, self._dicom_mark]
        first = self.tiff.first
        for tag in _TEXT_TAGS:
            entry = first.tags.get(tag)
            if entry is not None:
                raw = entry.inline
                parts.append(self.main.read(entry.start, min(entry.end - entry.start, _TEXT)) if raw is None else raw)
        parts += [b"<%d>" % tag for tag in first.tags if tag >= _PRIVATE]
        return b"".join(parts)


#: Tags by whose text makers are told apart: description, make, model, software, XMP, and Argos's XML.
_TEXT_TAGS = (270, 271, 272, 305, 700, 65000)
_PRIVATE = 32768
_BEGINNING = 1 << 16
_DICOM_MARK, _DICM = 128, b"DICM"
_TEXT = 4 << 20


class Format(Protocol):
    """What a format must offer: subclass it, and put one object of the class into the file as ``FORMAT: Format``.

    Attributes that have a value here may be left out. The registry reads ``name``, ``marks`` and
    ``suffixes`` from the file's text, without importing it, so write each as a plain literal.

    Attributes
    ----------
    name, title
        Registry name (``aperio``) and words for people (``Aperio SVS``).
    suffixes
        Usual file name endings, for dialogs and globbing only; detection ignores them.
    marks
        Each slide of the format has at least one of these in its `Probe.fingerprint`. The format's
        file is imported only for such slides; if this is None, it is asked about every slide.
    fallback
        Asked only when no other format accepts.
    may_be_empty
        Whether a main file of no bytes can be a slide, because it only leads to a folder (MRXS).
    own_folder
        Whether a copy gets a folder of its own, named like the slide (DICOM).
    renames_files
        Whether the files of a set can be renamed, because no file holds the name of another.
    one_file
        Whether a slide is always one file, so that its files are known without inspecting it.
    has_companions
        Whether files of the same study may stand beside a slide; they are looked for and named (DICOM).
    label_last
        Whether its macros show the label at the right or lower end, and not at the left or upper one.
    vendor
        First word of the format's finding ids, where the first word of its name is another.
    roles
        Further roles of its pictures, besides `ROLES`. A person can ask to keep any of both.
    removes, keeps
        One line each for ``blankslide formats``.
    readers
        Independent readers that can judge this format.
    """

    name: str
    title: str
    suffixes: tuple[str, ...] = ()
    marks: tuple[bytes, ...] | None = None
    fallback: bool = False
    may_be_empty: bool = False
    own_folder: bool = False
    renames_files: bool = False
    one_file: bool = False
    has_companions: bool = False
    label_last: bool = False
    vendor: str = ""
    roles: tuple[str, ...] = ()
    removes: str
    keeps: str
    readers: tuple[str, ...] = ()

    def detect(self, probe: Probe) -> str | None:
        """Return None to accept the slide, or one reason why it is not this format's."""
        ...

    def inspect(self, probe: Probe) -> Inspection:
        """Say what is in the slide.

        Raises
        ------
        SlideError
            If the slide is damaged or its evidence contradicts itself.
        """
        ...

    def renames(self, names: Sequence[str], stem: str) -> Mapping[str, str]:
        """Give the files of a set new names, for a slide that is to be called ``stem``.

        Parameters
        ----------
        names
            Names of all files, the main one first, without folders.
        stem
            The slide's new name without a suffix.

        Returns
        -------
        Mapping
            Old name -> new name of each file that is renamed, the main file too. A data folder
            follows the main file.
        """
        return {}

    @property
    def first_word(self) -> str:
        """First word of the format's finding ids."""
        return self.vendor or self.name.partition("_")[0]
