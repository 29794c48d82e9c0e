"""Findings and policy become patches, and the patches are proven harmless to tissue.

Edits of several findings meet in shared places: fields of one description are cut together
and the rest moves up once; neighbouring pages are unlinked together, so the surviving
predecessor points at the next survivor; bytes are zeroed only when everything that refers
to them goes. The planner composes them, drops every byte that already stands as planned
(so a second run plans nothing), and refuses its own plan if a patch meets tissue, leaves
the file, or overlaps another.

It is the only place that makes a `Patch`. Cost: linear in findings and metadata.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import ContradictorySlide, InternalError, NotEditable
from blankslide.model import (
    NO_LABEL_PLACE,
    NO_LABEL_ROOM,
    Action,
    Blank,
    Chain,
    Cut,
    Decision,
    Drop,
    Edit,
    Fill,
    Finding,
    Inspection,
    Part,
    Patch,
    PhiClass,
    Plan,
    Rank,
    Rewrite,
    Room,
    TextBlock,
    Write,
)
from blankslide.policy.pseudonyms import replace as pseudonym
from blankslide.spans import ByteClass, merge, subtract

if TYPE_CHECKING:
    from blankslide.blanks.mask_plan import Masks
    from blankslide.policy.labels import NewLabel
    from blankslide.policy.masks import NewMask
    from blankslide.policy.profiles import Profile
    from blankslide.source import ByteSource

_CHUNK = 1 << 20
_POSITION = itemgetter(0, 1)  # file and offset
_ORDER = itemgetter(5, 0, 1)  # rank, file and offset


class _Edits(NamedTuple):
    drops: set[str]
    cuts: dict[TextBlock, list[Cut]]
    fills: list[Fill]
    writes: list[Write]
    blanks: list[Blank]
    parts: dict[Rewrite, list[tuple[str, Action]]]


def make_plan(
    inspection: Inspection,
    profile: Profile,
    sources: Sequence[ByteSource],
    key: bytes | None = None,
    *,
    grows: bool = False,
    label: NewLabel | None = None,
    mask: NewMask | None = None,
) -> Plan:
    """Plan what ``profile`` demands for ``inspection``.

    Parameters
    ----------
    sources
        One open file for each of ``inspection.files``, in that order.
    key
        The site's key for consistent replacements; without it links become zeros.
    grows
        For a copy: structures that can be composed at another length may be.
    label
        A label to be drawn in the old one's place, or None.
    mask
        Which part of the macro is to be made blank, so that the rest can stay; or None.

    Raises
    ------
    NotEditable
        If a page would have to go that the slide cannot lose, or a macro cannot be masked.
    ContradictorySlide
        If two tags share a value, and only one of them is to lose it.
    UsageError
        If a label would show a name that may identify.
    InternalError
        If the composed patches break a promise; nothing has been written then.
    """
    decisions: list[Decision] = []
    edits = _Edits(set(), {}, [], [], [], {})
    left: list[str] = list(inspection.left)
    going: list[Finding] = []
    own = () if label is not None else filter(profile.asks_to_remove, inspection.labelled)
    for finding in (*inspection.findings, *own):
        decision = profile.decide(finding)
        decisions.append(decision)
        if decision.action is Action.KEEP:
            if decision.identifying:
                left.append(_kept(finding))
        elif not finding.edits and finding.places:
            left.append(f"{finding.id}: cannot be removed without understanding it")
        else:
            going.append(finding)
            _collect(finding, decision.action, edits, sources, key)
    masks = _masked(mask, profile, inspection, going, edits, sources)
    free = [finding for finding in going if masks is None or finding.id not in masks.ids]
    new = _Labelled() if label is None else _labelled(label, inspection, free, edits, sources)
    drawn = _drawn(inspection, edits, sources)
    _draw_over(edits, [*drawn, *(() if masks is None else masks.writes), *new.writes])
    for rewrite, parts in edits.parts.items():
        edits.writes.extend(_rewritten(rewrite, parts, key, grows))
    if any(bytemap.readings for bytemap in inspection.maps):
        _agree(inspection, edits, going)
    patches = _compose(inspection, edits, sources)
    _prove(inspection, patches, grows)
    rooms = () if new.room is None else (new.room,)
    plan = Plan(profile.name, _replacing(decisions, going, new.room), tuple(patches), tuple(left), rooms, new.notes)
    return plan if masks is None else masks.told(plan)


def _rewritten(
    rewrite: Rewrite, parts: Sequence[tuple[str, Action]], key: bytes | None, grows: bool
) -> Sequence[Write]:
    """Let a structure be composed, at any length if that is allowed and it knows how."""
    grown: Callable[[Sequence[tuple[str, Action]], bytes | None], Sequence[Write]] | None
    grown = getattr(rewrite, "grown", None) if grows else None
    return (grown or rewrite.writes)(parts, key)


def _kept(finding: Finding) -> str:
    if finding.id == "picture.macro":
        return "kept: macro shows the label"
    return f"kept: {finding.id}"


def _collect(finding: Finding, action: Action, edits: _Edits, sources: Sequence[ByteSource], key: bytes | None) -> None:
    parts = [edit for edit in finding.edits if isinstance(edit, Part)]
    for part in parts:
        edits.parts.setdefault(part.rewrite, []).append((part.what, action))
    if parts and len(parts) == len(finding.edits):
        return
    if action in (Action.DUMMY, Action.UID) and finding.cls is PhiClass.LINK:
        # pages may share one string
        known: dict[str, str] = {}
        for file, start, end in dict.fromkeys([(p.file, p.start, p.end) for p in finding.places]):
            old = sources[file].read(start, end - start).decode(finding.encoding)
            new = known.get(old)
            if new is None:
                new = known[old] = pseudonym(old, key) if key else _zeros(old)
            edits.writes.append(Write(file, start, new.encode(finding.encoding)))
        return
    for edit in finding.edits:
        if isinstance(edit, Cut):
            edits.cuts.setdefault(edit.block, []).append(edit)
        elif isinstance(edit, Fill):
            edits.fills.append(edit)
        elif isinstance(edit, Drop):
            edits.drops.add(edit.owner)
        elif isinstance(edit, Blank):
            edits.blanks.append(edit)
        elif isinstance(edit, Write):
            edits.writes.append(edit)


def _agree(inspection: Inspection, edits: _Edits, going: Sequence[Finding]) -> None:
    """Let go once what several tags read from the same bytes, if all of them give up the whole value.

    Raises
    ------
    ContradictorySlide
        If one reading would be changed and another stays.
    """
    for file, bytemap in enumerate(inspection.maps):
        if not bytemap.readings:
            continue
        released = {(start, end) for start, end, _ in bytemap.owned_only_by(edits.drops)}
        spans = sorted(bytemap.readings.keys() - released)
        given: dict[tuple[int, int], set[str]] = {span: set() for span in spans}
        for finding in going:
            for edit in finding.edits:
                if isinstance(edit, Fill) and edit.file == file and (edit.start, edit.end) in given:
                    given[edit.start, edit.end].add(finding.id)
        for start, end in _touched(edits, file):
            for span in spans[max(bisect_left(spans, (start,)) - 1, 0) : bisect_left(spans, (end,))]:
                if span[1] > start and len(given[span]) != bytemap.readings[span]:
                    raise _shared(span[0], "only one of them may lose it")


def _shared(at: int, why: str) -> ContradictorySlide:
    hint = "write it anew with a program that gives each tag a value of its own, such as tifffile"
    return ContradictorySlide(f"two tags share their value at {at}, and {why}", hint)


def _touched(edits: _Edits, file: int) -> Iterator[tuple[int, int]]:
    """Yield what edits of values change in one file."""
    yield from ((f.start, f.end) for f in edits.fills if f.file == file)
    yield from ((w.start, w.start + len(w.data)) for w in edits.writes if w.file == file)
    for block, cuts in edits.cuts.items():
        if block.file == file:
            yield from ((c.start, c.end) for c in cuts)


def _drawn(inspection: Inspection, edits: _Edits, sources: Sequence[ByteSource]) -> list[Write]:
    """Draw the blank pictures; rooms that pages share are drawn once, if all their pages are blanked."""
    if not edits.blanks:
        return []
    from blankslide.blanks.draw import draw

    owners = {b.owner for b in edits.blanks} | edits.drops
    free = [merge((s, e) for s, e, _ in bytemap.owned_only_by(owners)) for bytemap in inspection.maps]
    drawn: dict[tuple[int, int], Write] = {}
    for blank in edits.blanks:
        rooms = sorted({(s.start, s.end) for s in blank.slots if s.end > s.start})
        if subtract(rooms, free[blank.file]):
            raise NotEditable("a picture shares its bytes with something that stays, so it cannot be blanked")
        for write in draw(blank, sources[blank.file]):
            if drawn.setdefault((write.file, write.start), write) != write:
                raise NotEditable("two pictures share their bytes but not their layout, so they cannot be blanked")
    return list(drawn.values())


def _masked(
    mask: NewMask | None,
    profile: Profile,
    inspection: Inspection,
    going: Sequence[Finding],
    edits: _Edits,
    sources: Sequence[ByteSource],
) -> Masks | None:
    """Blank a part of the macro, or all but a part of the label; the pictures then stay linked."""
    if mask is None and profile.label_part is None:
        return None
    from blankslide.blanks.kept_part import asked_for

    masks = asked_for(mask, profile.label_part, inspection, going, sources)
    _forget(edits, () if masks is None else masks.instead)
    return masks


class _Labelled(NamedTuple):
    """What becomes of a new label: its picture, what is written there, and what a person should know."""

    room: Room | None = None
    writes: Sequence[Write] = ()
    notes: tuple[str, ...] = ()


def _labelled(
    label: NewLabel, inspection: Inspection, going: Sequence[Finding], edits: _Edits, sources: Sequence[ByteSource]
) -> _Labelled:
    """Draw the new label in the place of the old one; where there is no label picture, into that of the macro.

    The picture then stays linked. If nothing can be drawn in it, it goes as it would without a label.
    """
    from blankslide.blanks.alone import is_alone
    from blankslide.blanks.label import draw

    own = {drawn.room: drawn.text for drawn in inspection.drawn if drawn.mask is None}
    rooms = [*own, *(room for finding in going for room in finding.rooms)]
    if not rooms:
        return _Labelled(notes=(NO_LABEL_PLACE,))
    # the one that an earlier run has drawn comes first, then label pictures
    rooms.sort(key=lambda r: (own.get(r) is None, r.role != "label"))
    text = own.get(rooms[0])
    if text is not None and label.stands(text):
        return _Labelled()
    label.require_named()
    for room in rooms if text is None else rooms[:1]:
        writes = draw(room, label.text, sources[room.blank.file])
        if writes is not None and is_alone(room, writes, inspection):
            _forget(edits, room.instead)
            return _Labelled(room, writes)
    return _Labelled(notes=(NO_LABEL_ROOM,))


def _forget(edits: _Edits, instead: Iterable[Edit]) -> None:
    """Leave out edits that a new label takes the place of."""
    gone = list(instead)
    edits.drops.difference_update(edit.owner for edit in gone if isinstance(edit, Drop))
    edits.blanks[:] = [edit for edit in edits.blanks if edit not in gone]
    edits.fills[:] = [edit for edit in edits.fills if edit not in gone]
    edits.writes[:] = [edit for edit in edits.writes if edit not in gone]
    for part in (edit for edit in gone if isinstance(edit, Part)):
        own = edits.parts.get(part.rewrite, [])
        own[:] = [(what, action) for what, action in own if what != part.what]


def _replacing(decisions: Sequence[Decision], going: Sequence[Finding], room: Room | None) -> tuple[Decision, ...]:
    """Say of a picture in whose place a new label comes that it is replaced."""
    replaced = {finding.id for finding in going if room is not None and room in finding.rooms}
    return tuple(d._replace(action=Action.DUMMY) if d.id in replaced else d for d in decisions)


def _draw_over(edits: _Edits, drawn: list[Write]) -> None:
    """Add the drawn pictures to what is written, and leave out edits of what they cover."""
    if not drawn:
        return
    covered: dict[int, list[tuple[int, int]]] = {}
    for write in drawn:
        covered.setdefault(write.file, []).append((write.start, write.start + len(write.data)))
    merged = {file: merge(spans) for file, spans in covered.items()}
    fills, edits.fills[:] = list(edits.fills), []
    for fill in fills:
        for start, end in subtract([(fill.start, fill.end)], merged.get(fill.file, ())):
            edits.fills.append(fill._replace(start=start, end=end))
    edits.writes[:] = [w for w in edits.writes if _is_outside(w, merged.get(w.file, ()))]
    edits.writes.extend(drawn)


def _is_outside(write: Write, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a write is not wholly covered by the spans."""
    return bool(subtract([(write.start, write.start + len(write.data))], spans))


