"""What a system call did to a disk: the events of a recording, in the order in which they happened.

Files and folders are known by their inode numbers, as a disk knows them. A folder's change says which
folders must be synced before it is sure to outlive a power failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Event", "Made", "Moved", "Said", "Sized", "Synced", "SyncedFolder", "Tree", "Wrote", "tree_of"]


class Wrote(NamedTuple):
    """Bytes were written to a file."""

    node: int
    offset: int
    data: bytes


class Sized(NamedTuple):
    """A file got another length, or room for one (then it never gets shorter)."""

    node: int
    length: int
    shrinks: bool


class Synced(NamedTuple):
    """A file was synced."""

    node: int


class SyncedFolder(NamedTuple):
    """A folder was synced."""

    node: int


class Made(NamedTuple):
    """A file or folder was made; it is empty."""

    node: int
    is_folder: bool


class Moved(NamedTuple):
    """Names came or went, all in one step.

    Attributes
    ----------
    gone
        Folder and name of each name that is no more.
    come
        Folder, name and inode of each new one.
    """

    gone: tuple[tuple[int, str], ...]
    come: tuple[tuple[int, str, int], ...]


class Said(NamedTuple):
    """Something was printed: from here on a person relies on it."""

    text: str


Event = Wrote | Sized | Synced | SyncedFolder | Made | Moved | Said


class Tree(NamedTuple):
    """A folder with all that is below it, as a disk knows it.

    Attributes
    ----------
    root
        Inode of the folder itself.
    files
        Bytes of each file, by inode.
    folders
        Names in each folder, by inode.
    """

    root: int
    files: dict[int, bytes]
    folders: dict[int, dict[str, int]]

    def paths(self) -> dict[str, int]:
        """Return the inode of each file that a name leads to, by its path below the root."""
        found: dict[str, int] = {}
        waiting = [("", self.root)]
        while waiting:
            above, folder = waiting.pop()
            for name, node in self.folders[folder].items():
                path = f"{above}{name}"
                if node in self.folders:
                    waiting.append((f"{path}/", node))
                else:
                    found[path] = node
        return dict(sorted(found.items()))

    def places(self) -> Iterator[str]:
        """Yield the path of each folder below the root, empty ones too."""
        waiting = [("", self.root)]
        while waiting:
            above, folder = waiting.pop()
            for name, node in self.folders[folder].items():
                if node in self.folders:
                    yield f"{above}{name}"
                    waiting.append((f"{above}{name}/", node))

    def contents(self) -> dict[str, bytes]:
        """Return the bytes of each file that a name leads to, by its path below the root."""
        return {path: self.files[node] for path, node in self.paths().items()}


def tree_of(folder: str) -> Tree:
    """Read a real folder."""
    import os

    root = os.stat(folder).st_ino
    files: dict[int, bytes] = {}
    folders: dict[int, dict[str, int]] = {}
    for place, _, _ in os.walk(folder):
        own = folders.setdefault(os.stat(place).st_ino, {})
        with os.scandir(place) as entries:
            for entry in entries:
                number = entry.stat(follow_symlinks=False).st_ino
                own[entry.name] = number
                if entry.is_file(follow_symlinks=False):
                    with open(entry.path, "rb") as file:
                        files[number] = file.read()
    return Tree(root, files, folders)
