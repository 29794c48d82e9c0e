"""What each picture of a slide is, told from pixels and shapes; the words of the plan are only held against it.

The slide is not simply the largest picture: it is the group of pictures that agree with each other and have the most
area (levels, planes, thumbnail). Channels of fluorescence need not look alike; equal in size and layout, dark and
sparse, they are one group. A slide of one level has nothing to agree with: it is the only large picture in many tiles.

What looks like the slide is "level" or "thumbnail" whatever it is called, so that nobody blanks tissue; what is kept
as a thumbnail must fit block by block, as it lies. What does not look like the slide is "other", whatever it is called.
Where pixels say nothing (an empty slide) shapes decide about levels. All else is "unclear": others refuse or tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from blankslide.verification.census.agreement import Candidate, Known, Pictures, fits
from blankslide.verification.census.overlay import unlike
from blankslide.verification.census.pixels import SAME, SPEAKS, Likeness, covered

__all__ = ["Candidate", "Role", "prove"]

MANY = 4  # segments of a picture that can be a slide alone
LARGE = 4  # times smaller than the slide, a tiled picture is no rival
GROUPS = 6  # of pictures that agree, the largest first; what comes later elects nobody
NEAR = 25.0  # mean difference of greys, at equal shares, up to which a histogram supports that two are one
PURE = 12.0  # of 255: what is farther from both greys of a mask lies on an edge
EDGES = 0.2  # share of a mask that its edges may take, as drawn in 64 × 64
CROSSINGS = 4  # edges in any row or column of a mask: two shapes
MUTE = 32 * 32  # pixels of a picture that has no room for a word; how it was made smaller says more than what it shows
UNLIKE = 48.0  # mean difference, of 255, in a map's worst block: that of a name printed on it is 70 and more
MASK = "a mask: two greys and few shapes, in which nothing can be written"  # as far as 64 × 64 tell: look at all of it
LEVEL_WORDS = ("level", "unknown")


class Role(NamedTuple):
    """What a picture is proven to be, why, and how much of it was compared with the slide (0 to 1)."""

    proven: str
    reason: str
    looked: float = 0.0


class _Group(NamedTuple):
    members: list[int]
    channels: bool = False


def prove(candidates: Sequence[Candidate], known: Known | None = None) -> list[Role]:
    """Say what each picture is.

    Parameters
    ----------
    candidates
        All pictures of a slide, in any order.
    known
        What was found out about pairs of them before in this run; added to.

    Returns
    -------
    list of Role
        In the same order: "level", "thumbnail", "blank", "channel", "map", "other" or "unclear". A thumbnail of which
        little was `looked` at is one as far as it was seen: look again with `few=decode.ALL`, at it and at the
        smallest level, to be sure.
    """
    pictures = Pictures(candidates, known)
    groups = _groups(pictures)
    slide = _elected(pictures, groups)
    if slide is None:
        return [_without(pictures, index) for index in range(len(candidates))]
    roles = [_role(pictures, index, slide, groups) for index in range(len(candidates))]
    if not slide.channels:
        return roles
    return [_mixed(pictures, i, slide, r) if r.proven in ("unclear", "other") else r for i, r in enumerate(roles)]


# -- who is the slide ------------------------------------------------------------------


def _groups(pictures: Pictures) -> list[_Group]:
    """Put pictures together that look alike, the largest first."""
    groups = [_Group(family, channels=True) for family in _channels(pictures)]
    taken = {index for group in groups for index in group.members}
    for index in sorted(pictures.speaking - taken, key=lambda i: (-pictures.all[i].area, i)):
        home = next((g for g in groups if _best(pictures, index, g).verdict == "same"), None)
        if home is not None:
            home.members.append(index)
        elif len(groups) < GROUPS:
            groups.append(_Group([index]))
    return groups


def _channels(pictures: Pictures) -> list[list[int]]:
    """Return the largest pictures if they are several of one size and layout, dark and sparse."""
    largest = max((c.area for c in pictures.all), default=0)
    families: dict[tuple[int, int, bool, int], list[int]] = {}
    for index in sorted(pictures.speaking):
        c = pictures.all[index]
        if c.area == largest and (c.said in LEVEL_WORDS or (not c.said and _stands_alone(c))):
            families.setdefault((c.width, c.height, c.tiled, c.segments), []).append(index)
    dark = ([i for i in family if pictures.sparse(i)] for family in families.values() if len(family) > 1)
    return [family for family in dark if len(family) > 1]


def _elected(pictures: Pictures, groups: list[_Group]) -> _Group | None:
    """Return the group that is the slide; None if none is, or another could be as well."""

    def mass(group: _Group) -> int:
        return sum(pictures.all[index].area for index in group.members)

    alone = [g for g in groups if len(g.members) == 1 and _stands_alone(pictures.all[g.members[0]])]
    best = max((g for g in groups if len(g.members) > 1), key=mass, default=None)
    lone = max(alone, key=mass, default=None)
    if best is not None:
        # Two equal labels agree as well: that is no proof against a larger picture that can be a slide.
        return None if lone is not None and mass(lone) >= mass(best) else best
    rivals = [g for g in alone if lone is not None and g is not lone and mass(g) * LARGE > mass(lone)]
    return None if rivals else lone


def _stands_alone(candidate: Candidate) -> bool:
    return candidate.tiled and candidate.segments >= MANY


def _best(pictures: Pictures, index: int, group: _Group, *, strict: bool = False) -> Likeness:
    return pictures.best(index, group.members, strict=strict, one_kind=not group.channels)


# -- the verdicts ----------------------------------------------------------------------


def _without(pictures: Pictures, index: int) -> Role:
    """Return a role where no slide was found: nothing agrees, or there is nothing to see."""
    candidate = pictures.all[index]
    if candidate.seen.flat and candidate.said != "level":
        return _flat(candidate)
    seen = any(pictures.all[i].said in LEVEL_WORDS for i in pictures.speaking)
    largest = max(pictures.all, key=lambda c: c.area)
    if candidate.said == "level" and candidate.tiled and candidate.look and not seen and fits(candidate, largest):
        return Role("level", "an empty slide: a level by its shape alone")
    return Role("unclear", "no picture agrees with enough others to say which is the slide")


def _flat(candidate: Candidate) -> Role:
    return Role("blank", "of one colour" if candidate.seen.whole is not None else "of one colour where it was looked")


def _role(pictures: Pictures, index: int, slide: _Group, groups: list[_Group]) -> Role:
    candidate, head = pictures.all[index], max((pictures.all[i] for i in slide.members), key=lambda c: c.area)
    if index not in pictures.speaking:
        return _silent(candidate, head)
    if slide.channels and _is_channel(pictures, index, slide, head):
        return Role("channel", "one of several of the same size and layout, dark with sparse structures")
    if slide.members == [index]:
        return Role("level", "the only large picture in many tiles")
    found = _best(pictures, index, slide)
    said = f"correlation {found.correlation:.2f} with the slide"
    if found.verdict == "same":
        return _alike(pictures, index, slide, head, said)
    if found.correlation <= -SAME and _is_negative(pictures, index, slide):
        return Role("map", f"the slide's negative: {said}")
    if _is_mask(candidate):
        return Role("map", MASK)
    if found.verdict == "none":
        return Role("unclear", "nothing of it was seen where the slide was seen")
    if found.verdict == "maybe":
        return _perhaps(pictures, index, slide, head, said)
    own = next((g for g in groups if index in g.members), None)
    if candidate.said in LEVEL_WORDS and candidate.tiled and own is not None and len(own.members) > 1:
        return Role("unclear", f"levels of another picture: {said}, but they agree with each other")
    return Role("other", f"does not look like the slide: {said}")


def _is_negative(pictures: Pictures, index: int, slide: _Group) -> bool:
    """Whether a picture is the slide's negative in each of its parts, too."""
    own = pictures.all[index].seen.whole
    others = (pictures.all[i].seen.whole for i in slide.members if i != index)
    return own is not None and any(unlike(own, other) <= UNLIKE for other in others if other is not None)


