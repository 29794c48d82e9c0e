"""What unrelated readers see of a real set: pyramid, optical paths, channels, stains, pixels.

The readers share no code with Blankslide, and mostly none with each other: OpenSlide, wsidicom, highdicom, mrxsslide,
libCZI. Each answers with facts that can be compared before and after, such as digests of pixels. What identifies is not
asked for. A reader that is not installed, or cannot read such a set, has no answer; one that could read the set and
cannot any more answers differently.
"""

from __future__ import annotations

import gc
import shutil
import subprocess
import tarfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

Facts = dict[str, Any]
MIRAX = "Mirax2-Fluorescence-2"


class RealSet(NamedTuple):
    """A real slide of several files, or of a big header: its name, and how to put it into a folder."""

    name: str
    source: Path

    def put(self, folder: Path) -> Path:
        """Copy it into an empty folder; return the path that a person would name."""
        if self.source.name.endswith(".tar.xz"):
            with tarfile.open(self.source) as tar:
                tar.extraction_filter = getattr(tarfile, "data_filter", None)  # 3.13 wants one, 3.11.2 knows none
                tar.extractall(folder)  # noqa: S202 our own archive
            return next(folder.glob("*.mrxs"))
        files = sorted(self.source.iterdir()) if self.source.is_dir() else [self.source]
        copies = [Path(shutil.copyfile(file, folder / file.name)) for file in files]  # these may be written to
        return copies[0]


def real_sets(shared: Path) -> list[RealSet]:
    """Return the real sets of a folder of real slides; those that are not there are left out."""
    dicom = sorted((shared / "dicom").iterdir()) if (shared / "dicom").is_dir() else []
    others = [shared / "mirax" / f"{MIRAX}.tar.xz", *sorted((shared / "czi").glob("*.czi"))]
    return [RealSet(p.name.partition(".")[0], p) for p in (*dicom, *others) if p.exists()]


def seen(path: Path) -> dict[str, Facts]:
    """Let every reader look at a set; those that cannot read it are left out."""
    readers: dict[str, Callable[[Path], Facts]] = {
        "OpenSlide": _openslide,
        "wsidicom": _wsidicom,
        "highdicom": _highdicom,
        "mrxsslide": _mrxsslide,
        "libCZI": _libczi,
    }
    out = {}
    for name, look in readers.items():
        with warnings.catch_warnings(), suppress(Exception):  # whatever a reader raises, it has no answer
            warnings.simplefilter("ignore")
            facts = look(path)
            if facts:
                out[name] = facts
    return out


def complaints(path: Path) -> dict[str, set[str]]:
    """What dciodvfy says of each DICOM file; new UIDs make other words of the same message."""
    import re

    out = {}
    for file in sorted(path.parent.iterdir()) if path.suffix == ".dcm" else ():
        command = ["dciodvfy", "-new", str(file)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 no shell, our files
        lines = (ended.stdout + ended.stderr).splitlines()
        kinds = ("Error", "Warning")
        out[file.name] = {re.sub(r"<[^>]*>$", "", m) for m in lines if m.startswith(kinds) and "DICOMDIR" not in m}
    return out


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=6).hexdigest()


def _openslide(path: Path) -> Facts:
    from openslide import OpenSlide

    with OpenSlide(path) as slide:
        return {
            "pyramid": slide.level_dimensions,
            "mpp": slide.properties.get("openslide.mpp-x"),
            "pixels": [
                _digest(slide.read_region(*_spot(slide, level)).tobytes()) for level in range(slide.level_count)
            ],
            "pictures": {name: image.size for name, image in slide.associated_images.items()},
        }


def _spot(slide: Any, level: int) -> tuple[tuple[int, int], int, tuple[int, int]]:
    """Return a place in the middle of what was scanned."""
    factor, (width, height) = slide.level_downsamples[level], slide.level_dimensions[level]
    size = min(width, 512), min(height, 512)
    known = slide.properties
    middle = [
        int(known.get(f"openslide.bounds-{at}", 0)) + int(known.get(f"openslide.bounds-{long}", whole)) // 2
        for at, long, whole in zip("xy", ("width", "height"), slide.dimensions, strict=True)
    ]
    return (int(middle[0] - size[0] * factor / 2), int(middle[1] - size[1] * factor / 2)), level, size


