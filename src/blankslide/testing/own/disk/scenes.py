"""What is run: a small slide of a format, and what is asked for. Every run is a user's first: key and ledger are made.

The slides are as small as the format allows, so that thousands of states can be tried; what is written to them is what
is written to large ones. Beside them stand all samples, each in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SCENES", "Scene", "chosen", "every_format", "every_scene"]


class Scene(NamedTuple):
    """A slide and a wish.

    Attributes
    ----------
    format, mode
        What the table calls it; a sample is called by its file name.
    name
        The slide's file name.
    recipe
        Arguments for the sample's builder.
    asks
        The command line; ``SLIDE`` and ``OUT`` stand for paths.
    """

    format: str
    mode: str
    name: str
    recipe: dict[str, Any]
    asks: tuple[str, ...]

    @property
    def title(self) -> str:
        """Format and mode."""
        return f"{self.format}, {self.mode}"

    @property
    def is_copy(self) -> bool:
        """Whether the slide itself is only read."""
        return "OUT" in self.asks

    def build(self, path: Path) -> None:
        """Write the slide."""
        _builder(self.format)(path, **self.recipe)


_BUILDERS = {
    "aperio": ("aperio.slide", "build_aperio"),
    "ndpi": ("hamamatsu.slide", "build_hamamatsu"),
    "mirax": ("mirax.slide", "build_mirax"),
    "dicom": ("dicom", "build_dicom"),
    "svslide": ("sakura", "build_sakura"),
    "czi": ("zeiss.slide", "build_zeiss"),
    "isyntax": ("philips.isyntax", "build_philips_isyntax"),
    "vms": ("hamamatsu.vms", "build_hamamatsu_vms"),
}


def _builder(format: str) -> Callable[..., object]:
    """Import the builder: all of them together would take a second, so they are imported for a sample only."""
    from importlib import import_module

    if format not in _BUILDERS:
        from blankslide.samples import builders

        return builders()[format]
    module, name = _BUILDERS[format]
    builder: Callable[..., object] = getattr(import_module(f"blankslide.samples.{module}"), name)
    return builder


_IN_PLACE = ("anonymize", "--in-place", "SLIDE")
_COPY = ("anonymize", "--out", "OUT", "SLIDE")
_APERIO = {"size": (512, 384), "factors": (1, 2, 4), "macro_size": (400, 140)}
_DICOM = {"size": (128, 96), "tile": 64, "factors": (1, 2), "label_size": (60, 72), "macro_size": (96, 40)}

SCENES = (
    Scene("aperio", "in place", "s.svs", _APERIO, _IN_PLACE),
    Scene("aperio", "renamed", "s.svs", _APERIO, (*_IN_PLACE, "--name", "fresh")),
    Scene("aperio", "copy", "s.svs", _APERIO, _COPY),
    Scene("ndpi", "in place", "s.ndpi", {"macro_size": None}, _IN_PLACE),
    Scene("mirax", "in place", "s.mrxs", {}, _IN_PLACE),
    Scene("mirax", "renamed", "s.mrxs", {}, (*_IN_PLACE, "--name", "fresh")),
    Scene("mirax", "copy", "s.mrxs", {}, (*_COPY, "--name", "fresh")),
    Scene("dicom", "in place", "s.dcm", _DICOM, _IN_PLACE),
    Scene("dicom", "copy", "s.dcm", _DICOM, _COPY),
    Scene("svslide", "in place", "s.svslide", {}, _IN_PLACE),
    Scene("czi", "in place", "s.czi", {}, _IN_PLACE),
    Scene("isyntax", "in place", "s.isyntax", {}, _IN_PLACE),
    Scene("vms", "in place", "s.vms", {}, _IN_PLACE),
)


def chosen(*words: str) -> tuple[Scene, ...]:
    """Return the scenes whose title holds one of some words; all of them without."""
    return _with(SCENES, words)


def every_scene(*words: str) -> tuple[Scene, ...]:
    """Return the same, and every sample in place."""
    from blankslide.samples import builders

    return _with((*SCENES, *map(_sample, sorted(builders()))), words)


def every_format(*words: str) -> tuple[Scene, ...]:
    """Return the scenes, and in place a sample of each builder that none of them uses."""
    from blankslide.samples import builders

    known, others = set(_BUILDERS.values()), dict[tuple[str, str], str]()
    for name, build in sorted(builders().items()):
        own = getattr(build, "func", build)
        one = own.__module__.removeprefix("blankslide.samples."), own.__name__
        if one not in known:
            others.setdefault(one, name)
    return _with((*SCENES, *map(_sample, others.values())), words)


def _sample(name: str) -> Scene:
    return Scene(name, "in place", name, {}, _IN_PLACE)


def _with(scenes: Sequence[Scene], words: Sequence[str]) -> tuple[Scene, ...]:
    return tuple(scene for scene in scenes if not words or any(word in scene.title for word in words))
