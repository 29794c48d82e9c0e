"""Where the time of a durable, verified run in place goes, before and after, in one run.

Run: ``python benchmarks/stages.py [SLIDE...] [--before ROOT] [--runs N]``. For each tree (this one, and ``ROOT`` if
given) a process of its own warms up and then runs N times over copies of each slide; the trees take turns, so that
both have the same machine. Printed are the least of the runs in CPU time (all threads; what other programs do on the
machine does not count) and on the wall clock, each stage, and the parts of the census. Parts are exclusive: what one
part calls of another is the other's.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parents[1] / "shared/slides/aperio/CMU-1-Small-Region.svs"
TURNS = 3
BIG = "big"
"""In place of a slide's name: the one that looks like 20 GB, built for this run."""

PARTS = (
    ("formats: inspect", "blankslide.pipeline.job", "inspected"),
    ("formats: inspect", "blankslide.pipeline.judging", "inspected"),
    ("formats: inspect", "blankslide.pipeline.balancing", "inspected_as"),
    ("formats: plan", "blankslide.pipeline.job", "planned_for"),
    ("formats: plan", "blankslide.pipeline.judging", "make_plan"),
    ("formats: plan", "blankslide.pipeline.balancing", "make_plan"),
    ("other readers", "blankslide.verification.observe", "observe"),
    ("search for removed values", "blankslide.pipeline.judging", "_search"),
    ("census: rest", "blankslide.pipeline.in_place", "would_be_left"),
    ("census: rest", "blankslide.pipeline.judging", "balance"),
    ("census: pixels, decoded", "blankslide.verification.census.tiff", "Tiff.looks"),
    ("census: pixels, decoded", "blankslide.verification.census.tiff", "Tiff._again"),
    ("census: pixels, decoded", "blankslide.verification.census.tiff", "Tiff._blank"),
    ("census: pixels, compared", "blankslide.verification.census.tiff", "prove"),
    ("census: pixels, compared", "blankslide.verification.census.before", "prove"),
    ("census: streams walked", "blankslide.verification.census.tiff", "Tiff._segments"),
    ("census: streams walked", "blankslide.verification.census.generic", "_walk"),
    ("census: texts of values", "blankslide.verification.census.tiff", "Tiff._entries"),
    ("census: loose bytes", "blankslide.verification.census.tiff", "speak_loose"),
    ("census: loose bytes", "blankslide.verification.census.generic", "speak_loose"),
    ("census: DICOM", "blankslide.verification.census.dicom", "take_stock"),
    ("census: DICOM", "blankslide.verification.census.dicom", "settle_roles"),
    ("census: database", "blankslide.verification.census.database", "take_stock"),
    ("census: pictures found by content", "blankslide.verification.census.stock", "settle_streams"),
    ("census: held against the vocabulary", "blankslide.pipeline.balancing", "_texts_left"),
    ("census: held against the vocabulary", "blankslide.pipeline.balancing", "_rules"),
)


# -- in the child ----------------------------------------------------------------------


class Meter:
    """Exclusive CPU time of the parts of one run, in this thread; of `observe`, of all threads."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._open: list[float] = []

    def wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and is measured."""

        def measured(*args: Any, **named: Any) -> Any:
            begin = time.process_time()
            self._open.append(0.0)
            try:
                return function(*args, **named)
            finally:
                took = time.process_time() - begin
                self.spent[name] += took - self._open.pop()
                if self._open:
                    self._open[-1] += took

        return measured

    def hook(self) -> None:
        """Measure all parts that this tree has."""
        for name, module, path in PARTS:
            try:
                holder: Any = import_module(module)
                *outer, last = path.split(".")
                for one in outer:
                    holder = getattr(holder, one)
                setattr(holder, last, self.wrapped(name, getattr(holder, last)))
            except (ImportError, AttributeError):  # an older tree
                continue


