"""Two accounts of one slide: nothing is written, and nothing is called clean, unless they balance.

The plan's account comes from the formats: what goes, and what is kept by name. The second one is the census
(`blankslide.verification.census`), which knows no format. Before the first write the census is taken of the files
as the plan would leave them; after the last one, of the files as they are. Whatever it finds must be explained.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import ContradictorySlide
from blankslide.model import Action
from blankslide.pipeline.opening import inspected, inspected_as, opened
from blankslide.pipeline.told import Told, told_of
from blankslide.planner import make_plan

if TYPE_CHECKING:
    from blankslide.model import Inspection, Patch, Plan
    from blankslide.pipeline.job import Job
    from blankslide.pipeline.options import Options
    from blankslide.source import ByteSource
    from blankslide.storage.open_file import OpenFile
    from blankslide.storage.slide_files import SlideFilesOnDisk
    from blankslide.verification.census.account import Account, Picture, Text
    from blankslide.verification.census.grammar import Rules
    from blankslide.verification.census.memory import Memory
    from blankslide.verification.census.pixels import Look
    from blankslide.verification.views import ReaderView

MOST = 8
"""Sentences about one slide; of the rest only the number is told."""
_ENOUGH = 1000
"""Unexplained texts after which the others are not looked at."""


_MARK = "census: "
#: Parts of the place of a text that stands in coded data, or beside a picture in a cell of a database.
_IN_TILES = frozenset(("coded", "beside"))
_MAPS = frozenset(("map", "probability"))
_SHOW_THE_SLIDE = frozenset(("thumbnail", "preview", "whole", "map", "probability"))


def is_census(sentence: str) -> bool:
    """Whether a sentence about what is left comes from the census."""
    return sentence.startswith(_MARK)


class Balance(NamedTuple):
    """What the second account says of a slide.

    Attributes
    ----------
    left
        Sentences, without values, about what nothing explains.
    texts
        All texts that were found, explained or not: the spot-checker's list.
    unproven
        Roles of pictures that are kept by name, and whose pixels do not prove it.
    pictures
        All pictures that were found, explained or not.
    spoken
        Texts in tiles that nothing explains.
    """

    left: tuple[str, ...]
    texts: tuple[Text, ...]
    unproven: tuple[str, ...]
    pictures: tuple[Picture, ...] = ()
    spoken: tuple[Text, ...] = ()


class AsPlanned:
    """The files of a slide as a plan would leave them; a `SlideFiles` that writes nothing.

    Parameters
    ----------
    slide
        The slide as it is.
    patches
        Of equal length.
    """

    def __init__(self, slide: SlideFilesOnDisk, patches: Sequence[Patch]) -> None:
        from blankslide.verification.census.data import Change

        self.slide, self.name = slide, slide.name
        self._changes: dict[int, list[Change]] = {}
        for patch in patches:
            change = Change(patch.offset, patch.offset + patch.length, patch.data, patch.byte)
            self._changes.setdefault(patch.file, []).append(change)
        self._before = {file.fd: number for number, file in enumerate(slide.files)}
        self.files: list[ByteSource] = []
        self._numbers: dict[int, int] = {}
        self.main = self._add(slide.files[0])

    def _add(self, file: OpenFile) -> ByteSource:
        """Count a file when it is opened, as whoever looks at the slide does: a plan may make others its members."""
        number = self._numbers.setdefault(file.fd, len(self.files))
        if number == len(self.files):
            self.files.append(self._planned(file))
        return self.files[number]

    def _planned(self, file: OpenFile) -> ByteSource:
        from blankslide.verification.census.data import Overlay

        own = self._changes.get(self._before.get(file.fd, -1))
        return Overlay(file, own) if own else file

    def names(self) -> list[str]:
        """Names of all regular files beside the main one."""
        return self.slide.names()

    def open(self, name: str) -> ByteSource:
        """Open a member by its name."""
        return self._add(self.slide.open(name))

    def glance(self, name: str, length: int, above: bool = False) -> bytes:
        """Return the first bytes of a file beside the slide, of a member as the plan would leave it."""
        member = None if above else self._member(name)
        if member is None:
            return self.slide.glance(name, length, above)
        return member.read(0, min(length, member.size))

    def state(self, name: str) -> tuple[int, int, int, int, int] | None:
        """Return what changes with a file beside the slide; nothing for a member, which is only planned."""
        return None if self._member(name) is not None else self.slide.state(name)

    def _member(self, name: str) -> ByteSource | None:
        """Return a member that would change; others are what they are on the disk."""
        state = self.slide.state(name)
        same = (file for file in self.slide.files if state is not None and file.opened_as.inode == state[1])
        return next((self._planned(file) for file in same if self._before.get(file.fd) in self._changes), None)


def would_be_left(job: Job) -> tuple[str, ...]:
    """Take the census of a slide as its plan would leave it; nothing is written.

    What the census takes for an unknown picture, and the plan keeps by its name, is added to the plan. If it reads
    text beside the pixels of a tile, all tiles are inspected, and the plan is made anew.

    Returns
    -------
    tuple of str
        Sentences about what nothing explains.

    Raises
    ------
    ContradictorySlide
        If a picture that shows the slide would be changed under another name.
    """
    from blankslide.verification.census.memory import Memory

    memory = job.memory = Memory()
    _look_first(job, memory)
    found = _as_planned(job)
    if found.spoken and not job.options.thorough:
        job.look_closer()
        _look_first(job, memory)
        found = _as_planned(job)
    more = [role for role in found.unproven if not _is_asked(job, role)]
    if more:
        job.plan_again(job.options.resolved().removing(*more))
        _look_first(job, memory)
        found = _as_planned(job)
    return found.left


def before_copying(job: Job) -> None:
    """Look at the pictures before a copy is made, and plan again for those that are kept by a name they do not deserve.

    Raises
    ------
    ContradictorySlide
        If a picture that shows the slide would not be in the copy.
    """
    if any(patch.data is not None and len(patch.data) != patch.length for patch in job.planned.patches):
        from blankslide.verification.census.memory import Memory

        job.memory = Memory()
        _look_first(job, job.memory)  # the files as they would be cannot be laid over the slide: places move
        if look_closer_if_it_speaks(job):
            _look_first(job, job.memory)
    else:
        would_be_left(job)


def look_closer_if_it_speaks(job: Job) -> bool:
    """Take the census of a slide as it stands; if tiles say what the plan leaves, inspect all tiles and plan anew.

    That is for slides that cannot be laid out as planned, or that need no change so far.

    Returns
    -------
    bool
        Whether the plan was made anew.
    """
    from blankslide.verification.census.memory import Memory

    if job.options.thorough:
        return False
    job.memory = job.memory or Memory()
    found = balance(job.inspection, job.planned, job.slide.views(), job.options, job.path, job.memory)
    goes = [(p.file, p.offset, p.offset + p.length) for p in job.planned.patches]
    stays = [t for t in found.spoken if not any(f == t.file and a < t.end and t.start < b for f, a, b in goes)]
    if stays:
        job.look_closer()
    return bool(stays)


def _as_planned(job: Job) -> Balance:
    from blankslide.verification.census.shown import unaccounted

    slide = AsPlanned(job.slide, job.planned.patches)
    key = job.options.planning_key
    again = inspected_as(job.inspection.format, slide, slide.files, key)
    label, mask = job.options.new_label, job.options.new_mask
    second = make_plan(again, job.options.resolved(), slide.files, key, label=label, mask=mask)
    found = balance(again, second, slide.files, job.options, job.path, job.memory)
    gone = [d.id.removeprefix("picture.") for d in job.planned.decisions if d.action is not Action.KEEP]
    sizes = [(a.width, a.height) for a in job.inspection.associated if a.role in gone]
    shown = [_MARK + told for told in unaccounted(job.before, found.pictures, gone, sizes)]
    return found._replace(left=_few([*found.left, *shown]))


def _is_asked(job: Job, role: str) -> bool:
    """Whether a person has asked to keep a picture: then it stays, and the slide is not clean."""
    return any(fnmatchcase(f"picture.{role}", glob) for glob, _ in job.options.resolved().ids)


def _look_first(job: Job, memory: Memory) -> None:
    """Look at all pictures before any is changed; refuse if one that shows the slide would be.

    Raises
    ------
    ContradictorySlide
        If so.
    """
    from blankslide.verification.census.before import look_before

    changes: dict[int, list[tuple[int, int]]] = {}
    for patch in job.planned.patches:
        changes.setdefault(patch.file, []).append((patch.offset, patch.offset + patch.length))
    spans = {file: sorted(own) for file, own in changes.items()}
    doubtful = {a.page: a.role for a in job.inspection.associated if a.like_a_level}
    endangered = look_before(job.slide.views(), spans, memory, doubtful)
    pictures = {(a.file, a.width, a.height): a.role for a in job.inspection.associated}
    for one in endangered:
        role = doubtful.get(one.file) or pictures.get((one.file, one.width, one.height), "picture")
        if role not in _SHOW_THE_SLIDE:
            proof = "shows the slide itself" if one.shows_the_slide else "has the slide's shape, and may show it"
            raise ContradictorySlide(
                f"the {role} on {one.where} {proof}, so its name and its pixels contradict each other",
                "look at it with another program; nothing that may be tissue is blanked",
            )


class Accounts(NamedTuple):
    """Both accounts of a slide as it stands: the census and what may explain it, and what the plan says."""

    account: Account
    rules: Rules
    inspection: Inspection
    plan: Plan

    def told(self) -> list[str]:
        """Say what is wrong with the slide's pictures, and what could not be looked at."""
        kept = told_of(self.inspection, self.plan)
        pictures = _pictures_left(self.account, self.inspection, self.plan, kept)
        return [*pictures, *(_MARK + trouble for trouble in self.account.troubles)]


