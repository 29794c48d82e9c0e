"""What each picture of a slide is, told from pixels and shapes; the words of the plan are only held against it.

The slide is not simply the largest picture: it is the group of pictures that agree with each other and have the most
area (levels, planes, thumbnail). Channels of fluorescence need not look alike; equal in size and layout, dark and
sparse, they are one group. A slide of one level has nothing to agree with: it is the only large picture in many tiles.

What looks like the slide is "level" or "thumbnail" whatever it is called, so that nobody blanks tissue; what is kept as
a thumbnail must fit block by block, as it lies. What does not look like the slide is "other", whatever it is called.
Where pixels say nothing (an empty slide) shapes decide about levels. All else is "unclear", and is for others to refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from blankslide.verification.census.pixels import SAME, SPEAKS, Likeness, Look, Sample, covered, likeness

MANY = 4  # segments of a picture that can be a slide alone
SHAPE = 0.03
LARGE = 4  # times smaller than the slide, a tiled picture is no rival
MEMBERS = 6  # of a group, that a picture is held against
GROUPS = 12
SEEN = 0.9  # share of a thumbnail that must be compared before it is said to be proven whole


class Candidate(NamedTuple):
    """A picture in question; `said` is the plan's word: "level", "thumbnail", "label", "macro", "unknown" or ""."""

    width: int
    height: int
    look: Look | None
    tiled: bool
    segments: int
    said: str


class Role(NamedTuple):
    """What a picture is proven to be, why, and how much of it was compared with the slide (0 to 1)."""

    proven: str
    reason: str
    looked: float = 0.0


def prove(candidates: Sequence[Candidate]) -> list[Role]:
    """Say what each picture is.

    Parameters
    ----------
    candidates
        All pictures of a slide, in any order.

    Returns
    -------
    list of Role
        In the same order: "level", "thumbnail", "blank", "channel", "map", "other" or "unclear". A thumbnail of which
        less than 0.9 was `looked` at is one as far as it was seen: look again with `few=decode.ALL` to be sure.
    """
    groups = _groups(candidates)
    slide = _elected(candidates, groups)
    if slide is None:
        return [_without(candidates, index) for index in range(len(candidates))]
    return [_role(candidates, index, slide, groups) for index in range(len(candidates))]


# -- who is the slide ------------------------------------------------------------------


class _Group(NamedTuple):
    members: list[int]
    channels: bool = False


def _groups(candidates: Sequence[Candidate]) -> list[_Group]:
    """Put pictures together that look alike, the largest first."""
    groups = [_Group(list(family), channels=True) for family in _channels(candidates)]
    taken = {index for group in groups for index in group.members}
    for index in sorted(range(len(candidates)), key=lambda i: -_area(candidates[i])):
        if index in taken or not _speaks(candidates[index]):
            continue
        home = next((g for g in groups if _best(candidates, index, g).verdict == "same"), None)
        if home is not None:
            home.members.append(index)
        elif len(groups) < GROUPS:
            groups.append(_Group([index]))
    return groups


def _elected(candidates: Sequence[Candidate], groups: list[_Group]) -> _Group | None:
    """Return the group that is the slide; None if none is, or another could be as well."""
    agreeing = [g for g in groups if len(g.members) > 1]
    alone = [g for g in groups if len(g.members) == 1 and _stands_alone(candidates[g.members[0]])]
    best = max(agreeing, key=lambda g: _mass(candidates, g), default=None)
    lone = max(alone, key=lambda g: _mass(candidates, g), default=None)
    if best is not None:
        # two equal labels agree as well: no proof against a larger picture that can be a slide
        return None if lone and _mass(candidates, lone) >= _mass(candidates, best) else best
    if lone is None:
        return None
    rivals = [g for g in alone if g is not lone and _mass(candidates, g) * LARGE > _mass(candidates, lone)]
    return None if rivals else lone


def _stands_alone(candidate: Candidate) -> bool:
    return candidate.tiled and candidate.segments >= MANY


def _mass(candidates: Sequence[Candidate], group: _Group) -> int:
    return sum(_area(candidates[index]) for index in group.members)


def _area(candidate: Candidate) -> int:
    return candidate.width * candidate.height


def _channels(candidates: Sequence[Candidate]) -> list[list[int]]:
    """Return the families of pictures of one size and layout that are dark with sparse bright structures."""
    families: dict[tuple[int, int, bool, int], list[int]] = {}
    for index, c in enumerate(candidates):
        if c.said in ("level", "unknown") and _speaks(c) and _sparse(c):
            families.setdefault((c.width, c.height, c.tiled, c.segments), []).append(index)
    largest = max((_area(c) for c in candidates), default=0)
    return [f for f in families.values() if len(f) > 1 and _area(candidates[f[0]]) == largest]


