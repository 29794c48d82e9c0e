"""Whether what stands on the disk is whole, and whether what was said about it is true.

Two questions, asked by comparing bytes, with no code of the product but the ledger's own check: is the slide all as it
was or all as it was to be, with a journal or without; and does each sentence, and the exit code, say what is so. A
sentence is taken apart into its claims, and a claim that nobody here knows says nothing.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blankslide.testing.own.disk.events import Tree
    from blankslide.testing.own.disk.stage import Ran

__all__ = ["COPY_LEFT", "LEFT", "Found", "Known", "Trial", "found_in"]

_OWN = ".blankslide-"
_KEY, _LEDGER = "home/.config/blankslide/site.key", "home/.local/state/blankslide/ledger.jsonl"
COPY_LEFT = "a folder with a dot that the copy was made in could not be removed"
LEFT = "what is left of the journal could not be removed"
_TROUBLE = (0, errno.EIO, errno.ESTALE)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Found(NamedTuple):
    """What stands on the disk.

    Attributes
    ----------
    slides, copies
        Bytes by path, of what is the user's.
    hot
        Whether a journal waits.
    own
        What else of ours stands beside the slides: files, and folders even if nothing is in them.
    key
        The site's key, or nothing.
    ledger
        Lines of the ledger.
    """

    slides: Mapping[str, bytes]
    copies: Mapping[str, bytes]
    hot: bool
    own: tuple[str, ...]
    key: bytes
    ledger: tuple[bytes, ...]

    @property
    def entries(self) -> list[str]:
        """Transactions of the ledger's whole lines."""
        found = []
        for line in self.ledger:
            try:
                found.append(str(json.loads(line)["entry"]["transaction"]))
            except (ValueError, KeyError, TypeError):
                continue
        return found


def found_in(tree: Tree) -> Found:
    """Look what stands on a disk."""
    contents = tree.contents()
    slides = {path: data for path, data in contents.items() if path.startswith("slides/")}
    copies = {path: data for path, data in contents.items() if path.startswith("out/")}
    places = (place for place in tree.places() if place.startswith(("slides/", "out/")))
    own = tuple(path for path in (*slides, *copies, *places) if _OWN in path)
    hot = any(os.path.basename(path).removeprefix(_OWN).isdigit() for path in own if path.startswith("slides/"))
    return Found(
        {path: data for path, data in slides.items() if path not in own},
        {path: data for path, data in copies.items() if path not in own},
        hot,
        own,
        contents.get(_KEY, b""),
        tuple(contents.get(_LEDGER, b"").split(b"\n")[:-1]),
    )


class Known(NamedTuple):
    """What an undisturbed run has shown.

    Attributes
    ----------
    before, after
        What stood on the disk before and after it.
    tissue
        Ranges of coded tissue, by inode.
    files
        Bytes of the slide's files before, by inode.
    word
        Its verdict, as it was printed: ``clean`` or ``NOT clean``.
    """

    before: Found
    after: Found
    tissue: Mapping[int, list[tuple[int, int]]]
    files: Mapping[int, bytes]
    word: str

    # -- the disk ------------------------------------------------------------------------

    def is_before(self, found: Found) -> bool:
        """Whether the slide is as it was."""
        return found.slides == self.before.slides

    def is_after(self, found: Found) -> bool:
        """Whether the slide is as it was to be."""
        return found.slides == self.after.slides

    def torn(self, tree: Tree) -> Iterator[str]:
        """Say whether tissue has changed."""
        for node, spans in self.tissue.items():
            now, was = tree.files.get(node), self.files[node]
            if now is not None and any(now[start:end] != was[start:end] for start, end in spans):
                yield "tissue has changed"

    def wrong(self, found: Found, said: str = "") -> Iterator[str]:
        """Say what must never be found on a disk, whatever happened, after ``said`` was printed."""
        if not found.hot and not self.is_before(found) and not self.is_after(found):
            yield "half edited, and no journal waits"
        if f"· {self.word} –" in said and not found.hot and not self.is_after(found):
            yield f"was called {self.word}, and is not"
        if (found.hot or not self.is_before(found)) and found.key != self.after.key:
            yield "the key of its new ids is lost"
        if not found.hot and not self.is_before(found) and len(found.entries) != len(self.after.entries):
            yield "finished, and the ledger does not know"

    def unfinished(self, was: Found, now: Found, ran: Ran) -> Iterator[str]:
        """Say what a recovery that met no trouble has left to be done."""
        if ran.escaped:
            yield f"a traceback: {ran.escaped}"
        if was.hot and not self.is_after(now):
            yield "an interrupted run was not finished"
        if not was.hot and was.slides != now.slides:
            yield "changed, though no journal waited"
        if now.hot:
            yield "the journal still waits"
        elif now.own:
            yield "something of ours was left beside the slide"
        if ran.code != self.code(now):
            yield f"ended with {ran.code}"
        if len(set(now.entries)) != len(now.entries):
            yield "the ledger knows it twice"

    def code(self, now: Found) -> int:
        """Return the exit code that a recovery has to end with."""
        return int(self.word != "clean" and self.is_after(now))

    def wrong_copy(self, found: Found, is_harsh: bool, said: str = "") -> Iterator[str]:
        """Say what must never be found in the folder of copies."""
        if found.slides != self.before.slides:
            yield "the slide itself has changed"
        mains = [path for path in self.after.copies if path.count("/") == 1]
        shown = any(path in found.copies for path in mains) or len(found.copies) == len(self.after.copies)
        if shown and found.copies != self.after.copies:
            yield "a copy is shown that is not whole"
        if f"· {self.word} –" in said and not shown:
            yield "was said to be there, and is not"
        if shown and found.key != self.after.key:
            yield "the key of its new ids is lost"