def _wsidicom(path: Path) -> Facts:
    from wsidicom import WsiDicom

    if path.suffix != ".dcm":
        return {}
    with WsiDicom.open(path.parent) as slide:
        about = slide.metadata
        return {
            "pyramid": [(level.size.width, level.size.height) for level in slide.levels],
            "mpp": [(level.mpp.width, level.mpp.height) for level in slide.levels],
            "optical paths": [
                (str(p.illumination), p.description, str(p.objective), p.icc_profile is not None)
                for p in about.pyramid.optical_paths
            ],
            "stains": [str(stain.substances) for stain in about.slide.stainings or ()],
            "pixels": [
                _digest(slide.read_region((0, 0), level.level, _part(level.size)).tobytes()) for level in slide.levels
            ],
            "pictures": [
                (picture.size.width, picture.size.height)
                for group in (slide.labels, slide.overviews)
                for picture in group or ()
            ],
        }


def _part(size: Any) -> tuple[int, int]:
    return min(size.width, 512), min(size.height, 512)


def _highdicom(path: Path) -> Facts:
    if path.suffix != ".dcm":
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its tables in memory open, of which 3.13 tells
        facts = _in_highdicom(path)
        gc.collect()
    return facts


def _in_highdicom(path: Path) -> Facts:
    import highdicom

    out: Facts = {}
    for number, file in enumerate(sorted(path.parent.iterdir())):
        with suppress(AttributeError):  # instances without a pixel size
            image = highdicom.imread(file)
            if image.ImageType[2] in ("LABEL", "OVERVIEW"):
                continue
            out[f"matrix {number}"] = _digest(image.get_total_pixel_matrix(apply_icc_profile=False).tobytes())
            out[f"optical paths {number}"] = len(image.OpticalPathSequence)
        with suppress(AttributeError):  # an issuer that this reader wrote and cannot read: it goes
            out[f"stains {number}"] = _stains(file)
    return out


def _stains(file: Path) -> list[str]:
    """Return the meanings of all that specimens were stained with."""
    from highdicom import SpecimenDescription, SpecimenStaining
    from pydicom import dcmread

    out: list[str] = []
    for item in dcmread(file, stop_before_pixels=True).get("SpecimenDescriptionSequence", ()):
        for step in SpecimenDescription.from_dataset(item).specimen_preparation_steps or ():
            if isinstance(step.processing_procedure, SpecimenStaining):
                out += [str(getattr(s, "meaning", s)) for s in step.processing_procedure.substances]
    return out


def _mrxsslide(path: Path) -> Facts:
    from mrxsslide import MrxsSlide

    if path.suffix != ".mrxs":
        return {}
    slide = MrxsSlide(path)
    try:
        files = [p.read_bytes() for p in sorted(path.with_suffix("").glob("Data*.dat"))]
        levels = slide._info.levels
        return {
            "tiles": [len(level.tiles) for level in levels],
            "coded": [
                _digest(b"".join(files[t.fileno][t.offset : t.offset + t.length] for t in level.tiles))
                for level in levels
            ],
        }
    finally:
        slide.close()


def _libczi(path: Path) -> Facts:
    from pylibCZIrw import czi

    if path.suffix != ".czi":
        return {}
    with czi.open_czi(str(path)) as slide:
        box = slide.total_bounding_box
        image = slide.metadata["ImageDocument"]["Metadata"]["Information"]["Image"]
        return {
            "box": box,
            "scenes": {number: tuple(r) for number, r in slide.scenes_bounding_rectangle.items()},
            "kinds": slide.pixel_types,
            "channels": list(_channels(image)),
            "pixels": [_digest(slide.read(plane={"C": c}).tobytes()) for c in range(*box.get("C", (0, 1)))],
        }


_CHANNEL = ("@Name", "Color", "Fluor", "ExposureTime", "ContrastMethod", "IlluminationType", "EmissionWavelength")


def _channels(image: Any) -> Iterator[tuple[Any, ...]]:
    held = image.get("Dimensions", {}).get("Channels", {}).get("Channel", [])
    for channel in held if isinstance(held, list) else [held]:
        yield tuple(channel.get(key) for key in _CHANNEL)
