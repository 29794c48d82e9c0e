"""Slides in which each page speaks for itself: levels in tiles, pictures in strips.

What page is what follows from evidence that a scanner writes beside the picture: whether it is
tiled, NewSubfileType (1 label, 9 macro), the second line of its description (``label WxH``,
``macro WxH``, ``WxH -> WxH``), its place and its shape. Two pieces of evidence that disagree
refuse the slide; free text is never consulted. A page in strips without any evidence goes,
unless it has the slide's shape: then it may be tissue, so it is left and the slide needs review.

Pages are not numbered anywhere, so pictures go by unlinking. A format gives the roles and a
reader of its texts, and gets its `Inspection` from here.
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

_ROLE = pattern(r"(label|macro|thumbnail) \d{1,7} ?x ?\d{1,7}\s*")
_THUMBNAIL = pattern(r"\d{1,7}x\d{1,7} -> \d{1,7}x\d{1,7}(?![^\s|])")
_LEFT = "left"
_WHY_LEFT = "Picture of the slide's shape that nothing explains"
Described = Callable[["Ifd"], "str | None"]


def described_role(page: Ifd) -> str | None:
    """Return the role that the second line of a description's header states."""
    header = (page.text(T.IMAGE_DESCRIPTION) or "").split("|", 1)[0]
    line = header.partition("\n")[2]
    match = _ROLE.fullmatch(line)
    if match:
        return match[1]
    return "thumbnail" if _THUMBNAIL.match(line) else None


def same_shape(page: Ifd, base: Ifd) -> bool:
    """Whether a page has the aspect of the base; small levels are rounded to whole pixels.

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
    alike = same_shape(page, base)
    if page.is_tiled:
        if told in ("label", "macro"):
            raise ContradictorySlide(f"page {index} is tiled like a level but described as {told}")
        if kind & 8 or not alike:
            raise ContradictorySlide(f"page {index} is tiled like a level but has not the slide's shape or type")
        return "level"
    typed = {1: "label", 9: "macro"}.get(kind)
    if told and typed and told != typed and not (told == "thumbnail" and kind == 1):
        raise ContradictorySlide(f"page {index} is described as {told} but typed as {typed}")
    known = told or typed
    if known == "thumbnail" and not alike:
        return "unknown"  # the label's picture may stand where a thumbnail is described
    if known:
        return known
    if not alike:
        return "unknown"
    return "thumbnail" if index == 1 else _LEFT


def levels_of(pages: Sequence[Ifd], numbers: Sequence[int]) -> tuple[Level, ...]:
    """Describe some of the pages as levels, largest first."""
    return tuple(sorted((tiff_numbered_pages.level(i, pages[i]) for i in numbers), key=lambda v: -v.width))


def inspection(
    form: Format,
    probe: Probe,
    given: Sequence[str],
    reader: Pairs,
    *,
    mpp: tuple[float, float] | None,
    objective: float | None = None,
    read: Collection[int] = (T.IMAGE_DESCRIPTION,),
    rules: Mapping[int, TagRule] | None = None,
) -> Inspection:
    """Put together what is in a slide.

    Parameters
    ----------
    given
        Role of each page, as `roles` returns them.
    reader
        Has read all texts of all pages; gets the other findings.
    mpp, objective
        What the texts say.
    read
        Tags that ``reader`` has read.
    rules
        The format's private tags.
    """
    tiff, pages, found = probe.tiff, probe.tiff.pages, reader.found
    named = {p.name: r for p, r in zip(pages, given, strict=True)}
    bytemap = tiff_byte_map.claim_file(tiff, {n: "level" if r == _LEFT else r for n, r in named.items()})
    for page in pages:
        role = named[page.name]
        if role == _LEFT:
            tiff_numbered_pages.picture_left(found, page, _WHY_LEFT)
        elif role != "level":
            tiff_pictures.picture_finding(found, page, role, weak=role == "thumbnail")
        if role not in ("label", "macro"):  # these go whole; kept, they are never clean anyway
            jpeg_comments.jpeg_findings(found, page, role in ("level", _LEFT))
        tiff_tags.tag_findings(found, page, frozenset(read), rules or {}, frozenset())
    complete = tiff_byte_map.unowned(found, tiff.source, bytemap, tiff, named)
    left = sum(r == _LEFT for r in given)
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
        mpp=mpp,
        objective=objective,
        kept=tuple(reader.kept),
        blocks=tuple(reader.blocks),
        chains=(tiff_byte_map.page_chain(tiff),),
        complete=complete,
        notes=(f"{left} pages are no known picture and were left: look at them",) if left else (),
    )
