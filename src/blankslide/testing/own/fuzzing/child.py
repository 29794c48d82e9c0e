"""The process that tries inputs of one target: by atheris where it is installed, else by chance alone.

    python -m blankslide.testing.own.fuzzing.child TARGET FOLDER COUNT SEED ENGINE

Only what is fuzzed is instrumented (containers, kit, formats, planner), so that little is lost by it; hence nothing of
ours is imported before. A wrong input is written down and the next one is tried: what ends a run is its count, or a
crash of the process itself, which whoever started it sees.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import pkgutil
import random
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.testing.own.fuzzing.targets import Target

_WATCHED = (
    "blankslide.containers",
    "blankslide.formatkit",
    "blankslide.formats",
    "blankslide.planner",
    "blankslide.spans",
)
_SUSPECTS = 100
_KEPT = 400  # so many wrong inputs are written down


def main(words: list[str]) -> None:
    """Try inputs until the count is reached."""
    name, folder, count, seed, engine = words[0], Path(words[1]), int(words[2]), int(words[3]), words[4]
    if engine == "atheris":
        _by_atheris(name, folder, count, seed)
    else:
        _by_chance(name, folder, count, seed)


def _by_atheris(name: str, folder: Path, count: int, seed: int) -> None:
    import atheris

    from blankslide.testing.own.fuzzing.comparing import keeping_no_results

    with atheris.instrument_imports(include=list(_WATCHED), enable_loader_override=False):
        _import_all()
    trial = _Trial(name, folder)
    corpus = folder / "corpus" / trial.name
    if not corpus.is_dir():
        corpus.mkdir(parents=True)
        for number, data in enumerate(_first(trial.target, seed)):
            (corpus / f"first-{number:05}").write_bytes(data)
    before = sum(1 for _ in corpus.iterdir()) + 1 if trial.tally.now.done else 0
    trial.begin(before)
    longest = trial.longest
    flags = [f"-runs={count - trial.tally.now.done + before}", f"-seed={seed}", f"-max_len={longest}", "-len_control=0"]
    quiet = ["-rss_limit_mb=0", "-timeout=3600", "-reload=0", "-print_pcs=0", "-print_final_stats=1", "-detect_leaks=0"]
    quiet.append(f"-artifact_prefix={folder}/")
    atheris.Setup([sys.argv[0], str(corpus), *flags, *quiet], keeping_no_results(trial))
    atheris.Fuzz()


def _by_chance(name: str, folder: Path, count: int, seed: int) -> None:
    trial = _Trial(name, folder)
    trial.begin(0)
    for data in chances(trial.target, seed, count, trial.tally.now.done):
        trial(data)


def chances(target: Target, seed: int, count: int, done: int = 0) -> Iterator[bytes]:
    """Yield inputs of no engine: the first ones, and then one to four changes by chance.

    Parameters
    ----------
    target
        Where they go: it knows how many samples there are.
    count, done
        How many there are in all, and from which on they are wanted.
    """
    from blankslide.testing.own.fuzzing.records import any_input

    chance = random.Random(seed)
    first = _first(target, seed)
    for number in range(count):
        data = first[number] if number < len(first) else any_input(chance, target.samples)
        if number >= done:
            yield data


def _first(target: Target, seed: int) -> list[bytes]:
    from blankslide.testing.own.fuzzing.records import first_inputs

    return first_inputs(target.samples, random.Random(seed).randbytes)


def _import_all() -> None:
    for name in _WATCHED:
        package = importlib.import_module(name)
        for info in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
            importlib.import_module(info.name)


class _Trial:
    """Tries inputs of one target, counts, and writes down what is wrong."""

    def __init__(self, name: str, folder: Path) -> None:
        from blankslide.testing.own.fuzzing.records import LONGEST
        from blankslide.testing.own.fuzzing.tally import TallyFile
        from blankslide.testing.own.fuzzing.targets import target

        self.name = name.replace(":", "-")
        self.longest = LONGEST
        self.target = target(name, folder / "seeds")
        self.wrong = folder / "wrong" / self.name
        (folder / "tally").mkdir(exist_ok=True)
        self.tally = TallyFile(folder / "tally" / self.name)
        self._size = _peak()
        self._skip = 0

    def begin(self, skip: int) -> None:
        """From here on inputs count, but for the first ``skip``."""
        import imagecodecs  # noqa: F401 -- what is loaded only once is not the input's
        import numpy  # noqa: F401 -- its libraries reserve more than an input may take

        for number in range(self.target.samples):
            self.target.tried(bytes((number,)) + b"".join(bytes((kind,)) + bytes(15) for kind in range(8)))
        _look_through_garbage_often()
        self._size = _peak()
        self._skip = skip

    def __call__(self, data: bytes) -> None:
        """Try one input."""
        self.tally.begins(data)
        _limit()  # from what the process has by now: what the engine keeps of all inputs is not this one's
        verdict = self.target.tried(data)
        if verdict.word in ("wrong", "suspect"):
            self._note(verdict.what, data, verdict.word == "suspect")
        if self._skip:
            self._skip -= 1
            return
        now = self.tally.now
        changed = {verdict.word: getattr(now, verdict.word) + 1}
        slowest = max(now.slowest, int(verdict.seconds * 1e9))
        grown = max(now.grown, _peak() - self._size)
        self.tally.put(now._replace(done=now.done + 1, slowest=slowest, grown=grown, length=len(data), **changed))

    def _note(self, what: str, data: bytes, suspect: bool) -> None:
        mark = hashlib.sha256(what.encode()).hexdigest()[:12]
        self.wrong.mkdir(parents=True, exist_ok=True)
        alike = len(list(self.wrong.glob(f"{mark}-*.txt")))
        if alike < (_SUSPECTS if suspect else 3) and len(list(self.wrong.iterdir())) < _KEPT:
            (self.wrong / f"{mark}-{alike}.bin").write_bytes(data)
            (self.wrong / f"{mark}-{alike}.txt").write_text(f"{what}\n{self.target.told(data)}\n", encoding="utf-8")


def _look_through_garbage_often() -> None:
    """Let Python forget what it has loaded: it looks for cycles only once they are a quarter of all old objects.

    Of those there are half a million, and a refused input leaves a cycle that holds its bytes: some 20 000 inputs
    stayed at a time, and on the heap little between them could be given back.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # counts the old ones anew


def _peak() -> int:
    """KiB of memory that the process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _limit() -> None:
    """Let the process grow by what one input may take, and no more."""
    from blankslide.testing.own.fuzzing.invariant import MIB

    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[0])
    except OSError:  # not Linux: then only the measured growth says it
        return
    most = pages * resource.getpagesize() + (MIB << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(sys.argv[1:])
