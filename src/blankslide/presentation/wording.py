"""How every face says things: one sentence first, then the detail.

All text for people is made here, so that every face speaks alike. Names are shown with
control and direction characters escaped: a file name must not be able to fake a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.model import (
    COPY_LEFTOVER,
    FINISHED,
    FOLDER_STAYS,
    LEFTOVER,
    MASKED,
    MASKED_BEFORE,
    NO_LABEL_PLACE,
    NO_LABEL_ROOM,
    NO_MACRO,
    OTHER_KEY,
    PSEUDONYM,
    Action,
    Decision,
    Inspection,
    PhiClass,
    Stage,
)
from blankslide.model.shown import plain_text

if TYPE_CHECKING:
    from blankslide.errors import BlankslideError
    from blankslide.model import Outcome

_CLASS_WORDS = {
    PhiClass.DIRECT: "direct",
    PhiClass.QUASI: "quasi",
    PhiClass.DEVICE: "device",
    PhiClass.LINK: "link",
    PhiClass.PATH: "path",
    PhiClass.IMAGE: "image",
    PhiClass.SCIENCE: "science",
    PhiClass.UNKNOWN: "unknown",
}
_CLASS_MEANINGS = {
    PhiClass.DIRECT: "a person, a case or a slide by itself: names, record and case numbers, barcodes, texts of labels",
    PhiClass.QUASI: "much, together with little else: dates, times, places, institutions, positions in a rack",
    PhiClass.DEVICE: "one machine or its software: serial numbers, names of stations, versions",
    PhiClass.LINK: "which files belong together: ids, which are replaced alike in all of them",
    PhiClass.PATH: "how folders and files are called",
    PhiClass.IMAGE: "what a picture beside the tissue shows: label, macro, preview, thumbnail",
    PhiClass.SCIENCE: "nothing about a person: resolution, magnification, geometry, staining",
    PhiClass.UNKNOWN: "nobody knows: a field that no table has, or bytes that nothing refers to",
}
_STRING_WHY = {"": "not explained", "kept": "kept", "ours": "made by us", "format": "format"}
_ACTION_WORDS = {
    Action.KEEP: "keep",
    Action.REMOVE: "remove",
    Action.ZERO: "zero",
    Action.DUMMY: "replace",
    Action.CLEAN: "clean",
    Action.UID: "new id",
}

_PICTURE_WORDS = {Action.DUMMY: "new label", Action.CLEAN: "mask"}

_ACTION_MEANINGS = {
    Action.KEEP: "it stays as it is; if it can identify, the slide does not end clean",
    Action.REMOVE: "the value goes, and the field with it where the format lets it; a picture is blanked and unlinked",
    Action.ZERO: "the value goes, the field stays and is empty where the format can tell that from removing it",
    Action.DUMMY: "another value of the same form takes its place: for ids a pseudonym made with the site's key",
    Action.CLEAN: "what identifies goes out of it, the rest stays",
    Action.UID: "a new UID takes its place, the same one in all files of the site",
}

#: What is going on once a stage of a run has ended. Nothing is said about what is written or not:
#: words arrive late on a screen, and the commit point does not wait for them.
_NEXT = {
    Stage.START: "opening",
    Stage.OPEN: "looking what is in it",
    Stage.INSPECT: "planning",
    Stage.PLAN: "looking with OpenSlide and tifffile",
    Stage.OBSERVE: "preparing",
    Stage.COPY: "copying and comparing",
    Stage.DIGEST: "checking with OpenSlide and tifffile",
    Stage.JOURNAL: "writing",
    Stage.WRITE: "checking with OpenSlide and tifffile",
    Stage.VERIFY: "recording",
    Stage.RECORD: "done",
}


#: Notes that a person must see in the line about a slide.
_TOLD = (
    *(OTHER_KEY, FINISHED, LEFTOVER, COPY_LEFTOVER, FOLDER_STAYS, PSEUDONYM),
    *(NO_LABEL_PLACE, NO_LABEL_ROOM, NO_MACRO, MASKED_BEFORE),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
NOT_AS_ASKED = "clean, but not as asked"
"""In a few words what `after_line` says in more: the bytes are clean, and the profile does not accept the rest."""
NO_LEVEL = "no level: nothing in it is known to be tissue"


def guarded(cell: object) -> object:
    """Keep a spreadsheet from taking text for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def shown(path: str | Path, whole: bool = False) -> str:
    """Return a file name that is safe to print: control and direction characters escaped."""
    text = str(path) if whole else Path(path).name or str(path)
    text = plain_text(text)
    if text.isascii() and text.isprintable():
        return text
    import unicodedata

    return "".join(c if unicodedata.category(c)[0] != "C" else c.encode("unicode_escape").decode("ascii") for c in text)


