"""What napari shows of ten slides with Blankslide, with napari-tiff and with napari-wsi, in one run.

    python benchmarks/viewers.py [--write docs/viewing.md]

Needs the extra ``napari``, ``napari-tiff`` and ``napari-wsi``, and no screen. Each reader has a process of its own and
opens the slides as layers of a viewer without a window: layers, levels, type of the pixels, steps of depth and time,
the unit, and the pictures beside the tissue. A slide that a reader does not open says so. The slides are built of
invented patients.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
READERS = ("Blankslide", "napari-tiff", "napari-wsi")
SLIDES = (
    "aperio-classic.svs",
    "hamamatsu-nanozoomer.ndpi",
    "leica-scn400.scn",
    "ventana-dp200.bif",
    "qptiff-fluorescence.qptiff",
    "ome-channels.ome.tif",
    "generic-vips.tif",
    "mirax.mrxs",
    "zeiss-channels.czi",
    "dicom-wsi.dcm",
)
BEGIN, END = "<!-- viewers: made by benchmarks/viewers.py -->", "<!-- end of viewers -->"


def main() -> int:
    """Build the slides, open each with each reader, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="the page to put the table into")
    parser.add_argument("--look", nargs="+", metavar="READER", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.look:
        print(json.dumps([looked(chosen.look[0], name) for name in chosen.look[1:]]))
        return 0
    sys.path.insert(0, str(ROOT / "src"))
    with tempfile.TemporaryDirectory(prefix="blankslide-viewers-") as folder:
        paths = [built(Path(folder), name) for name in SLIDES]
        seen = [list(map(words, in_process(reader, paths))) for reader in READERS]
    rows = zip(SLIDES, zip(*seen, strict=True), strict=True)
    table = [f"| slide | {' | '.join(READERS)} |", "|---" * (len(READERS) + 1) + "|"]
    table += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows]
    print("\n".join(table))
    if chosen.write:
        page = chosen.write.read_text(encoding="utf-8")
        before, after = page.partition(BEGIN)[0], page.partition(END)[2]
        chosen.write.write_text(f"{before}{BEGIN}\n\n" + "\n".join(table) + f"\n\n{END}{after}", encoding="utf-8")
    return 0


def in_process(reader: str, paths: list[Path]) -> list[list[dict[str, Any]] | None]:
    """Open slides with a reader in a fresh interpreter; None for those that it does not open."""
    env = os.environ | {"QT_QPA_PLATFORM": "offscreen", "NAPARI_CONFIG": str(paths[0].parent / "settings.yaml")}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT / "src"), env.get("PYTHONPATH", ""))))
    command = [sys.executable, __file__, "--look", reader, *map(str, paths)]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    found: list[list[dict[str, Any]] | None] = json.loads(done.stdout.splitlines()[-1])
    return found


def words(layers: list[dict[str, Any]] | None) -> str:
    """Say in one cell what a reader shows."""
    if not layers:
        return "not opened"
    beside = [each["name"] for each in layers if each["role"] not in ("", "slide") and not each["tissue"]]
    tissue = [each for each in layers if each["name"] not in beside]
    first = tissue[0]
    said = [f"{len(tissue)} layers: {', '.join(each['name'] for each in tissue)}" if len(tissue) > 1 else "1 layer"]
    said.append(f"{first['levels']} level{'s' * (first['levels'] != 1)}")
    said.append(first["kind"])
    said.append(f"{first['steps']} steps" if first["steps"] > 1 else "")
    said.append(first["unit"])
    said.append(", ".join(beside))
    return "; ".join(filter(None, said))


# -- in the process that looks --------------------------------------------------------------


def looked(reader: str, name: str) -> list[dict[str, Any]] | None:
    """Open a slide with a reader; None if it does not open it."""
    try:
        return look(reader, name)
    except Exception as error:  # whatever a reader raises: it does not open this one
        print(reader, Path(name).name, type(error).__name__, error, file=sys.stderr)
        return None


def look(reader: str, name: str) -> list[dict[str, Any]]:
    """Open a slide with a reader; return what each layer is."""
    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    viewer = ViewerModel()
    for made in {"Blankslide": by_blankslide, "napari-tiff": by_napari_tiff, "napari-wsi": by_napari_wsi}[reader](name):
        if isinstance(made, Layer):
            viewer.add_layer(made)
        else:
            data, keywords, kind = made
            _ = viewer.add_image(data, **keywords) if kind == "image" else None
    return [described(layer) for layer in viewer.layers if isinstance(layer, Image)]


