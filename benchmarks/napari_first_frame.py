"""How long until a big slide stands in napari, against bare tifffile, and how much is read.

    python benchmarks/napari_first_frame.py [--size 20480x15360] [--rounds 3]

Needs the extra ``napari`` and a screen (Xvfb will do: ``xvfb-run -a -s "-screen 0 1400x1000x24"``).
Each way of opening runs in a process of its own, in turn, on the same file: the window is up
before the clock starts, which stops at the first frame drawn with the slide in it. Then the
view zooms to level 0, and every tile that is decoded is counted. "Bare" is what somebody
would write by hand: tifffile, one zarr array for each level, ``viewer.add_image``.

Bounds: the first frame takes at most 1.2 times as long as bare (median), memory grows by at
most 100 MB more, and at level 0 no more tiles are decoded than the canvas plus a margin of
one canvas needs. The exit code is 1 if one is broken. `compare.py` measures several trees with it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RATIO, MEGABYTES, TILE = 1.2, 100, 256


def main() -> int:
    """Build the slide, measure both ways in turn, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="20480x15360")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", nargs=3, metavar=("WAY", "FILE", "ROOT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        print(json.dumps(measure(*chosen.measure)))
        return 0
    with tempfile.TemporaryDirectory(prefix="blankslide-bench-") as folder:
        return compare(Path(folder), tuple(map(int, chosen.size.split("x"))), chosen.rounds)


def compare(folder: Path, size: Any, rounds: int) -> int:
    """Run both ways ``rounds`` times; return the exit code."""
    sys.path.insert(0, str(ROOT / "src"))
    from blankslide.samples.aperio.slide import build_aperio

    path = folder / "slide.svs"
    build_aperio(path, size=size, factors=(1, 4, 16, 64))
    results: dict[str, list[dict[str, Any]]] = {"bare": [], "blankslide": []}
    for _ in range(rounds):
        for way, found in results.items():
            found.append(in_process(way, path, folder))
    return judge(results, size)


