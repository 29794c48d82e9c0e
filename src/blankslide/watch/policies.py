"""How slides of a sub-folder are treated: ``blankslide.toml`` in it, or in one above it, on top of the site's own wish.

    requester = "Study A"        # else the name of the top folder
    profile = "strict"           # research, strict, or a .toml file beside this one
    names = "requests.csv"       # a table with the columns old and new, or ...
    name = "A-{stem}"            # ... a pattern
    originals = "move"           # keep, move or remove

Each key counts for the folder and all below it, until one below says otherwise. A file that is wrong holds up the
slides of its folder, and only those, until it is mended. Tables are read again when they change.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from blankslide.batch import NameTable, Orders, Pattern, read_table
from blankslide.batch.names import KEYED
from blankslide.errors import EnvironmentProblem, ProfileError, UsageError
from blankslide.model.changed import changed
from blankslide.pipeline.ledger_facts import require_sayable
from blankslide.watch.settings import ORIGINALS, POLICY_FILE, Naming, Originals

if TYPE_CHECKING:
    from blankslide.batch.queue import Task
    from blankslide.pipeline import Options
    from blankslide.watch.settings import Settings

_KEYS = ("requester", "profile", "names", "names_columns", "name", "originals")
State = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Policy:
    """How slides of a folder are treated.

    Attributes
    ----------
    key
        Equal for folders that are treated alike by one process.
    requester
        Whose slides these are; empty for those of nobody.
    """

    key: tuple[object, ...]
    requester: str
    orders: Orders
    naming: Naming
    originals: Originals


class Policies:
    """The policies of all folders; one thread uses it.

    Parameters
    ----------
    settings
        What counts where no file says anything.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._files: dict[str, tuple[State, dict[str, Any]]] = {}
        self._profiles: dict[str, tuple[State, Options]] = {}
        self._tables: dict[tuple[str, str | None], tuple[State, NameTable]] = {}

    def of(self, home: tuple[str, ...]) -> Policy:
        """Return the policy of a folder.

        Raises
        ------
        UsageError, EnvironmentProblem
            If a file on the way to it is wrong or cannot be read; the message names file and line.
        """
        settings, said, where = self._settings, dict[str, Any](), dict[str, str]()
        path = str(settings.source)
        for part in ("", *home):
            path = os.path.join(path, part) if part else path
            for key, value in self._file(path).items():
                said[key], where[key] = value, path
        naming = self._naming(said, where)
        options, kind = settings.options, tuple[object, ...]()
        if "profile" in said:
            options, kind = self._options(said["profile"], where["profile"])
        site = options.about.get("requester", "")
        if naming.pattern is not None:
            require_lasting(naming.pattern, options)
        requester = said.get("requester", site or (home[0] if home else ""))
        about = {**options.about, **_sayable(requester, asked="requester" in said)}
        orders = replace(Orders.of(options, settings.out), lasting=True, about=about)
        return Policy((*kind, requester), requester, orders, naming, said.get("originals", settings.originals))

    def name_of(self, policy: Policy, task: Task) -> Task:
        """Give a slide its name, if names are asked for; without a row in the table it gets a refusal.

        Raises
        ------
        UsageError, EnvironmentProblem
            If the table is wrong, or cannot be read.
        """
        naming = policy.naming
        if naming.pattern is None and naming.table is None:
            return task
        options = policy.orders.options()
        if naming.pattern is not None:
            table: NameTable | Pattern = Pattern(naming.pattern, options.resolved().identifiers)
        else:
            table = self._table(naming)
        if table.fields & KEYED:
            options.make_key()
        return next(iter(table.named([task], options.planning_key, policy.orders.out is None)))

    # -- files -----------------------------------------------------------------------------

    def _file(self, folder: str) -> dict[str, Any]:
        path = os.path.join(folder, POLICY_FILE)
        state = _state(path)
        if state is None:
            self._files.pop(path, None)
            return {}
        known = self._files.get(path)
        if known is None or known[0] != state:
            known = self._files[path] = (state, _read(path))
        return known[1]

    def _naming(self, said: dict[str, Any], where: dict[str, str]) -> Naming:
        """Return how slides are named; of a table and a pattern the one that stands further below counts."""
        site = self._settings.naming
        table, pattern = said.get("names"), said.get("name")
        if table is not None and pattern is not None and len(where["names"]) != len(where["name"]):
            table, pattern = (table, None) if len(where["names"]) > len(where["name"]) else (None, pattern)
        if table is None and pattern is None:
            return site
        if table is not None and pattern is not None:
            raise UsageError(f"{POLICY_FILE} gives both a pattern and a table of names", "take one of them out")
        if pattern is not None:
            return Naming(pattern)
        return Naming(None, Path(where["names"], str(table)), said.get("names_columns"))

    def _options(self, profile: str, folder: str) -> tuple[Options, tuple[object, ...]]:
        """Return the options of a profile, and what is equal only while it stays as it is."""
        path = os.path.join(folder, profile) if profile.endswith(".toml") else profile
        state = _state(path)
        known = self._profiles.get(path)
        if known is None or known[0] != state:
            options = changed(self._settings.options, profile=path, keep=(), remove=())
            options.profile = options.resolved()
            known = self._profiles[path] = (state, options)
        return known[1], (path, state)

    def _table(self, naming: Naming) -> NameTable:
        path = cast(Path, naming.table)
        key, state = (str(path), naming.columns), _state(str(path))
        known = self._tables.get(key)
        if known is None or known[0] != state:
            known = self._tables[key] = (state, read_table(path, naming.columns))
        return known[1]


def _sayable(requester: str, asked: bool) -> dict[str, str]:
    """Return what the ledger is to say of a requester; a folder's name that it cannot hold is left out.

    Raises
    ------
    UsageError
        If a name that somebody has written down cannot be held.
    """
    try:
        return require_sayable({"requester": requester})
    except UsageError as error:
        if asked:
            raise UsageError(f"{POLICY_FILE}: {error.message}", error.hint) from None
        return {}


def require_lasting(pattern: str, options: Options) -> None:
    """Refuse a pattern that numbers slides: a folder that is watched has no last slide, so no order to number by.

    Raises
    ------
    UsageError
        If it has a number, or is wrong otherwise.
    """
    if "n" in Pattern(pattern, options.resolved().identifiers).fields:
        raise UsageError(
            "a watched folder cannot number its slides, since nobody knows which come later",
            "use {stem} or {pseudonym}, or a table of names",
        )


def _state(path: str) -> State:
    try:
        now = os.stat(path)
    except OSError:
        return None
    return now.st_ino, now.st_size, now.st_mtime_ns


def _read(path: str) -> dict[str, Any]:
    """Read a policy file.

    Raises
    ------
    ProfileError
        If it is wrong.
    EnvironmentProblem
        If it cannot be read.
    """
    import tomllib

    try:
        with open(path, encoding="utf-8-sig") as file:  # Windows' editors begin a file with a mark
            data = tomllib.loads(file.read())
    except OSError as error:
        raise EnvironmentProblem(f"{POLICY_FILE} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8 text"
        raise ProfileError(f"{POLICY_FILE} is no valid TOML: {where}") from None
    for key, value in data.items():
        if key not in _KEYS:
            raise ProfileError(f"{POLICY_FILE}: {key!r} is not a key; use {', '.join(_KEYS)}")
        if not isinstance(value, str) or not value:
            raise ProfileError(f"{POLICY_FILE}: {key} must be a text")
    if data.get("originals", "keep") not in ORIGINALS:
        raise ProfileError(f"{POLICY_FILE}: originals must be keep, move or remove")
    return data