def accounts(path: str | Path, options: Options) -> Accounts:
    """Take both accounts of a slide as it stands.

    Raises
    ------
    BlankslideError
        If it cannot be inspected or waits to be recovered.
    """
    from blankslide.pipeline.looking import planned_for, refuse_pending
    from blankslide.pipeline.main_file import main_file

    main = main_file(path)
    refuse_pending(main)
    with opened(main) as slide:
        inspection = inspected(slide, options.key, options.thorough)
        planned = planned_for(slide, inspection, options)
        account = _taken(inspection, slide.views(), options, main)
        rules = _rules(inspection, planned, options).knowing(account.texts)
        return Accounts(account, rules, inspection, planned)


def balance(
    inspection: Inspection,
    planned: Plan,
    sources: Sequence[ByteSource],
    options: Options,
    path: Path,
    memory: Memory | None = None,
    views: Sequence[ReaderView] = (),
) -> Balance:
    """Take the census of a slide and hold it against the plan's account.

    Parameters
    ----------
    inspection, planned
        The plan's account: of the slide before, or of the slide as it is now.
    sources
        One for each file of ``inspection``: as it is, or as it would be.
    path
        The main file, for independent readers.
    memory
        What was found out before in this run; it is used again only where the very bytes that it was found out from
        are read again.
    views
        What independent readers see in these very files.
    """
    from blankslide.verification.census.neighbours import unopened
    from blankslide.verification.census.shown import unaccounted

    account = _taken(inspection, sources, options, path, memory)
    rules, told = _rules(inspection, planned, options), told_of(inspection, planned)
    question = (
        inspection.format,
        options.planning_key,
        *rules[3:],
        rules.kept.spans,
        told.spans,
        told.marks,
        account.texts,
    )
    before = memory.texts if memory is not None else []
    texts = next((found for asked, found in before if asked == question), None)
    if texts is None:
        texts = _texts_left(account, rules, told)
        before.append((question, texts))
    left = [
        *map(_sentence, texts),
        *_pictures_left(account, inspection, planned, told),
        *(_MARK + sentence for sentence in (*account.troubles, *unaccounted(views, account.pictures))),
        *(_MARK + sentence for sentence in unopened(account.texts, *_beside(path, inspection))),
        *(_MARK + sentence for sentence in _masks_left(inspection, sources, path)),
    ]
    unproven = _unproven(account, inspection, planned)
    spoken = tuple(text for text in texts if not _IN_TILES.isdisjoint(text.path.split("/")))
    return Balance(_few(left), tuple(account.texts), unproven, tuple(account.pictures), spoken)