def next_stage(stage: Stage) -> str:
    """Say what is going on when ``stage`` was the last to end."""
    return _NEXT[stage]


def class_word(cls: PhiClass) -> str:
    """Name a class."""
    return _CLASS_WORDS[cls]


def class_meaning(cls: PhiClass) -> str:
    """Say what a finding of a class tells: the end of the sentence *it tells …*."""
    return _CLASS_MEANINGS[cls]


def action_name(action: Action) -> str:
    """Name an action, as profiles do."""
    return _ACTION_WORDS[action]


def action_meaning(action: Action) -> str:
    """Say what an action does."""
    return _ACTION_MEANINGS[action]


def action_word(decision: Decision) -> str:
    """Say what will happen to a finding."""
    if decision.cls is PhiClass.IMAGE and decision.action is not Action.KEEP:
        return _PICTURE_WORDS.get(decision.action, "blank, unlink")
    return _ACTION_WORDS[decision.action]


def mark(decision: Decision) -> str:
    """One sign a row, so that colour is never the only one."""
    if decision.cls is PhiClass.UNKNOWN and decision.action is not Action.KEEP:
        return "?"
    return "●" if can_identify(decision) else "○"


def can_identify(decision: Decision) -> bool:
    """Whether a finding can identify, be it removed or kept; what merely stays cannot."""
    return decision.action is not Action.KEEP or decision.identifying