def _zeros(old: str) -> str:
    """Without a key a link becomes zeros of the same shape."""
    return "".join("0" if c.isalnum() else c for c in old)


def _compose(inspection: Inspection, edits: _Edits, sources: Sequence[ByteSource]) -> list[Patch]:
    gone: list[Patch] = []
    patches: list[Patch] = []
    released: dict[int, list[tuple[int, int]]] = {}
    if edits.drops:
        for chain in inspection.chains:
            patches.extend(_unlink(chain, edits.drops))
        for i, bytemap in enumerate(inspection.maps):
            # what nobody owns may be written over only where the format knows an owner for everything else
            gaps = set(bytemap.gaps()) if inspection.complete else set()
            spans = _joined(bytemap.owned_only_by(edits.drops), gaps)
            released[i] = [(s, e) for s, e, _ in spans]
            for start, end, cls in spans:
                rank = Rank.RELEASED if cls == ByteClass.STRUCTURE else Rank.PAYLOAD
                gone.append(Patch(i, start, end - start, None, 0, rank))
    texts, writes = _texts(edits, sources)
    for write in texts + writes:
        patches.extend(_outside(write, released))
    for fill in _once(edits.fills):
        for start, end in subtract([(fill.start, fill.end)], released.get(fill.file, ())):
            patches.append(Patch(fill.file, start, end - start, None, fill.byte, Rank.PAYLOAD))
    # a page that is dropped is still linked, so its bytes need not be asked whether they are blank
    patches = gone + [p for p in patches if not _stands(p, sources[p.file])]
    patches.sort(key=_ORDER)
    return patches