def in_process(way: str, path: Path, folder: Path, root: Path = ROOT) -> dict[str, Any]:
    """Measure one way in a fresh interpreter with settings of its own, and with the Blankslide of a tree."""
    paths = os.pathsep.join(filter(None, (str(root / "src"), os.environ.get("PYTHONPATH", ""))))
    env = os.environ | {"NAPARI_CONFIG": str(folder / "settings.yaml"), "PYTHONPATH": paths}
    env |= {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    command = [sys.executable, __file__, "--measure", way, str(path), str(root)]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def judge(results: dict[str, list[dict[str, Any]]], size: tuple[int, int]) -> int:
    """Print a table and the three comparisons."""
    print(f"slide of {size[0]}x{size[1]}, median of {len(results['bare'])}, window open before the clock starts")
    middle = {}
    for way, found in results.items():
        middle[way] = {key: median(f[key] for f in found) for key in found[0]}
        m = middle[way]
        print(
            f"{way:>10}: first frame {m['seconds'] * 1000:5.0f} ms, memory +{m['grown']:4.0f} MB, tiles read for it "
            f"{m['tiles']:.0f}; at level 0: {m['tiles0']:.0f} tiles, {m['bytes0'] / 1e6:.2f} MB, "
            f"memory +{m['grown0']:.0f} MB (needed: {m['needed']:.0f}, allowed: {m['allowed']:.0f})"
        )
    bare, ours = middle["bare"], middle["blankslide"]
    ratio = ours["seconds"] / bare["seconds"]
    checks = [
        (f"first frame {ratio:.2f} x bare (at most {RATIO})", ratio <= RATIO),
        (
            f"memory {ours['grown'] - bare['grown']:+.0f} MB (at most +{MEGABYTES})",
            ours["grown"] - bare["grown"] <= MEGABYTES,
        ),
        (f"level 0: {ours['tiles0']:.0f} tiles (at most {ours['allowed']:.0f})", ours["tiles0"] <= ours["allowed"]),
    ]
    for words, holds in checks:
        print("ok     " if holds else "BROKEN ", words)
    return int(not all(holds for _, holds in checks))


# -- in the measured process ---------------------------------------------------------------


def measure(way: str, name: str, root: str) -> dict[str, float]:
    """Open the slide one way; return seconds, by the clock and of the processor, megabytes and tiles."""
    from time import perf_counter, process_time

    import psutil

    import napari

    counted = count_tiles()
    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(1280, 800)
    if way == "blankslide":
        register(Path(root))
    frames = [0]
    viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(
        lambda event: frames.__setitem__(0, frames[0] + any(layer.visible for layer in viewer.layers))
    )
    spin(1.0)
    process = psutil.Process()
    memory, frames[0], start, used = process.memory_info().rss, 0, perf_counter(), process_time()
    layer = {"bare": open_bare, "blankslide": open_ours}[way](viewer, name)
    until(lambda: frames[0] > 0)
    seconds, used = perf_counter() - start, process_time() - used
    first = {
        "seconds": seconds,
        "cpu": used,
        "grown": (process.memory_info().rss - memory) / 1e6,
        "tiles": len(counted),
    }
    spin(1.0)
    return first | at_level_0(viewer, layer, counted, process)


def at_level_0(viewer: Any, layer: Any, counted: list[int], process: Any) -> dict[str, float]:
    """Zoom into the middle until level 0 is drawn one to one; count what is decoded."""
    from math import ceil

    counted.clear()
    memory = process.memory_info().rss
    scale = layer.scale[-1]
    camera = viewer.scene.camera
    camera.center = (layer.data[0].shape[0] * scale / 2, layer.data[0].shape[1] * scale / 2)
    camera.zoom = 1 / scale
    until(lambda: layer.data_level == 0)
    spin(0.5)
    height, width = viewer.window._qt_viewer.canvas.size
    needed = (ceil(height / TILE) + 1) * (ceil(width / TILE) + 1)
    allowed = (ceil(2 * height / TILE) + 1) * (ceil(2 * width / TILE) + 1)
    grown = (process.memory_info().rss - memory) / 1e6
    return {"tiles0": len(counted), "bytes0": sum(counted), "grown0": grown, "needed": needed, "allowed": allowed}


def count_tiles() -> list[int]:
    """Note the size of every coded tile that tifffile is given to decode, whoever asks."""
    from tifffile import TiffPage

    counted: list[int] = []
    made = TiffPage.decode.func

    def decode(page: Any) -> Any:
        decoder = page.__dict__.setdefault("counted decoder", made(page))

        def counting(data: Any, *args: Any, **kwargs: Any) -> Any:
            if page.is_tiled and data is not None:
                counted.append(len(data))
            return decoder(data, *args, **kwargs)

        return counting

    TiffPage.decode = property(decode)
    return counted


def register(root: Path) -> None:
    """Make the plugin known where it is not installed; that is not part of opening a slide."""
    import npe2

    manager = npe2.PluginManager.instance()
    if "blankslide" not in manager:
        manager.register(npe2.PluginManifest.from_file(root / "napari.yaml"))


def open_ours(viewer: Any, name: str) -> Any:
    """Open through the reader: tissue, thumbnail, label and macro."""
    return viewer.open(name, plugin="blankslide")[0]


def open_bare(viewer: Any, name: str) -> Any:
    """Open by hand: the levels, and the three pictures as arrays."""
    import tifffile
    import zarr

    tiff = tifffile.TiffFile(name)
    series = tiff.series[0]
    levels = [zarr.open(series.aszarr(level=i), mode="r") for i in range(len(series.levels))]
    layer = viewer.add_image(levels, multiscale=True, rgb=True, scale=(0.499, 0.499), units=("um", "um"), name="slide")
    right = levels[0].shape[1] * 0.499
    for other in tiff.series[1:]:
        picture = viewer.add_image(other.asarray(), rgb=True, name=other.name, units=("um", "um"), translate=(0, right))
        right += picture.data.shape[1]
    return layer


def spin(seconds: float) -> None:
    """Let the window work for some time."""
    from time import perf_counter, sleep

    from qtpy.QtWidgets import QApplication

    end = perf_counter() + seconds
    while perf_counter() < end:
        QApplication.processEvents()
        sleep(0.002)


def until(holds: Any, limit: float = 120.0) -> None:
    """Let the window work until ``holds()``."""
    from time import perf_counter

    from qtpy.QtWidgets import QApplication

    end = perf_counter() + limit
    while not holds():
        QApplication.processEvents()
        if perf_counter() > end:
            raise TimeoutError


if __name__ == "__main__":
    sys.exit(main())
