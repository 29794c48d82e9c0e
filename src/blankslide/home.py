"""The user's folders for Blankslide, and the site key in them.

The site key is a file that only its owner can read, made by the first slide that is edited. Whoever has it can test
guesses against pseudonyms; it never goes into a slide, a journal or the ledger.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from blankslide.errors import EnvironmentProblem, NoPermission, UsageError

KEY_BYTES = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

# -- the user's folders and the site key -----------------------------------------------


def user_folder(kind: str) -> Path:
    """Return this user's folder for Blankslide; it need not exist.

    Parameters
    ----------
    kind
        ``"config"`` or ``"state"``; one folder for both on Windows and macOS.

    Raises
    ------
    EnvironmentProblem
        If this user has no home, as in a container with a user of its own, and nothing else is set.
    """
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or _home(kind) / "AppData" / "Local") / "blankslide"
    if sys.platform == "darwin":
        return _home(kind) / "Library" / "Application Support" / "blankslide"
    named = Path(os.environ.get(f"XDG_{kind.upper()}_HOME") or "")
    if not named.is_absolute():
        named = _home(kind) / {"config": ".config", "state": ".local/state"}[kind]
    return named / "blankslide"


def _home(kind: str) -> Path:
    """Return the home; asked only where nothing else is set, since not every user has one."""
    try:
        return Path.home()
    except RuntimeError:
        pass
    what, option = ("the site key", "--key") if kind == "config" else ("the ledger", "--ledger")
    raise EnvironmentProblem(
        f"this user has no home folder for {what}", f"set HOME or XDG_{kind.upper()}_HOME, or name a file with {option}"
    )


def key_path() -> Path:
    """Return where this user's own site key is, or will be.

    Raises
    ------
    EnvironmentProblem
        If this user has no home and nothing else is set.
    """
    return user_folder("config") / "site.key"


def key_file(named: str | Path | None, looks: bool, dry_run: bool) -> Path | None:
    """Return where the site's key is or will be; None if there is no home, and no need of one.

    Raises
    ------
    UsageError
        If a key file is named for looking, and is not there.
    EnvironmentProblem
        If there is no home.
    """
    if named is not None:
        if looks and not os.path.exists(named):
            name = os.path.basename(named)
            raise UsageError(f"there is no such key file: {name!r}", "name the one that the slides were made under")
        return Path(named)
    try:
        return key_path()
    except EnvironmentProblem:
        if looks or dry_run:
            return None
        raise


def load_key(path: Path | None = None) -> bytes:
    """Return the site key, making it on first use.

    Parameters
    ----------
    path
        The key file; by default ``site.key`` in the user's configuration folder.

    Returns
    -------
    bytes
        32 random bytes.

    Raises
    ------
    NoPermission
        If the file cannot be read or made, or if others can read it.
    EnvironmentProblem
        If it is not a key file.
    """
    path = path or key_path()
    try:
        if not path.exists():
            _make_key(path)
        return _read_key(path)
    except PermissionError:
        raise NoPermission("the site key cannot be read or made", "check the permissions of its folder") from None
    except OSError as problem:
        raise EnvironmentProblem(
            f"the site key cannot be read or made: {problem.strerror or 'unknown error'}",
            "or name another file with --key",
        ) from None


def _make_key(path: Path) -> None:
    make_folder(path.parent)
    make_private_file(path, os.urandom(KEY_BYTES))


def make_private_file(path: Path, data: bytes) -> None:
    """Make a file that only its owner can read; one that is there already stays as it is.

    It is written beside its place and linked there, so that nobody ever reads half of it.

    Raises
    ------
    OSError
        What the system says.
    """
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        _write_new(draft, data)
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def _write_new(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:  # another process was first: what it made counts
        return
    except OSError:  # no hard links on this file system: exclusive, though not in one step
        _write_new(path, draft.read_bytes())


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make a folder with all that are missing above it, and make their names durable.

    What is synced in a new folder is lost with the folder, if that was never synced into the one above.

    Raises
    ------
    OSError
        What the system says.
    """
    new, there = [], folder
    while not there.exists():
        new.append(there)
        there = there.parent
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    for each in reversed(new):
        with suppress(PermissionError):  # a folder that may be written to but not listed cannot be opened
            sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder durable, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as problem:
        if problem.errno not in (errno.EINVAL, errno.ENOTTY):  # some file systems know no such sync
            raise
    finally:
        os.close(handle)


def _read_key(path: Path) -> bytes:
    with path.open("rb") as file:
        state = os.fstat(file.fileno())
        if os.name == "posix" and state.st_mode & _OTHERS:
            hint = "make it readable by its owner only (chmod 600)"
            raise NoPermission(f"others can read the site key {path.name!r}", hint)
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        problem = f"the site key file {path.name!r} does not hold {KEY_BYTES} bytes"
        raise EnvironmentProblem(problem, "name another, or restore it")
    return key
