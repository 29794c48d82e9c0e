"""Somebody who copies slides into a watched folder, in all the ways in which people and scanners do it.

    python -m blankslide.testing.own.feeding LIST.json

A process of its own, so that whoever watches can only look at the disk. The list says what to copy where, how, and how
long to pause in the middle of files. Several slides are on their way at a time. After each slide the time goes into the
file ``done`` of the list: no copy of it may be older.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

WAYS = ("slowly", "preallocated", "backwards", "renamed", "at once")
_lock = Lock()


class Parcel(NamedTuple):
    """One slide to be copied.

    Attributes
    ----------
    files
        Source and target of each of its files, in the order in which they are copied.
    way
        One of `WAYS`.
    """

    files: list[tuple[str, str]]
    way: str


def write_list(path: Path, parcels: list[Parcel], pause: float, seed: int, at_a_time: int = 6) -> Path:
    """Write what to copy; return the path of the file that says what has arrived, and when."""
    done = path.with_suffix(".done")
    said = {"parcels": parcels, "pause": pause, "seed": seed, "done": str(done), "at a time": at_a_time}
    path.write_text(json.dumps(said))
    return done


def arrived(done: Path) -> dict[str, float]:
    """Return main file -> when its slide was complete."""
    lines = done.read_text().splitlines() if done.exists() else []
    return dict(json.loads(line) for line in lines)


def main(path: str) -> None:
    """Copy everything."""
    said = json.loads(Path(path).read_text())
    with ThreadPoolExecutor(said["at a time"]) as pool:
        jobs = [pool.submit(_copy, Parcel(*each), said, i) for i, each in enumerate(said["parcels"])]
        for job in jobs:
            job.result()


def _copy(parcel: Parcel, said: dict[str, Any], number: int) -> None:
    rng = random.Random(said["seed"] * 100_003 + number)
    for source, target in parcel.files:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[parcel.way](Path(source).read_bytes(), target, lambda: time.sleep(rng.uniform(0, said["pause"])))
    with _lock, Path(said["done"]).open("a") as file:
        file.write(json.dumps([parcel.files[-1][1], time.time()]) + "\n")


def _pieces(data: bytes) -> list[tuple[int, bytes]]:
    step = max(len(data) // 4, 1)
    return [(at, data[at : at + step]) for at in range(0, len(data), step)]


def _slowly(data: bytes, target: str, pause: Any) -> None:
    """Append piece by piece, and close the file between them: nobody can see that somebody writes."""
    for i, (_, piece) in enumerate(_pieces(data)):
        with open(target, "ab" if i else "wb") as file:
            file.write(piece)
        pause()


def _filled(data: bytes, target: str, pause: Any, backwards: bool) -> None:
    with open(target, "wb") as file:
        file.truncate(len(data))
    pieces = _pieces(data)
    for at, piece in reversed(pieces) if backwards else pieces:
        pause()
        with open(target, "r+b") as file:
            file.seek(at)
            file.write(piece)


def _renamed(data: bytes, target: str, pause: Any) -> None:
    _slowly(data, target + ".part", pause)
    os.rename(target + ".part", target)


_WRITERS: dict[str, Any] = {
    "slowly": _slowly,
    "preallocated": lambda data, target, pause: _filled(data, target, pause, False),
    "backwards": lambda data, target, pause: _filled(data, target, pause, True),
    "renamed": _renamed,
    "at once": lambda data, target, pause: Path(target).write_bytes(data),
}

if __name__ == "__main__":
    main(sys.argv[1])