def _masks_left(inspection: Inspection, sources: Sequence[ByteSource], path: Path) -> list[str]:
    """Say what speaks against a macro of which a part is blank: the rest of it must be proven as well."""
    if not any(drawn.mask for drawn in inspection.drawn):
        return []
    from blankslide.pipeline.masking import masks_left

    return masks_left(inspection, sources, path)


def _taken(
    inspection: Inspection, sources: Sequence[ByteSource], options: Options, path: Path, memory: Memory | None = None
) -> Account:
    from blankslide.formats import vocabulary_of
    from blankslide.verification.census.grammar import spelled, vocabulary
    from blankslide.verification.census.stock import take_stock

    files = [(file.name, source) for file, source in zip(inspection.files, sources, strict=False)]
    claims = {i: bytemap.tissue_parts() for i, bytemap in enumerate(inspection.maps) if _needs_claims(sources[i])}
    known = partial(spelled, vocabulary(vocabulary_of(inspection.format)))
    return take_stock(
        files, claims, slide=partial(_slide_look, path), thorough=options.thorough, memory=memory, spelled=known
    )


def _slide_look(path: Path) -> Look | None:
    """Look at the slide as a reader shows it, unless that would end our process."""
    from blankslide.verification.census.reference import slide_look
    from blankslide.verification.judges import openslide

    return slide_look(path) if openslide.can_read(path) else None


