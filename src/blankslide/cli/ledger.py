"""Showing, exporting and checking the ledger, and bringing its mirror up to date.

Entries go through one at a time, so a million of them cost time and no memory. A ledger that was named and is not
there is an error: a check of nothing must not look like a check of something.
"""

from __future__ import annotations

import json
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.presentation import wording as words
from blankslide.records import ledger_export, ledger_rows
from blankslide.records.chain import Head
from blankslide.records.ledger_state import compared, entries, moment, stands, target_of

if TYPE_CHECKING:
    from blankslide.records.chain_check import Checked
    from blankslide.records.ledger import Ledger
    from blankslide.records.mirrors.comparing import State
    from blankslide.records.mirrors.url import Target

_USUAL = 50
_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{16,64})")


class Names(NamedTuple):
    """Where old names come from: the site's key file, and the link table; None for the user's own."""

    key: str | None
    table: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries a person wants to see, as they typed it."""

    since: str | None = None
    name: str | None = None
    requester: str | None = None
    not_clean: bool = False
    key: str | None = None

    def wanted(self) -> ledger_rows.Wanted:
        """Return what it means.

        Raises
        ------
        UsageError, EnvironmentProblem
            If the day is none, or the key that was named cannot be used.
        """
        pseudonym = ""
        if self.name is not None and (key := _key(self.key)) is not None:
            from blankslide.policy.pseudonyms import slide_name

            pseudonym = slide_name(self.name, key)
        return ledger_rows.Wanted(moment(self.since), self.name, pseudonym, self.not_clean, self.requester)


# -- list and export -------------------------------------------------------------------


def show(url: str | None, filters: Filters, last: int | None, as_json: bool) -> int:
    """Print entries; return the exit code."""
    records = _Records(_opened(url))
    found: Iterable[dict[str, Any]] = ledger_rows.rows(records, filters.wanted())
    count = _USUAL if last is None and sys.stdout.isatty() and not as_json else last
    if count:
        found = deque(found, count)
    if as_json:
        print('{"entries": [', end="")
        for number, row in enumerate(found):
            print(f"{',' if number else ''}\n{ledger_export.as_json(row)}", end="")
        print("\n]}")
        return records.tell()
    number = 0
    for number, row in enumerate(found, 1):
        if number == 1:
            print(_line("entry", "when (UTC)", "result", "format", "name", "requester, specimen, block, slide, stain"))
        print(_row(row))
    if not number and not records.strange:
        print("no such entry" if filters != Filters() else "the ledger has no entries", file=sys.stderr)
    elif count and number == count and last is None:
        print(f"only the last {count} are shown: --last 0 shows all", file=sys.stderr)
    return records.tell()


def _line(number: str, when: str, result: str, format: str, name: str, more: str) -> str:
    return f"{number:>7}  {when:<16}  {result:<9}  {format:<20.20}  {name:<34}  {more}".rstrip()


def _row(row: dict[str, Any]) -> str:
    when = f"{row['when']:%Y-%m-%d %H:%M}" if row["when"] else "?"
    more = ", ".join(row[key] for key in ("requester", "specimen", "block", "slide", "stain") if row[key])
    return _line(str(row["entry"]), when, row["result"], row["format"], row["output"] or row["pseudonym"], more)


def export(url: str | None, file: str, since: str | None, names: Names | None) -> int:
    """Write a table; return the exit code."""
    path = Path(file)
    ledger_export.check(path)
    records = _Records(_opened(url))
    rows = ledger_rows.rows(records, ledger_rows.Wanted(moment(since)))
    if names is not None:
        rows = _with_names(rows, names)
    count = ledger_export.write(path, rows, names is not None)
    apart = ", with old names: not to be passed on" if names is not None else ""
    print(f"{words.shown(path)} \u00b7 {entries(count)}{apart}")
    return records.tell()


def _with_names(rows: Iterable[dict[str, Any]], names: Names) -> Iterator[dict[str, Any]]:
    """Add old and new names to the rows of runs that the link table knows.

    Raises
    ------
    UsageError, EnvironmentProblem
        If there is no key, or the table cannot be read with it.
    """
    from blankslide.records.link_table import read

    key = _key(names.key)
    if key is None:
        raise UsageError("old names need the site's key, and there is none", "name it with --key")
    links = {link.transaction: link for link in read(None if names.table is None else Path(names.table), key)}

    def joined() -> Iterator[dict[str, Any]]:
        for row in rows:
            link = links.get(row["run"])
            old, new = ("", "") if link is None else (link.old, link.new)
            yield {"old": words.shown(old, whole=True), "new": words.shown(new, whole=True)} | row

    return joined()


# -- check and mirror ------------------------------------------------------------------


def check(url: str | None, head: str | None, others: bool, as_json: bool) -> int:
    """Check chain and mirror; return 1 if anything is wrong, 4 if the mirror cannot be asked."""
    ledger = _opened(url, must_be_there=True)
    target = target_of(ledger)
    if others and target is None:
        raise UsageError("--others is about a mirror", "name one: --ledger postgresql://...")
    checked = ledger.audit(_anchor(head))
    state, trouble = compared(ledger, target, others)
    if as_json:
        print(json.dumps(_check_as_json(checked, target, state, trouble)))
    else:
        _tell_check(ledger, checked, target, state, trouble)
    if checked.problems or (state is not None and state.problems):
        return 1
    return EnvironmentProblem.exit_code if trouble else 0


def _tell_check(ledger: Ledger, checked: Checked, target: Target | None, state: State | None, trouble: str) -> None:
    whole = "" if checked.problems else ", whole"
    print(f"{words.shown(ledger.path)} \u00b7 {entries(checked.entries)}{whole}")
    for problem in checked.problems:
        print(f"  {problem.sentence}")
    if target is not None:
        print(f"mirror in {target.words} \u00b7 {trouble or stands(state)}")
        for sentence in state.problems if state else ():
            print(f"  {sentence}")
        for chain, other in state.others.items() if state else ():
            print(f"mirror of {chain[:12]} \u00b7 {entries(other.entries)}{'' if other.problems else ', whole'}")
    if checked.head.sequence:
        print(f"head {checked.head.sequence}:{checked.head.hash}")
        print("note the head elsewhere: only --head with it can show that the end was cut off", file=sys.stderr)


def _check_as_json(checked: Checked, target: Target | None, state: State | None, trouble: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "entries": checked.entries,
        "head": {"entry": checked.head.sequence, "hash": checked.head.hash} if checked.head.sequence else None,
        "problems": [problem._asdict() for problem in checked.problems],
        "mirror": None,
    }
    if target is not None:
        told["mirror"] = {
            "kind": target.kind,
            "entries": state.count if state else None,
            "behind": state.behind if state else None,
            "problems": state.problems if state else [],
            "error": trouble or None,
        }
    return told


def mirror(named: str | None, url: str | None, rebuild: bool) -> int:
    """Bring a mirror up to date, or make it anew; return the exit code."""
    from blankslide.records.mirrors.database import Mirror
    from blankslide.records.mirrors.url import Target

    if named is not None and named.lower().endswith((".csv", ".xlsx", ".json")) and "://" not in named:
        return export(url, named, None, None)
    ledger = _opened(url, must_be_there=True)
    target = Target.named(named) if named is not None else target_of(ledger)
    if target is None:
        raise UsageError("no mirror is named", "write blankslide ledger mirror sqlite:///FILE or postgresql://...")
    with Mirror(ledger.chain(), target) as at:
        count = at.rebuild() if rebuild else at.catch_up()
    done = "made anew" if rebuild else f"{entries(count)} added" if count else "nothing to add"
    print(f"mirror in {target.words} \u00b7 {done}")
    return 0


# -- what a person typed ---------------------------------------------------------------


def _opened(url: str | None, must_be_there: bool = False) -> Ledger:
    from blankslide.records.opening import open_ledger

    ledger = open_ledger(url)
    if ledger is None:
        raise UsageError("there is no ledger called none", "name a file: --ledger FILE.jsonl")
    if not ledger.path.exists() and (must_be_there or not ledger.is_default):
        raise EnvironmentProblem("there is no such ledger: its file does not exist", "name it with --ledger FILE.jsonl")
    return ledger


class _Records:
    """The whole entries of a ledger; lines that are none are counted, because whoever reads a list of it misses them.

    Attributes
    ----------
    whole, strange
        How many of each have gone by.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.whole = self.strange = 0

    def __iter__(self) -> Iterator[Any]:
        for record in self._ledger.all_lines():
            if record is None:
                self.strange += 1
            else:
                self.whole += 1
                yield record

    def tell(self) -> int:
        """Say what is not in the list; return 4 if nothing could be, because the file is no ledger, else 0."""
        if not self.strange:
            return 0
        if not self.whole:
            print(
                "no line of the file named as ledger is an entry \u00b7 name another one, or restore it",
                file=sys.stderr,
            )
            return EnvironmentProblem.exit_code
        lines = "1 line is no whole entry" if self.strange == 1 else f"{self.strange} lines are no whole entries"
        print(f"{lines}, and not in the list \u00b7 blankslide ledger check says which", file=sys.stderr)
        return 0


def _anchor(text: str | None) -> Head | None:
    if text is None:
        return None
    match = _HEAD.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError("--head is no entry and hash", "copy what blankslide ledger check printed: 120:0f3a...")
    return Head(int(match[1]), match[2])


def _key(named: str | None) -> bytes | None:
    """Return the site's key, if there is one; none is made here."""
    from blankslide.home import key_path, load_key

    if named is not None and not Path(named).exists():
        raise UsageError("there is no such key file", "name the one that the slides were made under")
    try:
        path = Path(named) if named is not None else key_path()
    except EnvironmentProblem:  # no home, so no key of one's own
        return None
    return load_key(path) if path.exists() else None