def child(slide: Path, runs: int) -> None:
    """Run, measure, and print figures as JSON, in milliseconds."""
    from blankslide import anonymize
    from blankslide.pipeline import clock

    meter = Meter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def once(number: int) -> tuple[float, float, Any]:
            copy = folder / f"{number}" / slide.name
            copy.parent.mkdir()
            subprocess.run(["cp", "-r", "--sparse=auto", slide, copy], check=True)  # a hole stays a hole
            subprocess.run(["chmod", "-R", "u+w", copy], check=True)
            gc.collect()
            meter.spent.clear()
            wall, cpu = time.perf_counter(), time.process_time()
            outcome = anonymize(copy, in_place=True, ledger=str(folder / "l.jsonl"), key=folder / "key")
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            shutil.rmtree(copy.parent)
            return wall, cpu, outcome

        once(0), once(1)
        plain = [once(n)[:2] for n in range(runs)]
        clock.perf_counter = time.process_time
        stages = [once(n)[2] for n in range(runs)]
        meter.hook()
        parts = []
        for n in range(runs):
            once(n)
            parts.append(dict(meter.spent))
    least = {key: min(o.seconds.get(key, 0.0) for o in stages) for key in stages[0].seconds}
    inside = {key: min(p.get(key, 0.0) for p in parts) for key in dict.fromkeys(k for p in parts for k in p)}
    told = {"wall": min(w for w, _ in plain), "cpu": min(c for _, c in plain)}
    told["median"] = statistics.median(c for _, c in plain)
    told["peak MB"] = _peak() / 1e3
    print(json.dumps({"whole": told, "stages": least, "parts": inside, "content": stages[0].content}))


def _peak() -> float:
    """Return the peak memory of this process in megabytes."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024


# -- in the parent ---------------------------------------------------------------------


def measured(tree: Path, slide: Path, runs: int) -> dict[str, Any]:
    """Let a tree measure itself in a process of its own."""
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {"PYTHONPATH": str(tree / "src"), "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home}
        command = [sys.executable, __file__, str(slide), "--child", "--runs", str(runs)]
        found = subprocess.run(command, check=True, env=env, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return answer


def least(turns: list[dict[str, Any]], kind: str) -> dict[str, float]:
    """Return the least of several turns, figure by figure, in milliseconds."""
    keys = dict.fromkeys(key for turn in turns for key in turn[kind])
    return {key: 1e3 * min(turn[kind].get(key, 0.0) for turn in turns) for key in keys}


def table(slide: Path, trees: dict[str, Path], runs: int) -> None:
    """Print where the time goes for one slide."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in trees}
    for _ in range(TURNS):
        for name, tree in trees.items():
            found[name].append(measured(tree, slide, runs))
    words = {turn["content"] for turns in found.values() for turn in turns}
    print(f"{slide.name}: {', '.join(sorted(words))}; least of {TURNS} x {runs} runs, CPU time in ms")
    print(f"  {'':36}" + "".join(f"{name:>10}" for name in trees) + "     ratio" * (len(trees) > 1) + "     share")
    for kind in ("whole", "stages", "parts"):
        rows = {name: least(turns, kind) for name, turns in found.items()}
        whole = {name: least(turns, "whole")["cpu"] for name, turns in found.items()}
        for key in dict.fromkeys(k for row in rows.values() for k in row):
            values = [row.get(key, 0.0) for row in rows.values()]
            line = f"  {key:36}" + "".join(f"{value:10.1f}" for value in values)
            line += (f"{values[-1] / values[0]:10.2f}" if values[0] else f"{'':10}") if len(values) > 1 else ""
            print(line + f"{values[-1] / whole[list(rows)[-1]]:10.0%}")


def main() -> None:
    """Measure each slide with each tree."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("slides", nargs="*", type=Path, default=[REAL])
    parser.add_argument("--before", type=Path)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--child", action="store_true")
    asked = parser.parse_args()
    if asked.child:
        child(asked.slides[0], asked.runs)
        return
    trees = {"before": asked.before} if asked.before else {}
    with tempfile.TemporaryDirectory() as name:
        for slide in asked.slides:
            if str(slide) == BIG:
                slide = _big(Path(name) / "big.svs")
            table(slide, trees | {"after": ROOT}, asked.runs)


def _big(path: Path) -> Path:
    sys.path.insert(0, str(Path(__file__).parent))
    from big_slide import build

    return build(path)


if __name__ == "__main__":
    main()
