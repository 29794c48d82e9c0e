"""How long napari's window is held while a folder is listed, walked through and cleaned.

    xvfb-run -a -s "-screen 0 1400x1000x24" python benchmarks/napari_blocks.py [--slides 50] [--big 41472x31104]

Needs the extra ``napari`` and a screen. So many small slides and a big one are built and opened in the review list;
some of them, and the big one, are opened with Space; then all are planned, asked about and cleaned in place. A timer
of the window ticks every 5 ms. What the window's thread computes between two ticks, in its own CPU time, is a block:
so long no click is heard. Waiting for other processes is none, but the longest gap by the clock is told as well.

Bound: no block of more than 150 ms of CPU. What napari does with the first pictures that are put into a window is
measured first, with two plain arrays, and told as "napari itself". The exit code is 1 if the bound is broken.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BOUND, TICK = 0.150, 5


class Blocks:
    """Measures what the window's thread computes between two ticks of a timer."""

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self.found: dict[str, list[tuple[float, float]]] = {}
        self._phase = ""
        self._timer = QTimer()
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._tick)
        self._cpu, self._wall = time.thread_time(), time.perf_counter()
        self._timer.start()

    def phase(self, name: str) -> None:
        """Begin another phase."""
        self._tick()
        self._phase = name
        self.found[name] = []

    def _tick(self) -> None:
        cpu, wall = time.thread_time(), time.perf_counter()
        if self._phase:
            self.found[self._phase].append((cpu - self._cpu, wall - self._wall))
        self._cpu, self._wall = cpu, wall


def main() -> int:
    """Build the slides, go through them, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slides", type=int, default=50)
    parser.add_argument("--big", default="41472x31104")
    parser.add_argument("--walk", type=int, default=12, help="how many slides are opened with Space")
    parser.add_argument("--folder", type=Path, help="use this folder of slides instead; they are cleaned in place")
    chosen = parser.parse_args()
    sys.path.insert(0, str(ROOT / "src"))
    with tempfile.TemporaryDirectory(prefix="blankslide-bench-") as home:
        os.environ.update(HOME=home, XDG_STATE_HOME=home, XDG_CONFIG_HOME=home, NAPARI_CONFIG=f"{home}/napari.yaml")
        os.environ["PYTHONPATH"] = str(ROOT / "src")
        folder = chosen.folder or build(Path(home) / "archive", chosen.slides, chosen.big)
        return judge(measure(folder, chosen.walk))


def build(folder: Path, slides: int, big: str) -> Path:
    """Build small slides and a big one, which is the second of the list."""
    from shutil import copyfile

    from blankslide.samples.aperio.slide import build_aperio

    folder.mkdir()
    build_aperio(folder / "slide-000.svs", size=(2048, 1536), factors=(1, 4))
    width, height = map(int, big.split("x"))
    build_aperio(folder / "slide-001-big.svs", size=(width, height), factors=(1, 4, 16, 64))
    for number in range(2, slides + 1):
        copyfile(folder / "slide-000.svs", folder / f"slide-{number:03}.svs")
    return folder


def measure(folder: Path, walk: int) -> Blocks:
    """Do all that a person does."""
    import npe2
    import numpy as np
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication, QDialog

    import napari

    manager = npe2.PluginManager.instance()
    if "blankslide" not in manager:
        manager.register(npe2.PluginManifest.from_file(ROOT / "napari.yaml"))
    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(1280, 800)
    _, panel = viewer.window.add_plugin_dock_widget("blankslide", "Review folder")

    def until(done: Any, seconds: float = 600) -> None:
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.001)
        for _ in range(40):
            QApplication.processEvents()
            time.sleep(0.005)

    def rests() -> bool:
        return panel.work.state == "ready" and not panel.opener.busy

    until(lambda: True)
    blocks = Blocks()
    blocks.phase("napari itself")
    for _ in range(2):
        viewer.add_image(np.zeros((512, 512, 3), np.uint8), rgb=True)
        until(lambda: True)
    viewer.layers.clear()
    until(lambda: True)
    blocks.phase("list")
    panel.open_folder(folder)
    until(rests)
    for number in range(walk):
        if number < 3:
            blocks.phase(("first slide", "big slide", "walk")[number])
        QTest.keyClick(panel.view, Qt.Key.Key_Space)
        until(rests)
    blocks.phase("plan")
    panel.run.in_place.setChecked(True)
    panel.run.go.click()
    until(lambda: panel.work.state == "asking")
    blocks.phase("run")
    panel.findChild(QDialog, "confirm run").yes.click()
    until(rests)
    blocks.phase("")
    print(panel.top.headline.text(), "·", panel.run.told.text())
    viewer.close()
    return blocks


def judge(blocks: Blocks) -> int:
    """Print the longest blocks of each phase; return the exit code."""
    worst = 0.0
    print(f"{'phase':14}{'ticks':>8}{'longest block, CPU ms':>24}{'next two':>16}{'longest gap, ms':>18}")
    for phase, found in blocks.found.items():
        if not phase:
            continue
        cpu = sorted((each for each, _ in found), reverse=True)
        others = ", ".join(f"{each * 1000:.0f}" for each in cpu[1:3])
        gap = max(wall for _, wall in found)
        print(f"{phase:14}{len(found):>8}{cpu[0] * 1000:>24.0f}{others:>16}{gap * 1000:>18.0f}")
        if phase != "napari itself":
            worst = max(worst, cpu[0])
    print(f"longest block: {worst * 1000:.0f} ms of CPU; bound {BOUND * 1000:.0f}")
    return int(worst > BOUND)


if __name__ == "__main__":
    sys.exit(main())
