"""Slides whose pages are judged one by one: levels in tiles, pictures in strips.

The role of a page follows from evidence that a scanner writes beside the picture: whether it is
tiled, NewSubfileType (1 label, 9 macro), the second line of its description (``label WxH``,
``macro WxH``, ``WxH -> WxH``), its place and its shape. If two pieces of evidence disagree, the
slide is refused; free text is never consulted. The second page is the thumbnail if it has the
slide's shape. Any other page in strips without evidence goes, unless it has the slide's shape: then
it may be a level that somebody saved in strips, so it is left and the slide needs review.

No reader counts the pages, so pictures are unlinked. A format passes the roles and a reader of its
texts, gets an `Inspection`, and adds what the texts said::

    reader = Pairs(STYLE)
    out = tiff_free_pages.inspection(self, probe, tiff_free_pages.roles(probe.tiff.pages), reader)
    out.mpp, out.objective = reader.size("mpp"), reader.number("appmag")
    return out
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit import jpeg_comments, tiff_byte_map, tiff_numbered_pages, tiff_pictures, tiff_tags
from blankslide.model import Inspection, Level, SlideFile
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.protocol import Format, Probe
    from blankslide.formatkit.text_pairs import Pairs
    from blankslide.formatkit.tiff_tags import TagRule

__all__ = ["described_role", "inspection", "levels_of", "roles", "same_shape"]

#: The second line of a header, which ends at the first bar, semicolon or NUL.
_ROLE = pattern(
    rb"[^\n|;\0]*\n(?:(label|macro|thumbnail) \d{1,7} ?x ?\d{1,7}\s*(?:[|;\0]|\Z)"
    rb"|\d{1,7}x\d{1,7} -> \d{1,7}x\d{1,7}(?![^\s|;\0]))"
)
_LEFT = "left"
_WHY_LEFT = "Picture of the slide's shape that nothing explains"
Described = Callable[["Ifd"], "str | None"]


def described_role(page: Ifd) -> str | None:
    """Return the role that the second line of a description's header states."""
    entry = page.tags.get(T.IMAGE_DESCRIPTION)
    if entry is None:
        return None
    match = _ROLE.match(page.raw(entry))
    if match is None:
        return None
    return match[1].decode() if match[1] else "thumbnail"


def same_shape(page: Ifd, base: Ifd) -> bool:
    """Whether a page has the base's aspect ratio; the tolerance allows for rounding in small levels.

    Raises
    ------
    DamagedSlide
        If one of them has no size.
    """
    w, h = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    bw, bh = base.number(T.IMAGE_WIDTH), base.number(T.IMAGE_LENGTH)
    if not (w and h and bw and bh):
        raise DamagedSlide("a page has no size")
    return abs(w * bh - h * bw) <= max(0.05 * max(w * bh, h * bw), 2 * max(bw, bh))


def roles(pages: Sequence[Ifd], described: Described = described_role) -> list[str]:
    """Weigh the evidence of each page.

    Returns
    -------
    list of str
        ``level``, ``label``, ``macro``, ``thumbnail``, ``unknown`` or ``left``.

    Raises
    ------
    ContradictorySlide
        If two pieces of evidence name different roles.
    """
    return [_role(i, page, pages[0], described(page)) for i, page in enumerate(pages)]


def _role(index: int, page: Ifd, base: Ifd, told: str | None) -> str:
    kind = page.number(T.NEW_SUBFILE_TYPE)
    if page.is_tiled:
        if told in ("label", "macro"):
            raise ContradictorySlide(f"page {index} is tiled like a level but described as {told}")
        if kind & 8 or not same_shape(page, base):
            raise ContradictorySlide(f"page {index} is tiled like a level but has not the slide's shape or type")
        return "level"
    typed = {1: "label", 9: "macro"}.get(kind)
    if told and typed and told != typed:
        raise ContradictorySlide(f"page {index} is described as {told} but typed as {typed}")
    known = told or typed
    if known in ("label", "macro"):
        return known
    if not same_shape(page, base):
        return "unknown"  # a page that is described as a thumbnail may show the label
    return "thumbnail" if known or index == 1 else _LEFT


def levels_of(pages: Sequence[Ifd], numbers: Sequence[int]) -> tuple[Level, ...]:
    """Describe some of the pages as levels, largest first."""
    return tuple(sorted((tiff_numbered_pages.level(i, pages[i]) for i in numbers), key=lambda v: -v.width))


def inspection(
    form: Format,
    probe: Probe,
    given: Sequence[str],
    reader: Pairs,
    read_page: Callable[[Ifd], None] | None = None,
    *,
    tags: Collection[int] = (T.IMAGE_DESCRIPTION,),
    rules: Mapping[int, TagRule] | None = None,
    private: frozenset[int] = frozenset(),
) -> Inspection:
    """Collect what is in a slide: pictures first, then, page by page, what texts and tags say.

    Parameters
    ----------
    given
        Role of each page, as `roles` returns them.
    reader
        Reads the texts; all other findings are added to its collector.
    read_page
        Reads the texts of one page; ``reader.read`` by default.
    tags
        Tags that ``read_page`` reads, so that nobody else does.
    rules
        The format's private tags.
    private
        Private tags that hold science.

    Returns
    -------
    Inspection
        Without pixel size and objective, which the format adds.
    """
    tiff, pages, found = probe.tiff, probe.tiff.pages, reader.found
    named = {p.name: r for p, r in zip(pages, given, strict=True)}
    bytemap = tiff_byte_map.claim_file(tiff, {n: "level" if r == _LEFT else r for n, r in named.items()}, private)
    _pictures(reader, pages, given)
    for page in pages:
        (read_page or reader.read)(page)
        tiff_tags.tag_findings(found, page, frozenset(tags), rules or {}, private)
    complete = tiff_byte_map.unowned(found, tiff.source, bytemap, tiff, named)
    left = given.count(_LEFT)
    return Inspection(
        format=form.name,
        title=form.title,
        files=(SlideFile(probe.files.name, tiff.size),),
        levels=levels_of(pages, [i for i, r in enumerate(given) if r == "level"]),
        associated=tuple(
            tiff_numbered_pages.associated(i, pages[i], "unknown" if r == _LEFT else r)
            for i, r in enumerate(given)
            if r != "level"
        ),
        findings=found.finish(),
        maps=(bytemap,),
        kept=tuple(reader.kept),
        chains=(tiff_byte_map.page_chain(tiff),),
        complete=complete,
        notes=(f"{left} pages are no known picture and were left: look at them",) if left else (),
    )


def _pictures(reader: Pairs, pages: Sequence[Ifd], given: Sequence[str]) -> None:
    """Report pictures, and the texts inside coded data."""
    found = reader.found
    for page, role in zip(pages, given, strict=True):
        if role == _LEFT:
            tiff_numbered_pages.picture_left(found, page, _WHY_LEFT)
        elif role != "level":
            tiff_pictures.picture_finding(found, page, role, weak=role == "thumbnail")
        if role not in ("label", "macro"):  # these go whole; a slide that keeps them is not clean anyway
            jpeg_comments.jpeg_findings(found, page, role in ("level", _LEFT))