def _mixed(pictures: Pictures, index: int, slide: _Group, role: Role) -> Role:
    """Return the role of a picture in which the slide's channels may be seen at once, each in a colour of its own."""
    found = pictures.mixture(index, slide.members)
    said = f"the slide's channels in one picture: correlation {found.correlation:.2f}"
    return Role("thumbnail", said, 1.0) if found.verdict == "same" else role


def _is_mask(candidate: Candidate) -> bool:
    """Whether a picture has two greys, and so few edges in each row and column that no letter has room in it."""
    import numpy as np

    grey = candidate.look.whole if candidate.look is not None else None
    if grey is None:
        return False
    low, high = float(grey.min()), float(grey.max())
    if high - low < SPEAKS or ((grey > low + PURE) & (grey < high - PURE)).mean() > EDGES:
        return False
    inside = grey > (low + high) / 2
    return all(np.diff(inside, axis=axis).sum(axis=axis).max() <= CROSSINGS for axis in (0, 1))


def _is_channel(pictures: Pictures, index: int, slide: _Group, head: Candidate) -> bool:
    """Whether a picture belongs to the slide by its size and layout, and none of that size looks like it."""
    size = (head.width, head.height)
    family = [i for i in slide.members if (pictures.all[i].width, pictures.all[i].height) == size]
    return index in family and pictures.best(index, family, one_kind=False).verdict != "same"