def _beside(path: Path, inspection: Inspection) -> tuple[list[str], list[str]]:
    """Return the names of the files in the slide's folder and in the one of its own, and of those that were opened."""
    path = Path(os.path.realpath(path))
    own = [path.name, *(file.name.rpartition("/")[2] for file in inspection.files)]
    present: list[str] = []
    for folder in (path.parent, path.with_suffix("")):
        with suppress(OSError), os.scandir(folder) as entries:
            present += [entry.name for entry in entries if entry.is_file()]
    return present, own


def _needs_claims(source: ByteSource) -> bool:
    """Whether no library knows the layout of a file, so that it is told what to prove."""
    head = source.read(0, min(132, source.size))
    return head[:2] not in (b"II", b"MM") and head[128:132] != b"DICM"


def _rules(inspection: Inspection, planned: Plan, options: Options) -> Rules:
    from blankslide.formats import vocabulary_of
    from blankslide.policy.pseudonyms import is_dummy, is_ours, is_token
    from blankslide.verification.census.grammar import Kept, Rules, vocabulary

    stays = {d.id for d in planned.decisions if d.action is Action.KEEP}
    places = [(p.file, p.start, p.end) for p in inspection.kept]
    places += [(p.file, p.start, p.end) for f in inspection.findings if f.id in stays for p in f.places]
    key = options.planning_key
    return Rules(
        vocabulary(vocabulary_of(inspection.format)),
        Kept(places),
        lambda value: is_dummy(value) or is_token(value) or is_ours(value, key),
        options.resolved().unknown_numbers,
        frozenset(file.name.rpartition("/")[2] for file in inspection.files),
        sizes=tuple(file.size for file in inspection.files),
    )


def _texts_left(account: Account, rules: Rules, told: Told) -> list[Text]:
    from blankslide.verification.census.grammar import explained

    known = rules.knowing(account.texts)
    left = (
        text
        for text in account.texts
        if not explained(text, known)
        and not told.covers(text.file, text.start, text.end)
        and not told.is_mark(text.value)
        and not any(explained(rest, known) for rest in _behind_pixels(text, told))
    )
    return list(islice(left, _ENOUGH))  # with so many nothing depends on the rest


def _behind_pixels(text: Text, told: Told) -> Iterator[Text]:
    """Yield what stands behind the pixels of a picture of ours, where both were read as one text."""
    for start, end in told.spans.get(text.file, ()) if len(text.value) == text.end - text.start else ():
        if start <= text.start < end < text.end:
            yield text._replace(value=text.value[end - text.start :], start=end)


def _sentence(text: Text) -> str:
    """Name the place of a text, never the text; of a place only what can hold no name itself."""
    first = text.path.partition("/")[0]
    place = f"tag {first}" if first.isdecimal() else "a text"
    return f"{_MARK}{text.where}, {place}: {len(text.value)} characters that nothing explains"


def _unexplained(account: Account, inspection: Inspection, planned: Plan) -> list[Picture]:
    """Return the pictures that are neither tissue nor blank."""
    gone = {d.id.removeprefix("picture.") for d in planned.decisions if d.action is not Action.KEEP}
    kept = {a.role for a in inspection.associated} - gone
    speaking = [p for p in account.pictures if p.proven != "blank"]
    alone = len(speaking) == 1
    return [
        p
        for p in speaking
        if p.proven == "other"
        or (p.proven == "unclear" and not (alone and _is_page(p)))
        or (p.proven == "map" and not kept & _MAPS)
    ]


def _is_page(picture: Picture) -> bool:
    """Whether a picture is a page or an instance: alone, that is the slide; a stream found by content never is."""
    return picture.start == picture.end


def _pictures_left(account: Account, inspection: Inspection, planned: Plan, told: Told) -> list[str]:
    return [
        f"{_MARK}{p.where}: a picture of {p.width} × {p.height} that is no tissue and not blank"
        for p in _unexplained(account, inspection, planned)
        if not told.covers(p.file, p.start, p.start) and p.digest not in told.digests
    ]


def _unproven(account: Account, inspection: Inspection, planned: Plan) -> tuple[str, ...]:
    """Return the roles of pictures that the plan keeps by name, and whose pixels do not prove it."""
    shapes = {(p.file, p.width, p.height) for p in _unexplained(account, inspection, planned)}
    known = {f.id for f in inspection.findings}
    roles = (a.role for a in inspection.associated if (a.file, a.width, a.height) in shapes)
    return tuple(dict.fromkeys(role for role in roles if f"picture.{role}" in known))


def _few(sentences: Sequence[str]) -> tuple[str, ...]:
    unique = list(dict.fromkeys(sentences))
    if len(unique) <= MOST:
        return tuple(unique)
    return (*unique[: MOST - 1], f"{_MARK}{len(unique) - MOST + 1} more places that nothing explains")