def _once(fills: Iterable[Fill]) -> list[Fill]:
    """Join fills that overlap: what goes for two findings goes once."""
    out: list[Fill] = []
    for fill in sorted(fills):
        last = out[-1] if out else None
        if last and last.file == fill.file and fill.start < last.end and last.byte == fill.byte:
            out[-1] = last._replace(end=max(last.end, fill.end))
        else:
            out.append(fill)
    return out


def _joined(spans: Iterable[tuple[int, int, int]], gaps: Collection[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Join ranges that touch, or are parted by alignment only, if written at the same rank."""
    out: list[tuple[int, int, int]] = []
    for start, end, cls in spans:
        last = out[-1] if out else None
        near = last is not None and (last[1] == start or (start - last[1] < 16 and (last[1], start) in gaps))
        if last and near and (last[2] == 0) == (cls == 0):
            out[-1] = (last[0], end, cls)
        else:
            out.append((start, end, cls))
    return out


def _unlink(chain: Chain, drops: set[str]) -> list[Patch]:
    """Lead each surviving pointer to the next survivor; the last one to the tail."""
    patches = []
    pos = chain.links[0].pos
    if chain.links[0].owner in drops:
        raise NotEditable("the first page cannot be removed")
    for i, link in enumerate(chain.links):
        if link.owner in drops:
            continue
        if i and chain.links[i - 1].owner in drops:
            patches.append(_pointer(chain, pos, link.target))
        if i + 1 < len(chain.links):
            pos = chain.links[i + 1].pos
    if chain.links[-1].owner in drops:
        patches.append(_pointer(chain, pos, chain.tail))
    return patches


def _pointer(chain: Chain, pos: int, target: int) -> Patch:
    return Patch(chain.file, pos, chain.width, target.to_bytes(chain.width, chain.byteorder), 0, Rank.POINTER)


def _texts(edits: _Edits, sources: Sequence[ByteSource]) -> tuple[list[Write], list[Write]]:
    """Compose cuts and writes of each text block into one write; return also the writes outside blocks."""
    texts = []
    outside = list(edits.writes)
    for block, cuts in edits.cuts.items():
        inside = [w for w in outside if w.file == block.file and block.start <= w.start < block.end]
        if any(w.replaces is not None for w in inside):
            raise InternalError("a write of another length meets a text")
        outside = [w for w in outside if w not in inside]
        texts.append(_rewrite(block, cuts, inside, sources[block.file]))
    return texts, outside


def _rewrite(block: TextBlock, cuts: list[Cut], writes: list[Write], source: ByteSource) -> Write:
    base = block.start
    old = bytearray(source.read(base, block.end - base))
    for write in writes:
        old[write.start - base : write.start - base + len(write.data)] = write.data
    cuts.sort()
    first = min([cuts[0].start] + [w.start for w in writes])
    parts = []
    pos, room = first - base, 0
    for cut in cuts:
        start, end = cut.start - base, cut.end - base
        if start < pos:  # the same piece may be cut for two findings
            start = pos
        if end <= start:
            continue
        parts.append(bytes(old[pos:start]))
        if not block.compact:
            parts.append(block.pad * (end - start))
        room += end - start
        pos = end
    parts.append(bytes(old[pos:]))
    if block.compact:
        parts.append(block.pad * room)
    return Write(block.file, first, b"".join(parts))


def _outside(write: Write, released: dict[int, list[tuple[int, int]]]) -> list[Patch]:
    """Turn a write into patches, leaving out what is zeroed anyway."""
    length = len(write.data) if write.replaces is None else write.replaces
    end = write.start + length
    spans = released.get(write.file)
    if not spans or (write.replaces is not None and subtract([(write.start, end)], spans) == [(write.start, end)]):
        return [Patch(write.file, write.start, length, write.data, 0, write.rank)]
    if write.replaces is not None:
        raise InternalError("a write of another length meets a page that goes")
    return [
        Patch(write.file, s, e - s, write.data[s - write.start : e - write.start], 0, write.rank)
        for s, e in subtract([(write.start, end)], spans)
    ]


def _stands(patch: Patch, source: ByteSource) -> bool:
    """Whether the planned bytes are in the file already; stops at the first difference."""
    if patch.data is not None:
        return source.read(patch.offset, patch.length) == patch.data
    pos, end, step = patch.offset, patch.offset + patch.length, 4096
    while pos < end:
        chunk = source.read(pos, min(step, end - pos))
        if chunk != bytes((patch.byte,)) * len(chunk):  # comparing stops at a difference, counting does not
            return False
        pos += len(chunk)
        step = _CHUNK
    return True


def _prove(inspection: Inspection, patches: list[Patch], grows: bool) -> None:
    """Hold the plan against the byte map; lengths may change in a copy only.

    Raises
    ------
    InternalError
        If a patch meets tissue, leaves its file or overlaps another patch.
    ContradictorySlide
        If patches overlap only because tags share a value.
    """
    before, reached = -1, 0
    for file, start, length, data, _, _ in sorted(patches, key=_POSITION):
        bytemap, end = inspection.maps[file], start + length
        if length <= 0 or start < 0 or end > bytemap.size:
            raise InternalError("a planned patch leaves the file")
        if file == before and start < reached:
            if any(low < reached and start < high for low, high in bytemap.readings):
                raise _shared(start, "it would become two different ones")
            raise InternalError("two planned patches overlap")
        if bytemap.meets_tissue(start, end):
            raise InternalError("a planned patch meets tissue")
        if data is not None and len(data) != length and not grows:
            raise InternalError("a planned patch changes a length")
        before, reached = file, end
