"""Whether the readers still see the same slide, without what had to go.

Every reader that opened the slide before must open it after and agree with itself: vendor,
levels, pixel size, objective, colour profile and sampled pixels. Pictures that had to go are
absent or of one colour; all others are pixel for pixel the same. A reader that could not read a
text, and now knows a format or a size where it knew none, sees nothing else; nor does one that could not read a
level, and now sees it where another reader saw it before. At least one reader must have decoded tissue, else nobody
has judged and the slide is not called clean.

Pictures are matched by their pixels, not by their order: unlinking one moves the rest. One that has to go
needs no match: whatever still bears its name must be of one colour.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.views import UNSEEN

if TYPE_CHECKING:
    from blankslide.verification.views import LevelView, PictureView, ReaderView

NOBODY = "no independent reader could open it"
NOT_INSTALLED = "not installed"
_SPEAKABLE = frozenset({"label", "macro", "thumbnail", "overview", "map", "reference"})


Size = tuple[int, int]


class _Sizes(NamedTuple):
    """Sizes that only removed pictures had, sizes of pictures that stay, and sizes of new labels."""

    gone: frozenset[Size]
    kept: frozenset[Size]
    labels: frozenset[Size]


class Agreement(NamedTuple):
    """Names of the readers that agree, and sentences (without values) on what does not."""

    agreed: list[str]
    problems: list[str]


def compare(
    before: Sequence[ReaderView],
    after: Sequence[ReaderView],
    *,
    gone: frozenset[str],
    gone_sizes: frozenset[Size] = frozenset(),
    kept_sizes: frozenset[Size] = frozenset(),
    labels: frozenset[Size] = frozenset(),
) -> Agreement:
    """Compare two observations of one slide.

    Parameters
    ----------
    before, after
        From `observe`, in one process.
    gone
        Roles of the pictures that were removed or blanked, e.g. ``{"label", "macro"}``.

    gone_sizes, kept_sizes
        Width and height of the pictures that had to go and of those that had to stay, where known:
        OpenSlide calls page 1 the thumbnail, whatever it is.
    labels
        Width and height of pictures in whose place a new label was drawn: they decode, and show something else.

    Returns
    -------
    Agreement
        ``problems`` is empty only if at least one reader agrees.
    """
    later = {view.reader: view for view in after}
    sizes = _Sizes(gone_sizes - kept_sizes, kept_sizes, labels)
    agreed: list[str] = []
    problems: list[str] = []
    for view in before:
        if not view.opened:
            continue
        known = frozenset(level.size for other in before if other.reader != view.reader for level in other.levels)
        found = [f"{view.reader} {what}" for what in _differences(view, later.get(view.reader), gone, sizes, known)]
        problems.extend(found)
        if not found and view.has_seen_tissue:
            agreed.append(view.reader)
    problems += barcodes(after)
    if not agreed and not problems:
        problems.append(no_judge_message(before))
    return Agreement(agreed, problems)


def barcodes(views: Iterable[ReaderView]) -> list[str]:
    """Say who still reads a barcode: it is the number of a case, wherever the reader has it from."""
    return [f"{view.reader} still reads a barcode" for view in views if view.opened and view.barcode]


def no_judge_message(views: Sequence[ReaderView]) -> str:
    """Say that nobody could judge, and which readers would if they were installed."""
    would = [view.reader for view in views if view.reason == NOT_INSTALLED]
    return f"{NOBODY}; {' or '.join(would)} would: pip install 'blankslide[readers]'" if would else NOBODY


def unjudged(views: Sequence[ReaderView]) -> tuple[str, str] | None:
    """Say, before anything is written, why nobody could judge it and what would help; None if somebody can."""
    if any(view.opened and view.has_seen_tissue for view in views):
        return None
    would = [view.reader for view in views if view.reason == NOT_INSTALLED]
    how = "decode its tissue" if any(view.opened for view in views) else "open it"
    more = f"{' or '.join(would)} would judge it: pip install 'blankslide[readers]'; " if would else ""
    return f"no independent reader could {how}, so nobody could judge the result", f"{more}--out makes a copy"


def _differences(
    old: ReaderView, new: ReaderView | None, gone: frozenset[str], sizes: _Sizes, known: frozenset[Size]
) -> list[str]:
    if new is None or not new.opened:
        return ["no longer opens the slide"]
    levels = _without_new(old.levels, new.levels, known)
    words = {
        "takes it for another format": old.vendor in ("", new.vendor),
        "sees another pixel size": old.mpp in (None, new.mpp),
        "sees another objective power": old.objective in (None, new.objective),
        "sees another colour profile": old.colour == new.colour,
        "sees other levels": [v.size for v in old.levels] == [v.size for v in levels],
    }
    out = [sentence for sentence, holds in words.items() if not holds]
    for number, (was, now) in enumerate(zip(old.levels, levels, strict=False)):
        if was.size == now.size and was.samples != now.samples:
            out.append(f"sees other pixels in level {number}")
    return out + _pictures(old.pictures, new.pictures, gone, sizes)


def _without_new(old: Sequence[LevelView], new: Sequence[LevelView], known: frozenset[Size]) -> Sequence[LevelView]:
    """Leave out levels that a reader sees for the first time, if another one saw some of that size before."""
    before = {level.size for level in old}
    return [level for level in new if level.size in before or level.size not in known]


def _pictures(
    old: Collection[PictureView], new: Iterable[PictureView], gone: frozenset[str], sizes: _Sizes
) -> list[str]:
    """Compare pictures; a name that a removed picture had is free for one that moves up."""
    left, lost, named, out = list(new), [], set(), []
    doomed = {p.digest for p in old if p.name in gone and p.digest}
    unseen = {(p.name, p.size) for p in old if p.digest == UNSEEN}
    freed = set()
    for picture in old:
        named.add(picture.name)
        twin = next((q for q in left if _same(picture, q)), None)
        if twin is not None:
            left.remove(twin)
        if picture.name in gone or picture.digest in doomed or picture.size in sizes.gone:
            freed.add(picture.name)
            if twin is not None and not picture.blank:
                out.append(f"still sees {_the(picture)}")
        elif twin is None:
            lost.append(picture)
    left = [q for q in left if not (q.decodes and q.name in freed - gone and q.size in sizes.kept)]
    left = _without_label(left, gone, sizes.labels)
    for q in left:
        if not q.decodes:
            out.append(f"cannot decode {_the(q)}")
        elif not q.blank:
            out.append(f"still sees {_the(q)}" if (q.name, q.size) in unseen else f"sees {_the(q)} changed")
    return out + _unexplained(lost, gone - named)


def _without_label(left: list[PictureView], gone: frozenset[str], labels: frozenset[Size]) -> list[PictureView]:
    """Leave out the new label, once: it bears an old name, and shows what no picture showed before."""
    fits = (q for q in left if q.decodes and q.size in labels and (not q.name or q.name in gone))
    new = next(fits, None)
    return [q for q in left if q is not new]


def _same(a: PictureView, b: PictureView) -> bool:
    return a.size == b.size and a.digest == b.digest and (a.name == b.name or not (a.name and b.name))


def _unexplained(lost: Collection[PictureView], excuses: frozenset[str]) -> list[str]:
    """Say which lost pictures nothing explains.

    One without a known role may be one that had to go; each excuse covers one shape. A macro can
    be a small pyramid of its own (Leica), hence shapes and not pages.
    """
    out = [f"misses {_the(p)}" for p in lost if p.name]
    shapes: list[float] = []
    for picture in lost:
        aspect = picture.size[0] / max(1, picture.size[1])
        if not picture.name and not any(abs(aspect - s) < 0.03 * s for s in shapes):
            shapes.append(aspect)
    if len(shapes) > len(excuses):
        out.append("misses a picture that was to stay")
    return out


def _the(picture: PictureView) -> str:
    return f"the {picture.name}" if picture.name in _SPEAKABLE else "a picture"
