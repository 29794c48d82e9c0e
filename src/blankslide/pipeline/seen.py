"""What can be read in a slide's pictures: asked of the process that looks at them, told without what it says.

Looking costs seconds and not milliseconds, so it is done when it is asked for. A run asks before its first write, about
the pictures that stay: what is not to be changed is the same afterwards, and that is proven by other means. A picture
that stays and has writing in it keeps a slide from being clean; where nobody looked, the report says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from blankslide.model import Action, Decision, PhiClass

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.found.asking import Answer
    from blankslide.model import Inspection, Plan
    from blankslide.model.found import Found

LEVEL = "level"
"""What the edges of the lowest level are called, whichever number it has."""
_MOST_BOXES = 6
_INSIDE = 0.8
_RIM = 64
PROPOSAL = "a mask that covers what was found in the macro:"
_WORDS = {"text": "text", "barcode": "a barcode", "unread barcode": "what looks like a barcode", "ink": "ink"}


# -- asking ---------------------------------------------------------------------------------


def ask_about_all(path: Path) -> Answer:
    """Ask about every picture of a slide, by its main file, and about the edges of its lowest level.

    Raises
    ------
    EnvironmentProblem, DamagedSlide
        As `blankslide.found.asking.ask`.
    """
    from blankslide.found.asking import ask

    return ask(path)


def ask_about_kept(path: Path, inspection: Inspection, planned: Plan) -> Answer:
    """Ask about what a plan leaves: the pictures that stay, but for a label that we have drawn, and the edges.

    Raises
    ------
    EnvironmentProblem, DamagedSlide
        As `blankslide.found.asking.ask`.
    """
    from blankslide.found.asking import ask

    gone = gone_pictures(planned)
    ours = {drawn.room.role for drawn in inspection.drawn if drawn.text is not None}
    roles = Counter(image.role for image in inspection.associated)
    stay = [role for role in roles if role not in gone and role not in ours]
    answer = ask(path, [*(name for role in stay for name in _names(role, roles[role])), LEVEL])
    return answer._replace(found=tuple(found for found in answer.found if not _is_masked(found, planned)))


def _is_masked(found: Found, planned: Plan) -> bool:
    """Whether a box is where the plan makes a part of its picture blank; its rim may reach out, letters do not."""
    role = found.picture.partition(" ")[0]
    for room, (left, top, right, bottom) in planned.masks:
        if room.role == role and (room.width, room.height) == found.size:
            across = min(right, found.x + found.w) - max(left, found.x)
            down = min(bottom, found.y + found.h) - max(top, found.y)
            if across > 0 and down > 0 and across * down >= _INSIDE * found.w * found.h:
                return True
    return False


def _names(role: str, count: int) -> list[str]:
    """Return what `blankslide.viewing` calls the pictures of one role."""
    return [role if number == 1 else f"{role} {number}" for number in range(1, count + 1)]


def gone_pictures(planned: Plan) -> frozenset[str]:
    """Return the roles of the pictures that a plan takes away whole: of one that is masked, a part stays."""
    masked = {room.role for room, _ in planned.masks}
    return frozenset(
        decision.id.removeprefix("picture.")
        for decision in planned.decisions
        if decision.id.startswith("picture.") and decision.action is not Action.KEEP
    ).difference(masked)


# -- telling --------------------------------------------------------------------------------


def told(planned: Plan, answer: Answer) -> Plan:
    """Add to a plan what was seen: a row for each picture and kind, and what keeps the slide from being clean."""
    gone = gone_pictures(planned)
    groups: dict[tuple[str, str], list[Found]] = {}
    for found in answer.found:
        groups.setdefault((found.picture.partition(" ")[0], found.kind), []).append(found)
    rows = [_decision(role, kind, boxes, role in gone) for (role, kind), boxes in groups.items()]
    left = [_left(role, kind, boxes) for (role, kind), boxes in groups.items() if role not in gone]
    left += [
        f"the {_shown(name)} could not be looked at for text"
        for name in answer.unseen
        if name.partition(" ")[0] not in gone
    ]
    return planned._replace(
        decisions=(*planned.decisions, *(row for row in rows if row not in planned.decisions)),
        left=tuple(dict.fromkeys((*planned.left, *left))),
        notes=(*planned.notes, *(note for note in _proposed(answer) if note not in planned.notes)),
    )


def mask_around(found: Iterable[Found]) -> tuple[int, int, int, int] | None:
    """Propose a mask for a macro: an end of the glass up to the last box, as left, top, width, height.

    Only boxes in the nearer half of an end tell which one it is: if there are some in both, nobody can say.
    """
    boxes = [box for box in found if box.picture == "macro"]
    if not boxes:
        return None
    width, height = boxes[0].size
    long = max(width, height)
    spans = [(b.x, b.x + b.w) if width >= height else (b.y, b.y + b.h) for b in boxes]
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    rim = long // _RIM
    if last <= long / 2:
        start, end = 0, last + rim
    elif first >= long / 2:
        start, end = first - rim, long
    else:
        return None
    return (start, 0, end - start, height) if width >= height else (0, start, width, end - start)


def _proposed(answer: Answer) -> list[str]:
    mask = mask_around(answer.found)
    return [] if mask is None else [f"{PROPOSAL} --mask-macro {','.join(map(str, mask))} (look at it first)"]


def _decision(role: str, kind: str, boxes: Sequence[Found], goes: bool) -> Decision:
    return Decision(
        id=f"found.{role}.{kind.replace(' ', '-')}",
        title=f"{kind} in the {_shown(role)}",
        cls=PhiClass.IMAGE,
        action=Action.REMOVE if goes else Action.KEEP,
        place_count=len(boxes),
        where=_where(boxes),
        identifying=not goes,
    )


def _where(boxes: Sequence[Found]) -> str:
    """Name the places: picture, left and upper edge, and size, in its pixels."""
    places = [f"{box.picture} {box.x},{box.y} {box.w}×{box.h}" for box in boxes[:_MOST_BOXES]]
    more = len(boxes) - len(places)
    return "; ".join([*places, f"{more} more"] if more else places)


def _left(role: str, kind: str, boxes: Sequence[Found]) -> str:
    count = len(boxes)
    return f"kept: {_WORDS[kind]} in the {_shown(role)} ({count} place{'s' if count != 1 else ''})"


def _shown(role: str) -> str:
    return "edges of the lowest level" if role.startswith(LEVEL) else role