def _silent(candidate: Candidate, head: Candidate) -> Role:
    """Return the role of a picture whose pixels say nothing."""
    if candidate.look is None or not candidate.look.samples:
        return Role("unclear", "it does not decode")
    level = candidate.said in LEVEL_WORDS and candidate.tiled and fits(candidate, head)
    if candidate.look.flat and (candidate.look.whole is not None or not level):
        return _flat(candidate)
    return Role("level" if level else "unclear", "nothing to see where it was looked" + "; its shape fits" * level)


def _perhaps(pictures: Pictures, index: int, slide: _Group, head: Candidate, said: str) -> Role:
    """Return the role of what is between the slide and another picture: equal shares of greys support a level."""
    import numpy as np

    candidate = pictures.all[index]
    apart = min(float(np.abs(pictures.shares(index) - pictures.shares(i)).mean()) for i in slide.members)
    believed = candidate.said == "level" or candidate.area <= MUTE
    if believed and candidate.tiled and apart < NEAR and fits(candidate, head):
        return Role("level", f"{said}; greys and shape support it")
    return Role("unclear", f"perhaps the slide: {said}")


def _looked(pictures: Pictures, index: int, slide: _Group) -> float:
    """Return the largest share that was seen both of a picture and of one of the slide; asks no more once it is all."""
    most = 0.0
    for other in slide.members:
        if other != index:
            most = max(most, covered(pictures.all[index].seen, pictures.all[other].seen))
        if most >= 1.0:
            break
    return most


def _alike(pictures: Pictures, index: int, slide: _Group, head: Candidate, said: str) -> Role:
    """Return the role of a picture that looks like the slide."""
    candidate = pictures.all[index]
    looked = _looked(pictures, index, slide)
    level = fits(candidate, head) and (candidate.tiled or candidate.said == "level")
    if candidate.said in ("label", "macro"):
        return Role("level" if level else "thumbnail", f"looks like the slide: {said}", looked)
    if level and candidate.said != "thumbnail":
        if pictures.turned(index, slide.members):
            return Role("unclear", f"the slide, turned: {said}", looked)
        return Role("level", f"looks like the slide: {said}", looked)
    strict: Likeness = _best(pictures, index, slide, strict=True)
    if strict.verdict == "same":
        return Role("thumbnail", f"looks like the slide, block by block: {said}", looked)
    part = f"a part that does not fit ({strict.worst:.0f})"
    return Role("unclear", f"like the slide, but turned or with {part}: {said}", looked)
