"""A disk that forgets, made of what real runs did: every state in which a power failure may leave it.

What was written is sure to be there only when the file was synced after it, and a name only when its folder was. All
else may have arrived or not: single writes in any order, single sectors of 512 bytes, the beginning of a write,
or a file's new length without its bytes. Names are changed in single steps, but of several steps that were not synced
any selection may be there. Syncing a file says nothing about its name, and a new folder is lost with the folder
above it.

Two more kinds of damage are stronger than what a sound disk does: a sector that was being written holds
garbage, or the whole block of 4 KiB around it does. The journal's whole blocks are made to stand even these; so only
what stands beside the slides suffers them, not the ledger, which a file system appends to.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from blankslide.testing.own.disk.events import (
    Event,
    Made,
    Moved,
    Said,
    Sized,
    Synced,
    SyncedFolder,
    Tree,
    Wrote,
)

__all__ = ["HARSH", "KINDS", "Disk", "State", "states"]

SECTOR, BLOCK = 512, 4096
KINDS = ("lost", "kept", "some writes", "torn", "cut short", "length only", "garbage", "ruined blocks")
"""What may become of the writes to one file that were not synced."""
HARSH = frozenset({"garbage", "ruined blocks"})
"""Kinds that may hurt bytes beside those that were written."""
_SPARED = "home"
_NAMES = ("lost", "kept", "begun", "some")


class State(NamedTuple):
    """What may be found after a power failure.

    Attributes
    ----------
    tree
        All that names lead to.
    at
        After how many events the power failed.
    kinds
        What became of unsynced writes, and of unsynced names.
    said
        What had been printed by then.
    """

    tree: Tree
    at: int
    kinds: tuple[str, str]
    said: str

    @property
    def is_harsh(self) -> bool:
        """Whether the disk did worse than to lose what was not synced."""
        return self.kinds[0] in HARSH

    def digest(self, known: dict[int, tuple[bytes, bytes]]) -> bytes:
        """Return what tells the state from all others: names and bytes.

        Parameters
        ----------
        known
            Digests of bytes that many states share; they are kept here.
        """
        found = blake2b(digest_size=16)
        for path, data in self.tree.contents().items():
            if id(data) not in known:
                known[id(data)] = data, blake2b(data, digest_size=16).digest()
            found.update(f"{len(path)} {path} {len(data)} ".encode("utf-8", "surrogateescape"))
            found.update(known[id(data)][1])
        found.update(repr(sorted(self.tree.places())).encode())
        return found.digest()


def _below(tree: Tree, node: int | None) -> Iterator[int]:
    """Yield a folder or file with all that is in it."""
    if node is not None:
        yield node
        for member in tree.folders.get(node, {}).values():
            yield from _below(tree, member)


class Disk:
    """What is durable and what is not, after the events so far.

    Parameters
    ----------
    before
        What was there at first; all of it is durable.
    """

    def __init__(self, before: Tree) -> None:
        self.root = before.root
        self._spared = set(_below(before, before.folders[before.root].get(_SPARED)))
        self.files = dict(before.files)
        self.folders = {node: dict(names) for node, names in before.folders.items()}
        self.pending: dict[int, list[Wrote | Sized]] = {}
        self.moves: list[Moved] = []
        self.said = ""

    def do(self, event: Event) -> None:
        """Let something happen."""
        if isinstance(event, Wrote | Sized):
            self.pending.setdefault(event.node, []).append(event)
        elif isinstance(event, Synced):
            self.files[event.node] = _after(self.files[event.node], self.pending.pop(event.node, []))
        elif isinstance(event, Moved):
            self.moves.append(event)
            self._spared |= {node for folder, _, node in event.come if folder in self._spared}
        elif isinstance(event, SyncedFolder):
            sure = _with_causes(self.moves, [event.node in _folders_of(move) for move in self.moves])
            _apply(self.folders, [move for move, is_sure in zip(self.moves, sure, strict=True) if is_sure])
            self.moves = [move for move, is_sure in zip(self.moves, sure, strict=True) if not is_sure]
        elif isinstance(event, Made):
            (self.folders if event.is_folder else self.files)[event.node] = {} if event.is_folder else b""  # type: ignore[assignment]
        elif isinstance(event, Said):
            self.said += event.text

    @property
    def waits(self) -> int:
        """How much is not durable: writes by sectors, and names."""
        sectors = sum(1 + len(e.data) // SECTOR for own in self.pending.values() for e in own if isinstance(e, Wrote))
        return sectors + len(self.moves)

    def failing(self, data: str, names: str, draw: random.Random) -> Tree:
        """Return what may be there if the power fails now.

        Parameters
        ----------
        data, names
            What becomes of writes and of names.
        """
        files = dict(self.files)
        for node, own in self.pending.items():
            spared = data in HARSH and node in self._spared
            files[node] = _left(files[node], own, "torn" if spared else data, draw)
        folders = {node: dict(own) for node, own in self.folders.items()}
        _apply(folders, _arriving(self.moves, names, draw))
        return _reachable(Tree(self.root, files, folders))


def _folders_of(move: Moved) -> set[int]:
    return {folder for folder, _ in move.gone} | {folder for folder, _, _ in move.come}


def _with_causes(moves: Sequence[Moved], chosen: Sequence[bool]) -> list[bool]:
    """Choose also what must have come before: no disk knows the later of two changes of a name without the earlier."""
    needed, out = set[tuple[int, str]](), []
    for move, is_chosen in zip(reversed(moves), reversed(chosen), strict=True):
        names = {*move.gone, *((folder, name) for folder, name, _ in move.come)}
        out.append(is_chosen or bool(names & needed))
        needed |= names if out[-1] else set()
    return out[::-1]


def _apply(folders: dict[int, dict[str, int]], moves: Sequence[Moved]) -> None:
    for move in moves:
        for folder, name in move.gone:
            folders[folder].pop(name, None)
        for folder, name, node in move.come:
            folders[folder][name] = node


def _arriving(moves: list[Moved], names: str, draw: random.Random) -> list[Moved]:
    if names == "kept":
        return moves
    if names == "begun":
        return moves[: draw.randint(0, len(moves))]
    some = _with_causes(moves, [names == "some" and draw.random() < 0.5 for _ in moves])
    return [move for move, is_there in zip(moves, some, strict=True) if is_there]


def _reachable(tree: Tree) -> Tree:
    """Leave out what no name leads to."""
    folders, waiting = {}, [tree.root]
    while waiting:
        folder = waiting.pop()
        folders[folder] = tree.folders[folder]
        waiting += [node for node in tree.folders[folder].values() if node in tree.folders and node not in folders]
    named = {node for own in folders.values() for node in own.values()}
    return Tree(tree.root, {node: data for node, data in tree.files.items() if node in named}, folders)


# -- bytes -------------------------------------------------------------------------------


def _after(data: bytes, events: Sequence[Wrote | Sized]) -> bytes:
    image = bytearray(data)
    for event in events:
        if isinstance(event, Wrote):
            _lay(image, event.offset, event.data)
        elif event.length > len(image):
            image.extend(bytes(event.length - len(image)))
        elif event.shrinks:
            del image[event.length :]
    return bytes(image)


def _lay(image: bytearray, offset: int, data: bytes) -> None:
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(data)] = data


def _left(data: bytes, events: list[Wrote | Sized], kind: str, draw: random.Random) -> bytes:
    """Return what may be left of a file with writes that were not synced."""
    if kind == "lost":
        return data
    if kind == "kept":
        return _after(data, events)
    if kind == "some writes":
        some = [event for event in events if draw.random() < 0.5]
        draw.shuffle(some)
        return _after(data, some)
    if kind == "length only":
        return data + bytes(max(0, len(_after(data, events)) - len(data)))
    if kind == "cut short":
        last = draw.randrange(len(events))
        return _after(_after(data, events[:last]), [*_begun(events[last], draw)])
    return _torn(data, events, kind, draw)


def _begun(event: Wrote | Sized, draw: random.Random) -> Iterator[Wrote | Sized]:
    """The first sectors of a write."""
    if isinstance(event, Wrote):
        pieces = list(_sectors(event))
        yield from pieces[: draw.randint(0, len(pieces))]


def _sectors(event: Wrote) -> Iterator[Wrote]:
    at, end = event.offset, event.offset + len(event.data)
    while at < end:
        stop = min((at // SECTOR + 1) * SECTOR, end)
        yield Wrote(event.node, at, event.data[at - event.offset : stop - event.offset])
        at = stop


def _torn(data: bytes, events: list[Wrote | Sized], kind: str, draw: random.Random) -> bytes:
    """Each sector arrives or does not, or hurts the place where it was to go."""
    final = len(_after(data, events))
    image = bytearray(data)
    for event in events:
        if isinstance(event, Sized):
            image = bytearray(_after(bytes(image), [event])) if draw.random() < 0.5 else image
            continue
        for piece in _sectors(event):
            fate = draw.randint(0, 2)
            if fate == 0:
                _lay(image, piece.offset, piece.data)
            elif fate == 1 and kind == "garbage":
                _lay(image, piece.offset, draw.randbytes(len(piece.data)))
            elif fate == 1 and kind == "ruined blocks":
                low = piece.offset // BLOCK * BLOCK
                _lay(image, low, draw.randbytes(max(0, min(BLOCK, final - low))))
    return bytes(image)


# -- all states --------------------------------------------------------------------------


def states(before: Tree, events: Sequence[Event], seed: int, most: int) -> Iterator[State]:
    """Yield states that a power failure may leave, each once, spread over all points in time.

    Parameters
    ----------
    before
        What was there at first.
    events
        What happened.
    most
        About how many, for each point in time at which much is not durable; never fewer than two.
    """
    disk, seen = Disk(before), set[bytes]()
    shared = {id(data): (data, blake2b(data, digest_size=16).digest()) for data in before.files.values()}
    for at in range(len(events) + 1):
        if at:
            disk.do(events[at - 1])
        for data in disk.files.values():
            if id(data) not in shared:
                shared[id(data)] = data, blake2b(data, digest_size=16).digest()
        draw = random.Random(f"{seed} {at}")
        for kinds in _kinds(disk, most, draw):
            state = State(disk.failing(*kinds, draw), at, kinds, disk.said)
            own = state.digest(dict(shared)) + (b"said" if state.said else b"")
            if own not in seen:
                seen.add(own)
                yield state


def _kinds(disk: Disk, most: int, draw: random.Random) -> Iterator[tuple[str, str]]:
    """Yield nothing lost and all lost, then more the more there is to be lost."""
    yield "lost", "lost"
    yield "kept", "kept"
    yield from (("kept", "lost"), ("lost", "kept")) if disk.pending and disk.moves else ()
    for _ in range(min(most, 3 * disk.waits) if disk.waits > 1 else 0):
        yield draw.choice(KINDS) if disk.pending else "lost", draw.choice(_NAMES) if disk.moves else "lost"
