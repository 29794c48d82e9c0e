"""Taking stock of all files of one slide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from blankslide.quiet import quiet
from blankslide.verification.census import ifds
from blankslide.verification.census.account import Account
from blankslide.verification.census.memory import Memory
from blankslide.verification.census.reference import settle_streams

if TYPE_CHECKING:
    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span
    from blankslide.verification.census.dicom import Instance
    from blankslide.verification.census.pixels import Look

_SQLITE, _CZI = b"SQLite format 3\0", b"ZISRAWFILE"


@quiet()
def take_stock(
    files: Sequence[tuple[str, ByteSource]],
    claims: Mapping[int, Sequence[Span]] | None = None,
    *,
    slide: Callable[[], Look | None] = lambda: None,
    thorough: bool = False,
    memory: Memory | None = None,
    spelled: Callable[[str, str], bool] = lambda path, shape: False,
) -> Account:
    """Find what is really in the files of a slide.

    Parameters
    ----------
    files
        Name and bytes of each file, the main one first. Of the name only the suffix is used.
    claims
        For each file the pieces that the plan calls tissue: where no library knows a file's layout, they are
        what has to be proven. Not asked where the layout is known.
    slide
        Looks at the slide as an independent reader shows it; called if a picture must be held against it.
    thorough
        Walk every tile.
    memory
        What was found out before in this run, and from which bytes.
    spelled
        Whether the format's vocabulary has a place for values of a shape: of hundreds of thousands of such values,
        which differ in digits only, one is told. The same in all of a run.

    Returns
    -------
    Account
        Whatever was found; what could not be looked at is among its ``troubles``.
    """
    account = Account()
    instances: list[Instance] = []
    memory = memory or Memory()
    for number, (name, source) in enumerate(files):
        where = _suffix(name)
        told = tuple((claims or {}).get(number, ()))
        one = partial(_one, number, told, where, thorough, memory, spelled)
        part, found = memory.ask(("file", number, told, where, thorough), source, one)
        account.add(part)
        if found is not None:  # what is remembered is of the same bytes, but perhaps read from another file
            instances.append(found._replace(source=source))
    if instances:
        from blankslide.verification.census.dicom import settle_roles

        settle_roles(account, instances)
    if account.claimed:
        from blankslide.verification.census.generic import settle_claims

        settle_claims(account, [source for _, source in files])
    settle_streams(account, slide, memory)
    return account


def _suffix(name: str) -> str:
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    return f"*{suffix}" if 1 < len(suffix) <= 9 and suffix[1:].isalnum() and suffix.isascii() else "a file"


def _one(
    number: int,
    claims: Sequence[Span],
    where: str,
    thorough: bool,
    memory: Memory,
    spelled: Callable[[str, str], bool],
    source: ByteSource,
) -> tuple[Account, Instance | None]:
    """Take stock of one file; it depends on nothing but what it is given."""
    account, instance = Account(), None
    try:
        head = source.read(0, min(132, source.size))
        if head[:4] in ifds.MAGIC:
            from blankslide.verification.census.tiff import Tiff

            Tiff(account, number, source, thorough, memory).take_stock()
        elif head[128:132] == b"DICM":
            from blankslide.verification.census import dicom

            instance = dicom.take_stock(account, number, source, where, thorough)
        elif head.startswith(_SQLITE):
            from blankslide.verification.census import database

            database.take_stock(account, number, source, where, thorough, spelled)
        elif head.startswith(_CZI):
            from blankslide.verification.census import czi

            czi.take_stock(account, number, source, claims, where, thorough)
        else:
            from blankslide.verification.census import generic

            generic.take_stock(account, number, source, claims, where, thorough)
    except Exception as problem:  # libraries raise what they like, and their messages may hold values
        account.troubles.append(f"{where}: cannot be read a second time ({type(problem).__name__})")
    return account, instance