def described(layer: Any) -> dict[str, Any]:
    """Say what a layer is; a first pixel is read, so that nothing is told of what cannot be read."""
    import numpy as np

    from blankslide._napari.marks import is_tissue

    mark = layer.metadata.get("blankslide")
    levels = list(layer.data) if layer.multiscale else [layer.data]
    np.asarray(levels[-1][(0,) * (layer.ndim - 2)])
    axes = layer.ndim - 2
    return {
        "name": layer.name.partition(" · ")[2] or layer.name,
        "role": getattr(mark, "role", ""),
        "tissue": mark is None or is_tissue(mark.role),
        "levels": len(levels),
        "kind": ("colour " if layer.rgb else "") + f"{8 * np.dtype(levels[0].dtype).itemsize} bits",
        "steps": int(np.prod(levels[0].shape[:axes])) if axes else 1,
        "unit": {"micrometer": "µm", "pixel": "pixels"}.get(str(layer.units[-1]), str(layer.units[-1])),
    }


def by_blankslide(name: str) -> list[Any]:
    """Open with our reader."""
    from blankslide._napari.commands import get_reader

    read = get_reader(name)
    return list(read(name)) if read is not None else []


def by_napari_tiff(name: str) -> list[Any]:
    """Open with napari-tiff."""
    from napari_tiff.napari_tiff_reader import napari_get_reader

    read = napari_get_reader(name)
    return list(read(name)) if read is not None else []


def by_napari_wsi(name: str) -> list[Any]:
    """Open with napari-wsi: with each of its backends, as its widget offers them, until one opens the slide."""
    from contextlib import suppress

    from napari_wsi.backends.common import WSIReaderBackend
    from napari_wsi.color_transform import ColorSpace
    from napari_wsi.common import open_store

    for backend in WSIReaderBackend:
        with suppress(Exception):
            path = Path(name).parent if "DICOM" in backend.name.upper() else name
            made = open_store(path=str(path), backend=backend, color_space=ColorSpace.RAW).to_layer_data_tuples()
            if made:
                return list(made)
    return []


# -- slides ---------------------------------------------------------------------------------


def built(folder: Path, name: str) -> Path:
    """Build one of the slides in a folder of its own."""
    from blankslide.testing.built import builders

    path = folder / name.partition(".")[0] / name
    path.parent.mkdir()
    {"ome-channels.ome.tif": ome, "zeiss-channels.czi": czi}.get(name, builders().get(name))(path)  # type: ignore[misc]
    return path


def ome(path: Path) -> None:
    """Write an OME-TIFF of two channels, three depths, 16 bits and two levels."""
    import numpy as np
    import tifffile

    data = np.random.default_rng(5).integers(0, 40_000, (3, 2, 512, 640), dtype=np.uint16)
    told = {"axes": "ZCYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "Channel": {"Name": ["DAPI", "CD3"]}}
    layout: dict[str, Any] = {"tile": (128, 128), "compression": "zlib", "photometric": "minisblack"}
    with tifffile.TiffWriter(path, ome=True) as tiff:
        tiff.write(data, subifds=1, metadata=told, **layout)
        tiff.write(data[..., ::2, ::2], subfiletype=1, **layout)


def czi(path: Path) -> None:
    """Write a CZI of two scenes, two channels, three depths and 16 bits."""
    import numpy as np
    from pylibCZIrw import czi as library

    data = np.random.default_rng(6).integers(0, 40_000, (2, 3, 300, 400, 1), dtype=np.uint16)
    with library.create_czi(str(path)) as made:
        for channel, depth in np.ndindex(2, 3):
            plane = {"C": channel, "Z": depth, "T": 0}
            made.write(data[channel, depth], plane=plane, location=(0, 0), scene=0)
            made.write(data[channel, depth, :200], plane=plane, location=(900, 100), scene=1)
        made.write_metadata("slide", channel_names={0: "DAPI", 1: "GFP"}, scale_x=5e-7, scale_y=5e-7)


if __name__ == "__main__":
    sys.exit(main())
