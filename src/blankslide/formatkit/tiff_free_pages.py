"""Slides whose pages are judged one by one: levels in tiles, pictures in strips.

The role of a page follows from evidence that a scanner writes beside the picture: whether it is
tiled, NewSubfileType (1 label, 9 macro), the second line of its description (``label WxH``,
``macro WxH``, ``WxH -> WxH``), its place and its shape. If two pieces of evidence disagree, the
slide is refused; free text is never consulted. A tiled page is a level only if it is marked as one:
by its type, by its size in its description, by a description that begins like the slide's, or because
it is as large as the slide. A second page that nothing describes is the thumbnail if it has the slide's
shape and levels follow. Any other page without evidence goes if it is in strips of another shape; else
it may be tissue, so it is left and the slide needs review. A first page in strips is tissue: a crop.

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
from blankslide.errors import ContradictorySlide
from blankslide.formatkit import tiff_byte_map, tiff_numbered_pages, tiff_pictures, tiff_tags
from blankslide.formatkit.tiff_shapes import is_alike, is_coded_alike, is_marked, padded_shape, same_shape, same_size
from blankslide.model import Inspection, Level, SlideFile
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    import re

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
#: Where a page's own size stands: behind an arrow, or behind the word thumbnail.
_REDUCED = pattern(r"-> ?(\d{1,7})x(\d{1,7})(?!\d)")
_OWN_SIZE = pattern(r"(?:-> ?|thumbnail )(\d{1,7}) ?x ?(\d{1,7})(?!\d)")
_SAME = 12
_LEFT, _SECOND = "left", "second"
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
    base = pages[0]
    out = [_role(i, page, base, described(page)) for i, page in enumerate(pages)]
    if len(pages) > 1 and out[1] == _SECOND:
        # scanners write the thumbnail between the levels, the label behind them
        out[1] = "thumbnail" if "level" in out[2:] else _LEFT
    for i in range(1, len(pages)):
        if out[i] == _LEFT and _is_between(pages, out, i):
            out[i] = "level"
    return out


def _is_between(pages: Sequence[Ifd], given: Sequence[str], index: int) -> bool:
    """Whether a page that says nothing stands among the levels by its tiles, its coding, its size and its place."""
    page, width = pages[index], pages[index].number(T.IMAGE_WIDTH)
    if not page.is_tiled or page.text(T.IMAGE_DESCRIPTION) or not is_coded_alike(page, pages[0]):
        return False
    behind = zip(pages[index + 1 :], given[index + 1 :], strict=True)
    return any(role == "level" and other.number(T.IMAGE_WIDTH) < width for other, role in behind)


def _role(index: int, page: Ifd, base: Ifd, told: str | None) -> str:
    kind = page.number(T.NEW_SUBFILE_TYPE)
    if page.is_tiled or page is base:
        if told in ("label", "macro"):
            raise ContradictorySlide(f"page {index} is tiled like a level but described as {told}")
        if kind & 8 or not (same_shape(page, base) or padded_shape(page, base)):
            raise ContradictorySlide(f"page {index} is tiled like a level but has not the slide's shape or type")
        if page is base and not page.is_tiled and kind & 1:
            raise ContradictorySlide("the first page is in strips and typed as a picture")
        return "level" if page is base or _is_level(page, base) else _LEFT
    typed = {1: "label", 9: "macro"}.get(kind)
    if typed and told == "thumbnail":
        raise ContradictorySlide(f"page {index} is described as {told} but typed as {typed}")
    known = told or typed  # a macro that is typed as a label goes, whichever it is
    if known in ("label", "macro"):
        return known
    if not same_shape(page, base):
        return "unknown"  # a page that is described as a thumbnail may show the label
    if known:
        return "thumbnail" if _states_size(page, _OWN_SIZE) else _LEFT
    return _SECOND if index == 1 else _LEFT


def _is_level(page: Ifd, base: Ifd) -> bool:
    """Whether a tiled page of the slide's shape has the marks of a level, which a label in tiles has not.

    It is as large as the slide (a channel, a focal plane), is typed as a reduced version, or is described as the
    slide is, or by its own size.
    """
    if same_size(page, base):
        return is_alike(page, base)
    if is_marked(page) or _states_size(page, _REDUCED):
        return True
    own, first = (p.text(T.IMAGE_DESCRIPTION) or "" for p in (page, base))
    return len(own) >= _SAME and own[:_SAME] == first[:_SAME]


def _states_size(page: Ifd, form: re.Pattern[str]) -> bool:
    """Whether a page's description names the size that it has."""
    match = form.search(page.text(T.IMAGE_DESCRIPTION) or "")
    size = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    return match is not None and (int(match[1]), int(match[2])) == size


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
        Tags that ``read_page`` reads, so that nobody else does: the first description, and every entry of others.
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
        every = frozenset(tags) - {T.IMAGE_DESCRIPTION}
        tiff_tags.tag_findings(found, page, frozenset(tags), rules or {}, private, every)
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
    """Report pictures."""
    found = reader.found
    for page, role in zip(pages, given, strict=True):
        if role == _LEFT:
            tiff_numbered_pages.picture_left(found, page, _WHY_LEFT)
        elif role != "level":
            tiff_pictures.picture_finding(found, page, role, weak=role == "thumbnail")