def _sparse(candidate: Candidate) -> bool:
    import numpy as np

    grey = _greys(candidate)
    low, middle, high = (float(v) for v in np.percentile(grey, (1, 50, 99.5)))
    return middle - low < 0.35 * (high - low) and middle < 128


def _greys(candidate: Candidate) -> object:
    import numpy as np

    assert candidate.look is not None
    return np.concatenate([sample.grey.ravel() for sample in candidate.look.samples])


def _speaks(candidate: Candidate) -> bool:
    """Whether the picture's pixels say anything."""
    import numpy as np

    look = candidate.look
    if look is None or look.flat or not look.samples:
        return False
    return float(np.std(_greys(candidate))) >= SPEAKS  # type: ignore[call-overload]


# -- likeness to a group ---------------------------------------------------------------


def _best(candidates: Sequence[Candidate], index: int, group: _Group, *, strict: bool = False) -> Likeness:
    """Return how a picture is like that member of a group which it is most like; members seen whole come first."""
    others = [i for i in group.members if i != index]
    others.sort(
        key=lambda i: (_look(candidates[i]).whole is None, abs(_area(candidates[i]) - _area(candidates[index])))
    )
    best = Likeness("none", 0.0, 0.0)
    for other in others[:MEMBERS]:
        found = _compare(candidates[index], candidates[other], strict)
        if _rank(found) > _rank(best):
            best = found
        if best.verdict == "same":
            break
    return best


def _rank(found: Likeness) -> tuple[int, float]:
    order = ("none", "other", "maybe", "same").index(found.verdict)
    return (2, 0.0) if found.verdict == "other" and found.correlation <= -SAME else (order, found.correlation)


def _compare(a: Candidate, b: Candidate, strict: bool) -> Likeness:
    found = likeness(_look(a), _look(b), strict=strict)
    if found.verdict != "same" and not strict and not _one_shape(a, b):
        padded = likeness(_unpadded(a, b), _unpadded(b, a), strict=False)
        return padded if _rank(padded) > _rank(found) else found
    return found


def _look(candidate: Candidate) -> Look:
    return candidate.look or Look(candidate.width, candidate.height, (), None, False)


def _one_shape(a: Candidate, b: Candidate) -> bool:
    """Whether one picture can be the other, reduced; halving rounds by up to a pixel or two."""
    skew = abs(a.width * b.height - a.height * b.width)
    small, large = sorted((a, b), key=_area)
    rounded = 2 * max(large.width, large.height) if min(small.width, small.height) > 8 else _area(large)
    return skew <= SHAPE * max(a.width * b.height, a.height * b.width) + rounded


def _step(small: Candidate, large: Candidate) -> int:
    """Return the power of two by which a canvas, filled up to whole tiles, covers a larger picture."""
    step = 1
    while step * small.width < large.width or step * small.height < large.height:
        step *= 2
    return step


def _unpadded(a: Candidate, b: Candidate) -> Look:
    """Return what is known of a picture without what lies beyond the other's edge, right and below."""
    if _area(a) >= _area(b):
        return _look(a)._replace(whole=None)
    step = _step(a, b)
    fx, fy = step * a.width / b.width, step * a.height / b.height
    look = _look(a)
    samples = tuple(Sample((s.box[0] * fx, s.box[1] * fy, s.box[2] * fx, s.box[3] * fy), s.grey) for s in look.samples)
    return look._replace(samples=samples, whole=None)


def _fits(a: Candidate, b: Candidate) -> bool:
    """Whether the smaller of two is a whole reduction of the larger, or one on a canvas of whole tiles."""
    small, large = sorted((a, b), key=_area)
    if _one_shape(a, b):
        return True
    step = _step(small, large)
    over = (step * small.width - large.width, step * small.height - large.height)
    return small.tiled and max(over) <= step * 1024 and max(over) < step * max(small.width, small.height)


# -- the verdicts ----------------------------------------------------------------------


def _without(candidates: Sequence[Candidate], index: int) -> Role:
    """Return a role where no slide was found: nothing agrees, or there is nothing to see."""
    candidate = candidates[index]
    if candidate.look is not None and candidate.look.flat and candidate.said != "level":
        return _flat(candidate)
    largest = max(candidates, key=_area)
    seen = any(_speaks(c) and c.said in ("level", "unknown") for c in candidates)
    if candidate.said == "level" and candidate.tiled and not seen and _fits(candidate, largest):
        return Role("level", "an empty slide: told from its shape alone")
    return Role("unclear", "no picture agrees with enough others to say which is the slide")


