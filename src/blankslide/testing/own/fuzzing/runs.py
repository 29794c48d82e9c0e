"""Fuzzing target after target, each in a process of its own, so that it can be stopped, and goes on where it was.

All is kept below one folder: the seeds, what has been learned of each target (its corpus), how far each is, what was
found, and the table. A target that hangs or dies has found something: its last input is written down, and the next
process goes on behind it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from blankslide.testing.own.fuzzing.changes import applied, untouched
from blankslide.testing.own.fuzzing.confirmed import loses_tissue
from blankslide.testing.own.fuzzing.invariant import MIB, SECONDS, SUSPECT
from blankslide.testing.own.fuzzing.records import changes_of
from blankslide.testing.own.fuzzing.seeds import write_seeds
from blankslide.testing.own.fuzzing.tally import Tally, TallyFile
from blankslide.testing.own.fuzzing.targets import FormatTarget, names, target
from blankslide.testing.own.tally import Tally as Line

COUNT = 100_000
_STUCK = 120.0  # seconds without a next input
_DEATHS = 5
_COVERED = re.compile(r"cov: (\d+) ft: \d+ corp: (\d+)")
HEADS = (
    "target",
    "inputs",
    "inspected",
    "refused",
    "wrong",
    "confirmed",
    "slowest ms",
    "peak MiB",
    "edges",
    "corpus",
    "seconds",
)


class Row(NamedTuple):
    """What came of one target.

    Attributes
    ----------
    tally
        Counters of all runs of the target together.
    wrong
        Sentences, one for each kind of fault.
    confirmed
        How many suspect plans were carried out on a disk, and how many of them changed tissue.
    edges, corpus
        What the engine says of coverage, and how many inputs it keeps; 0 without one.
    seconds
        Wall clock of this run.
    """

    name: str
    tally: Tally
    wrong: tuple[str, ...]
    confirmed: tuple[int, int]
    edges: int
    corpus: int
    seconds: float

    def cells(self) -> tuple[str, ...]:
        """The row of the table; see `HEADS`."""
        tally, (tried, lost) = self.tally, self.confirmed
        counts = (tally.done, tally.inspected + tally.suspect, tally.refused, tally.wrong + lost)
        limits = f"{tally.slowest / 1e6:.0f}", f"{tally.grown / 1024:.0f}"
        rest = (str(self.edges or "-"), str(self.corpus or "-"), f"{self.seconds:.0f}")
        return (self.name, *map(str, counts), f"{tried - lost}/{tally.suspect}", *limits, *rest)


def fuzz(words: list[str]) -> list[Line]:
    """Fuzz all targets, or those whose names hold a word; print a row for each.

    Parameters
    ----------
    words
        ``[COUNT] [--seed N] [--corpus FOLDER] [--engine atheris|chance] [WORD...]``.
    """
    seed, folder = int(_option(words, "--seed", "1")), Path(_option(words, "--corpus", "build/fuzz")).resolve()
    engine = _option(words, "--engine", "atheris" if find_spec("atheris") else "chance")
    count = next((int(word) for word in words if word.isdecimal()), COUNT)
    asked = [word for word in words if not word.isdecimal()]
    if engine != "atheris":
        print(
            "fuzz: by chance alone, because atheris is not installed here (it has wheels for Linux, Python 3.11-3.13)"
        )
    chosen = [name for name in names() if not asked or any(word in name for word in asked)]
    rows = []
    print("\t".join(HEADS), flush=True)
    for row in rows_of(chosen, folder, count, seed, engine):
        rows.append(row)
        print("\t".join(row.cells()), flush=True)
        for sentence in row.wrong:
            print(f"WRONG      {row.name}: {sentence}", flush=True)
    total = sum(row.tally.done for row in rows)
    wrong = sum(len(row.wrong) for row in rows)
    print(f"fuzz: {total} inputs to {len(rows)} targets, {wrong} kinds of fault (seed {seed}, {engine})", flush=True)
    return [Line("fuzz inputs", total, wrong, f"{len(rows)} targets, {engine}")]


def _option(words: list[str], name: str, default: str) -> str:
    """Take an option with its value out of the words."""
    if name not in words[:-1]:
        return default
    at = words.index(name)
    value = words[at + 1]
    del words[at : at + 2]
    return value


def rows_of(chosen: Sequence[str], folder: Path, count: int, seed: int, engine: str) -> Iterator[Row]:
    """Fuzz some targets, one after the other; each row is appended to ``rows.tsv`` in the folder.

    Parameters
    ----------
    folder
        Where all is kept; made if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_seeds(folder / "seeds")
    for name in chosen:
        row = _one(name, folder, count, seed, engine)
        with (folder / "rows.tsv").open("a", encoding="utf-8") as file:
            file.write("\t".join((*row.cells(), engine, str(seed))) + "\n")
        yield row


