"""`AuditLog`: the ledger in a notebook: searched, checked with its mirror, and exported.

It is only read. Everything here is what `blankslide ledger` does, in its words.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from blankslide import api
from blankslide.errors import BlankslideError, EnvironmentProblem, UsageError
from blankslide.jupyter.face import Face, Rows
from blankslide.jupyter.lists import Table
from blankslide.jupyter.parts import Box, Button, Check, Field, Part, Text
from blankslide.presentation import wording
from blankslide.records import ledger_export, ledger_rows
from blankslide.records.ledger_state import compared, entries, moment, stands, target_of
from blankslide.wishes import typed_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from blankslide.jupyter.parts import Says
    from blankslide.records.ledger import Ledger

MOST = 200
"""Entries in the page at most: the last ones."""
_COLUMNS = (
    ("entry", "4.6em"), ("when (UTC)", "11.5em"), ("result", "10em"), ("format", "17%"), ("name", ""), ("more", "22%"),
)  # fmt: skip
_MORE = ("requester", "specimen", "block", "slide", "stain")


class AuditLog(Face):
    """Look at a ledger in a notebook; show it as the last line of a cell.

    Parameters
    ----------
    ledger
        A ``.jsonl`` file, the URL of a mirror, or None for the user's own ledger.
    key
        The site's key file, to find entries by the old name of a slide; None for the user's own.

    Raises
    ------
    UsageError, EnvironmentProblem
        If there is no such ledger, or the key cannot be used.
    """

    def __init__(self, ledger: str | Path | None = None, key: str | Path | None = None) -> None:
        options = api.options(ledger=ledger, key=key, looks=True)
        options.find_key()
        if options.ledger is None:
            raise UsageError("there is no ledger called none", "name a file: FILE.jsonl")
        self._ledger: Ledger = options.ledger
        self._is_needed = not options.ledger.is_default
        self._require()
        self._key = options.key
        self._rows: list[dict[str, Any]] = []
        self._count, self._exit = 0, ""
        self._checked: list[str] = []
        self._is_bad = self._again = False
        super().__init__("blankslide-audit", "ledger", *self._parts())
        self._search()

    def _parts(self) -> tuple[Part, ...]:
        self.since = Field("", label="Since", placeholder="2026-01-31", width="120px")
        self.name = Field("", label="Name", placeholder="output name, pseudonym or old name", width="240px")
        self.requester = Field("", label="Requester", width="120px")
        self.not_clean = Check(False, label="only NOT clean")
        for part in (self.since, self.name, self.requester):
            part.observe(lambda _: self._search())
        self.not_clean.observe(lambda _: self._search())
        self.check = Button(lambda: self._do(self._check, "checking …"), label="Check chain and mirror")
        self.file = Field("", label="Export to", placeholder="ledger.csv, .xlsx or .json", width="220px")
        self.export = Button(lambda: self._do(self._export, "exporting …"), label="Export")
        self.again = Button(self._search, label="Look again")
        self.end = Button(self.finish, label="Finish")
        self._table = Table(columns=_COLUMNS, name="entries of the ledger", first=0, least="820px")
        self._state = Text(live=True, tone="strong")
        return (
            Box(self.since, self.name, self.requester, self.not_clean, style="line", name="search"),
            self._table,
            self._state,
            Box(self.check, self.file, self.export, self.again, self.end, style="line", name="what to do"),
        )

    # -- work, on the worker's thread --------------------------------------------------------

    def _search(self) -> None:
        self._again = self._worker.busy
        if not self._again:
            self._checked, self._is_bad = [], False
            self._do(self._find, "searching …")

    def _do(self, work: Callable[[], None], words: str) -> None:
        def guarded() -> None:
            try:
                work()
            except BlankslideError as error:
                self._exit = error.sentence()

        self._exit = ""
        self._start(guarded, words)

    def _wanted(self) -> ledger_rows.Wanted:
        since, name, requester = (part.value.strip() or None for part in (self.since, self.name, self.requester))
        pseudonym = ""
        if name is not None and self._key is not None:
            from blankslide.policy.pseudonyms import slide_name

            pseudonym = slide_name(name, self._key)
        return ledger_rows.Wanted(moment(since, "the first day"), name, pseudonym, self.not_clean.value, requester)

    def _found(self) -> Any:
        return ledger_rows.rows((record for _, record in self._ledger.entries()), self._wanted())

    def _require(self) -> None:
        """Refuse to call a ledger whole that is not there; only the user's own one may be still to come."""
        if self._is_needed and not self._ledger.path.exists():
            raise EnvironmentProblem("there is no such ledger: its file does not exist", "name another one")

    def _find(self) -> None:
        self._rows, self._count = [], 0
        self._require()
        last: deque[dict[str, Any]] = deque(maxlen=MOST)
        for row in self._found():
            self._count += 1
            last.append(row)
        self._rows = [*last]
        self._is_needed = self._is_needed or bool(last)

    def _check(self) -> None:
        self._checked, self._is_bad = [], False  # what an earlier check said is not said again if this one fails
        self._find()
        checked, target = self._ledger.audit(), target_of(self._ledger)
        state, trouble = compared(self._ledger, target)
        said = [f"{entries(checked.entries)}{'' if checked.problems else ', whole'}"]
        said += [problem.sentence for problem in checked.problems]
        if target is not None:
            said += [f"mirror in {target.words} · {trouble or stands(state)}", *(state.problems if state else ())]
        if checked.head.sequence:
            said.append(f"head {checked.head.sequence}:{checked.head.hash} · note it elsewhere: it shows a cut end")
        self._checked = said
        self._is_bad = bool(checked.problems or trouble or (state is not None and state.problems))

    def _export(self) -> None:
        path = typed_path(self.file.value)
        if path is None:
            raise UsageError("the table needs a file to go to", "name one that ends in .csv, .xlsx or .json")
        count = ledger_export.write(path, self._found())
        self._exit = f"{wording.shown(path)} · {entries(count)}"

    # -- drawing -----------------------------------------------------------------------------

    def _draw(self) -> None:
        if self._again:  # a person has typed on meanwhile
            self._search()
            return
        self._table.rows = [_row(row) for row in self._rows]
        shown = f"; the last {MOST} are shown" if self._count > MOST else ""
        text = f"{wording.shown(self._ledger.path)} · {entries(self._count)}{shown}"
        if not self._checked:
            self._lead(text)
        else:
            self._lead(text, *(("✗ NOT whole", "hot") if self._is_bad else ("✓ whole", "good")))
        self._state.lines = self._checked
        self._say([self._exit] if self._exit else [])

    def _allow(self, busy: bool) -> None:
        self.check.disabled = self.export.disabled = self.again.disabled = busy

    # -- what stays --------------------------------------------------------------------------

    def _summary(self) -> tuple[str, Sequence[str], Rows]:
        rows = [(str(row["entry"]), _when(row), row["result"], row["format"]) for row in self._rows]
        return f"ledger · {entries(self._count)}", self._checked, (("entry", "when (UTC)", "result", "format"), rows)

    def _empty(self) -> None:
        self._rows = []
        self._table.rows = ()
        for field in (self.since, self.name, self.requester, self.file):
            field.value = ""


def _when(row: dict[str, Any]) -> str:
    return f"{row['when']:%Y-%m-%d %H:%M}" if row["when"] else "?"


def _row(row: dict[str, Any]) -> Says:
    more = ", ".join(row[key] for key in _MORE if row[key])
    told = [str(row["entry"]), _when(row), row["result"], row["format"], row["output"] or row["pseudonym"], more]
    return {"id": str(row["entry"]), "cells": [{"text": text} for text in told]}