class Trial(NamedTuple):
    """A run with trouble: what stood there before and after, what it said, and which error the system gave.

    Attributes
    ----------
    code
        Number of the error, or 0.
    """

    known: Known
    was: Found
    now: Found
    ran: Ran
    code: int = 0

    def untrue(self) -> Iterator[str]:
        """Yield what was said and is not so."""
        for claim, holds in self._claims().items():
            if claim in self.ran.text and not holds:
                yield f"it says {claim!r}, which is not so: {self.ran.text.strip()!r}"
        yield from self._causes()
        yield from self._of_the_code()

    def _claims(self) -> dict[str, bool]:
        known, was, now = self.known, self.was, self.now
        same = was.slides == now.slides and was.copies == now.copies
        done = known.is_after(now) and now.copies == known.after.copies and not now.hot
        return {
            "nothing was changed": same and was.hot == now.hot,
            "nothing to do": same and not now.hot,
            "interrupted, nothing is lost": now.hot,
            "interrupted – run recover": now.hot,
            "an interrupted run waits": now.hot,
            "· clean –": done,
            "tissue unchanged": not now.hot,
            "finished but for its journal": known.is_after(now) and now.hot,
            LEFT: bool(now.own) and not now.hot and known.is_after(now),
            "nothing else was changed": known.is_after(now) and not now.hot,
            "renamed to": known.is_after(now),
            "· copy: ": now.copies == known.after.copies,
            "its copy is there": now.copies == known.after.copies,
            "an unfinished copy is left": bool(now.own) and now.copies != known.after.copies,
            COPY_LEFT: bool(now.own) and now.copies == known.after.copies,
            "no copy was kept": not now.copies,
        }

    def _causes(self) -> Iterator[str]:
        """Hold the cause that is told against the one that was."""
        if "disk is full" in self.ran.text and self.code not in _FULL:
            yield f"it says that the disk is full: {self.ran.text.strip()!r}"
        told = {number for number in errno.errorcode if f": {os.strerror(number)} " in self.ran.text}
        if self.code and told and self.code not in told:
            yield f"it names another error of the system: {self.ran.text.strip()!r}"

    def _of_the_code(self) -> Iterator[str]:
        code, text = self.ran.code, self.ran.text.strip()
        blamed = () if self.code in _TROUBLE else (3,)  # what may not be opened can be the slide's own fault
        if self.ran.escaped or code not in (0, 1, 4, 5, *blamed):
            yield f"ended with {code} {self.ran.escaped}: {text!r}"
        if code == 5 and not self.now.hot:
            yield f"ended with 5, and nothing waits: {text!r}"
        if code in (3, 4) and (self.was.slides != self.now.slides or self.now.hot):
            yield f"ended with {code}, and is not untouched: {text!r}"
        if code == 0 and self.now.hot:
            yield f"ended with 0, and a journal waits: {text!r}"
        if code and not text:
            yield f"ended with {code} and says nothing"