def sensitive(decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions about what can identify; what is merely kept is left out."""
    return list(filter(can_identify, decisions))


def count_phrase(decisions: Sequence[Decision]) -> str:
    """Say how much can identify the patient."""
    words = findings_phrase(decisions)
    return f"{words or 'nothing in it'} can identify the patient"


def findings_phrase(decisions: Sequence[Decision]) -> str:
    """Name what can identify the patient, ``2 pictures and 9 fields``; empty if nothing can."""
    at_risk = sensitive(decisions)
    fields = sum(d.cls is not PhiClass.IMAGE for d in at_risk)
    pictures = len({_picture(d.id) for d in at_risk if d.cls is PhiClass.IMAGE})
    words = [f"{n} {w}{'s' if n != 1 else ''}" for n, w in ((pictures, "picture"), (fields, "field")) if n]
    return " and ".join(words)


def _picture(id: str) -> str:
    """Return what tells pictures apart: one that text was found in is still one picture."""
    store, _, rest = id.partition(".")
    return rest.partition(".")[0] if store == "found" else rest if store == "picture" else id


def shape_phrase(inspection: Inspection) -> str:
    """Size, number of levels and resolution."""
    if not inspection.levels:
        return NO_LEVEL
    top = inspection.levels[0]
    count = len(inspection.levels)
    parts = [f"{top.width}×{top.height}", f"{count} level{'s' if count != 1 else ''}"]
    if inspection.mpp:
        parts.append(f"{inspection.mpp[0]:.4g} µm/px")
    return ", ".join(parts)


def before_line(path: str | Path, title: str, decisions: Sequence[Decision], whole: bool = False) -> str:
    """Headline before anything happened; ``whole`` shows the folders, too."""
    return f"{shown(path, whole)} · {title} · {count_phrase(decisions)}"


def _joined(words: Sequence[str]) -> str:
    names = [w.split(" ", 1)[0] for w in words]
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]


def after_line(path: str | Path, outcome: Outcome, *, wrote: bool, whole: bool = False) -> str:
    """Headline after a run: the one word, who says so, and how long it took; ``whole`` shows the folders, too."""
    name = shown(path, whole)
    if outcome.content == "pending":
        return f"{name} · interrupted – run recover; nothing is lost"
    if outcome.content == "residue":
        kept = [r for r in outcome.residue if r.startswith("kept: ")]
        left = [r.removeprefix("left: ") for r in outcome.residue if not r.startswith("kept: ")]
        parts = []
        if left:
            parts.append(f"{len(left)} thing{'s' if len(left) != 1 else ''} left: {'; '.join(left)}")
        parts.extend(kept)
        return f"{name} · NOT clean – {' · '.join([*parts, *_aside(outcome)])}"
    if outcome.content == "untouched":
        return f"{name} · nothing was changed"
    parts = [f"{name} · clean – checked by {_joined(outcome.readers)}"]
    if wrote:
        parts[0] += ", tissue unchanged"
        parts.append(f"{sum(outcome.seconds.values()) * 1000:.0f} ms")
    else:
        parts.append("nothing to do")
    if outcome.medium in ("relocated", "shared") and wrote and not outcome.copied:
        parts.append(medium_words(outcome.medium))
    if outcome.exit_code:
        parts[0] = parts[0].replace("clean – ", f"clean, but not as {outcome.profile or 'the profile'} asks – ", 1)
    return " · ".join([*parts, *_aside(outcome)])


def _aside(outcome: Outcome) -> list[str]:
    """What else a person must know: where the result is, its name, and what stands beside it."""
    parts = []
    if outcome.copied:
        parts.append(f"copy: {shown(outcome.target)}" if outcome.target else "no copy was kept")
        parts.append(medium_words(outcome.medium, copied=True))
    elif outcome.target:
        parts.append(f"renamed to {shown(outcome.target)}")
    if outcome.name == "identifying":
        parts.append("the file name itself may identify")
    parts += [note for note in _TOLD if note in outcome.notes]
    parts += [note for note in outcome.notes if note.startswith(MASKED) and note != MASKED_BEFORE]
    if outcome.sidecars:
        parts.append(sidecar_phrase(outcome.sidecars))
    return parts


def medium_words(medium: str, *, copied: bool = False) -> str:
    """Say what the storage device may still hold."""
    if copied:
        shares = medium == "shared"
        return "the original still holds everything" + (", and the copy shares blocks with it" if shares else "")
    if medium == "shared":
        return "another file shares the old blocks on this disk"
    if medium == "relocated":
        return "old blocks may remain on this disk"
    return "the old blocks were overwritten" if medium == "overwritten" else "whether old blocks remain is unknown"


def strings_phrase(reasons: Sequence[str]) -> str:
    """Say how many strings can be read in a slide, and how many of them nothing explains."""
    new = reasons.count("")
    count = f"{len(reasons)} string{'s' if len(reasons) != 1 else ''} can be read in it; "
    if not new:
        return count + "each is explained"
    return count + f"nothing explains {'the one' if new == 1 else f'the {new}'} marked !"


def more_strings_phrase(reasons: Sequence[str]) -> str:
    """Say how many strings a list leaves out, and whether something explains all of them; empty for none."""
    new = reasons.count("")
    told = f"{new} of them explained by nothing" if new else "all explained"
    return f"and {len(reasons)} more, {told}: blankslide inspect --readable lists them" if reasons else ""


def string_mark(why: str) -> str:
    """One sign for a string that nothing explains."""
    return "" if why else "!"


def string_reason(why: str, field: str) -> str:
    """Say why a string may be there: ``kept: Filtered``."""
    said = _STRING_WHY[why]
    return f"{said}: {shown(field, whole=True)}" if field else said


def sidecar_phrase(names: Sequence[str], most: int = 12) -> str:
    """List the files that belong to a slide and are left alone."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"left as they are beside it: {', '.join(map(shown, names[:most]))}{more}"


def empty_line(path: str | Path) -> str:
    """Say that a folder holds no slide."""
    return f"no slide found in {shown(path)} · `blankslide formats` lists what is taken for one"


def error_line(path: str | Path, error: BlankslideError) -> str:
    """What, why, what was (not) changed, what to do next, on one line."""
    return f"{shown(path)} · {error.sentence()}"