def _one(name: str, folder: Path, count: int, seed: int, engine: str) -> Row:
    start = time.monotonic()
    plain = name.replace(":", "-")
    (folder / "tally").mkdir(exist_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    tally = TallyFile(folder / "tally" / plain)
    log = folder / "logs" / f"{plain}.txt"
    died: list[str] = []
    while tally.read().done < count and len(died) < _DEATHS:
        done = tally.now.done
        end = _process(name, folder, count, seed + len(died) + done, engine, tally, log)
        if end and tally.read().done < count:
            died.append(end)
            _keep_last(folder / "wrong" / plain, end, tally.in_hand())
            tally.put(tally.now._replace(done=tally.now.done + 1, wrong=tally.now.wrong + 1))
    edges, corpus = _covered(log)
    faults = [*_faults(folder / "wrong" / plain), *_limits(tally.read())]
    confirmed, lost = _confirmed(name, folder)
    faults += [f"{lost} plans change tissue on a disk"] if lost else []
    return Row(
        name, tally.now, tuple(dict.fromkeys(faults)), (confirmed, lost), edges, corpus, time.monotonic() - start
    )


def _process(name: str, folder: Path, count: int, seed: int, engine: str, tally: TallyFile, log: Path) -> str:
    """Run one process until it ends, or stands still for too long; say how it ended if not well."""
    words = [name, str(folder), str(count), str(seed), engine]
    with log.open("ab") as out:
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "blankslide.testing.own.fuzzing.child", *words], stdout=out, stderr=out
        )
        done, since = tally.read().done, time.monotonic()
        try:
            while child.poll() is None:
                time.sleep(0.2)
                if tally.read().done != done:
                    done, since = tally.now.done, time.monotonic()
                elif time.monotonic() - since > _STUCK:
                    child.kill()
                    child.wait()
                    return f"it does not end within {_STUCK:.0f} s"
        except BaseException:
            child.kill()
            child.wait()
            raise
    return f"the process dies, exit code {child.returncode}" if child.returncode else ""


def _keep_last(folder: Path, what: str, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.glob("died-*.bin")))
    (folder / f"died-{number}.bin").write_bytes(data)
    (folder / f"died-{number}.txt").write_text(f"{what}\n{data.hex()}\n", encoding="utf-8")


def _covered(log: Path) -> tuple[int, int]:
    """Edges and size of the corpus that the engine told of last."""
    found = _COVERED.findall(log.read_text("utf-8", "replace")) if log.is_file() else []
    return (int(found[-1][0]), int(found[-1][1])) if found else (0, 0)


def _faults(folder: Path) -> list[str]:
    """First lines of what was written down, suspects aside."""
    told = (
        [path.read_text("utf-8").split("\n", 1)[0] for path in sorted(folder.glob("*.txt"))] if folder.is_dir() else []
    )
    return [sentence for sentence in told if sentence != SUSPECT]


def _limits(tally: Tally) -> list[str]:
    over = [f"the slowest input takes {tally.slowest / 1e9:.1f} s"] if tally.slowest > SECONDS * 1e9 else []
    return over + ([f"the process grows by {tally.grown >> 10} MiB"] if tally.grown > MIB << 10 else [])


# -- suspects ----------------------------------------------------------------------------


def _confirmed(name: str, folder: Path) -> tuple[int, int]:
    """Carry out suspect plans on a disk; return how many there were, and how many changed tissue."""
    home = folder / "wrong" / name.replace(":", "-")
    suspects = (
        [p for p in sorted(home.glob("*.txt")) if p.read_text("utf-8").startswith(SUSPECT)] if home.is_dir() else []
    )
    if not suspects:
        return 0, 0
    made = target(name, folder / "seeds")
    if not isinstance(made, FormatTarget):
        raise TypeError("only formats plan")
    lost = 0
    with _own_home(folder / "home"):
        for path in suspects:
            data = path.with_suffix(".bin").read_bytes()
            seed = made.seed(data)
            changes = changes_of(data, seed)
            stays = {n: untouched(spans, changes, n) for n, spans in seed.tissue.items()}
            said = loses_tissue(seed.name, applied(seed.files, changes), stays)
            lost += bool(said)
            path.with_suffix(".disk").write_text(said or "nothing is lost", encoding="utf-8")
    return len(suspects), lost


@contextmanager
def _own_home(folder: Path) -> Iterator[None]:
    """Let key and ledger of these runs be nobody's."""
    wanted = {f"XDG_{kind}_HOME": str(folder / kind) for kind in ("STATE", "CONFIG", "CACHE", "DATA")}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)