def _flat(candidate: Candidate) -> Role:
    whole = candidate.look is not None and candidate.look.whole is not None
    return Role("blank", "of one colour" if whole else "of one colour where it was looked")


def _role(candidates: Sequence[Candidate], index: int, slide: _Group, groups: list[_Group]) -> Role:
    candidate = candidates[index]
    head = candidates[max(slide.members, key=lambda i: _area(candidates[i]))]
    if not _speaks(candidate):
        return _silent(candidate, head)
    if slide.channels and len(slide.members) > 1 and _is_channel(candidates, index, slide, head):
        return Role("channel", "one of several of the same size and layout, dark with sparse structures")
    if slide.members == [index]:
        return Role("level", "the only large picture in many tiles")
    found = _best(candidates, index, slide)
    if found.verdict == "same":
        return _alike(candidates, index, slide, head, found)
    said = f"correlation {found.correlation:.2f} with the slide"
    if found.correlation <= -SAME:
        return Role("map", f"the slide's negative: {said}")
    if found.verdict == "none":
        return _silent(candidate, head)
    if found.verdict == "maybe":
        return _perhaps(candidate, head, said)
    own = next((g for g in groups if index in g.members), None)
    if candidate.said == "level" and candidate.tiled and own is not None and len(own.members) > 1:
        return Role("unclear", f"levels of another picture: {said}, but they agree with each other")
    return Role("other", f"does not look like the slide: {said}")


def _is_channel(candidates: Sequence[Candidate], index: int, slide: _Group, head: Candidate) -> bool:
    candidate = candidates[index]
    if index not in slide.members or (candidate.width, candidate.height) != (head.width, head.height):
        return False
    same = [i for i in slide.members if i != index and _compare(candidate, candidates[i], False).verdict == "same"]
    return not same


def _silent(candidate: Candidate, head: Candidate) -> Role:
    """Return the role of a picture whose pixels say nothing."""
    if candidate.look is None:
        return Role("unclear", "it does not decode")
    fits = candidate.tiled and _fits(candidate, head)
    if candidate.look.flat and (candidate.look.whole is not None or not fits or candidate.said in ("label", "macro")):
        return _flat(candidate)
    if candidate.said == "level" and fits:
        return Role("level", "nothing to see where it was looked; a level by its shape")
    return Role("unclear", "nothing to see where it was looked")


def _perhaps(candidate: Candidate, head: Candidate, said: str) -> Role:
    """Return the role of what is between the slide and another picture: greys in the same shares support a level."""
    import numpy as np

    shares = [np.percentile(_greys(c), (5, 25, 50, 75, 95)) for c in (candidate, head)]  # type: ignore[call-overload]
    near = float(np.abs(shares[0] - shares[1]).mean()) < 25
    if candidate.said == "level" and candidate.tiled and near and _fits(candidate, head):
        return Role("level", f"{said}; greys and shape support it")
    return Role("unclear", f"perhaps the slide: {said}")


def _alike(candidates: Sequence[Candidate], index: int, slide: _Group, head: Candidate, found: Likeness) -> Role:
    """Return the role of a picture that looks like the slide."""
    candidate = candidates[index]
    said = f"looks like the slide: correlation {found.correlation:.2f}"
    level = candidate is head or (_fits(candidate, head) and (candidate.tiled or candidate.said == "level"))
    strict = _best(candidates, index, slide, strict=True)
    looked = max((covered(_look(candidate), _look(candidates[i])) for i in slide.members if i != index), default=0.0)
    if candidate.said in ("label", "macro"):
        return Role("level" if level else "thumbnail", said, looked)
    if level and candidate.said != "thumbnail":
        turned = strict.verdict == "maybe" and _turned(candidates, index, slide)
        return Role("unclear", f"{said}, turned", looked) if turned else Role("level", said, looked)
    if strict.verdict != "same":
        return Role("unclear", f"{said}, but turned or with a part that does not fit ({strict.worst:.0f})", looked)
    return Role("thumbnail", said, looked)


def _turned(candidates: Sequence[Candidate], index: int, slide: _Group) -> bool:
    from blankslide.verification.census.overlay import pearson

    wholes = [_look(candidates[i]).whole for i in (index, *(i for i in slide.members if i != index))]
    mine, others = wholes[0], [w for w in wholes[1:] if w is not None]
    if mine is None or not others:
        return False
    return all(pearson(mine, other) < 0.6 for other in others)
