"""Slides for tests that are drawn once and then copied: drawing one costs more than most that is done to it.

The same recipe gives the same bytes and the same answer key, which a test of the samples holds to; so a slide
that was drawn before need not be drawn again. Each caller gets files and a key of its own.
"""

from __future__ import annotations

import copy
import functools
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from blankslide import samples
from blankslide.samples import (
    argos,
    dicom,
    generic_tiff,
    huron,
    leica,
    mikroscan,
    motic,
    ome_tiff,
    qptiff,
    sakura,
    threedhistech_tiff,
    trestle,
)
from blankslide.samples.aperio import slide as aperio_slide
from blankslide.samples.hamamatsu import slide as hamamatsu_slide
from blankslide.samples.hamamatsu import vms as hamamatsu_vms
from blankslide.samples.kit.patients import Patient
from blankslide.samples.mirax import slide as mirax_slide
from blankslide.samples.philips import isyntax as philips_isyntax
from blankslide.samples.philips import tiff as philips_tiff
from blankslide.samples.ventana import slide as ventana_slide
from blankslide.samples.zeiss import slide as zeiss_slide
from blankslide.testing.bench import contents

if TYPE_CHECKING:
    from blankslide.samples.kit.answer_key import Planted

__all__ = [
    "aperio",
    "build_aperio",
    "build_argos",
    "build_dicom",
    "build_generic",
    "build_hamamatsu",
    "build_hamamatsu_ndpis",
    "build_hamamatsu_vms",
    "build_huron",
    "build_leica",
    "build_mikroscan",
    "build_mirax",
    "build_motic",
    "build_ome",
    "build_philips",
    "build_philips_isyntax",
    "build_qptiff",
    "build_sakura",
    "build_threedhistech",
    "build_trestle",
    "build_ventana",
    "build_zeiss",
    "builders",
    "remembered",
]

ROOM = 128 << 20
P = ParamSpec("P")
Key = TypeVar("Key")
_PLAIN = (str, int, float, bool, bytes, type(None))
_drawn: OrderedDict[str, tuple[dict[str, bytes], Any]] = OrderedDict()


def builders() -> dict[str, Callable[..., Planted]]:
    """Return `samples.builders`, each remembered."""
    return {name: remembered(build, name) for name, build in samples.builders().items()}


def remembered(build: Callable[P, Key], called: str = "") -> Callable[P, Key]:
    """Return a builder that does what another one does, from memory where the same was asked for before.

    Parameters
    ----------
    build
        Writes a slide to the path that comes first, and beside it, and returns its answer key; by the path's
        last part and the other arguments alone.
    called
        What tells it from all others, if its name does not.
    """
    known = called or f"{build.__module__}.{build.__qualname__}"

    @functools.wraps(build)
    def rebuilt(*given: P.args, **recipe: P.kwargs) -> Key:
        path, *flavour = given
        assert isinstance(path, Path)
        if not _is_worth_keeping((flavour, recipe)):
            return build(*given, **recipe)
        files, key = _drawn_before(known, build, path.name, flavour, recipe)
        for name, data in files.items():
            target = path.parent / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return cast("Key", key)

    return rebuilt


def aperio(path: Path, *flavour: str, **recipe: Any) -> Planted:
    """Write a slide as `build_aperio` would, from memory where the same recipe was asked for under any name.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    flavour, recipe
        As for `build_aperio`.

    Returns
    -------
    Planted
        The answer key, a copy.
    """
    if not _is_worth_keeping((flavour, recipe)):
        return aperio_slide.build_aperio(path, *flavour, **recipe)
    files, planted = _drawn_before("aperio", aperio_slide.build_aperio, "slide.svs", flavour, recipe)
    path.write_bytes(files["slide.svs"])
    planted.file = path.name
    return cast("Planted", planted)


def _drawn_before(
    known: str, build: Callable[..., Any], name: str, flavour: Sequence[Any], recipe: Mapping[str, Any]
) -> tuple[dict[str, bytes], Any]:
    """Return the files of a slide and a copy of its key; what is new is drawn apart."""
    asked = repr((known, name, tuple(flavour), sorted(recipe.items())))
    if asked in _drawn:
        files, key = _drawn[asked]
        return files, copy.deepcopy(key)
    with tempfile.TemporaryDirectory() as folder:
        key = build(Path(folder) / name, *flavour, **recipe)
        files = contents(Path(folder))
    _drawn[asked] = files, copy.deepcopy(key)
    while sum(len(data) for drawn, _ in _drawn.values() for data in drawn.values()) > ROOM:
        _drawn.popitem(last=False)
    return files, key


def _is_worth_keeping(recipe: object) -> bool:
    """Whether a recipe says all, and of a slide that memory has room for: pixels at 9 GB are left to the disk."""
    return _is_plain(recipe) and not _is_far(recipe)


def _is_far(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_is_far, value.values()))
    return any(map(_is_far, value)) if isinstance(value, tuple | list) else isinstance(value, int) and value > ROOM


def _is_plain(value: object) -> bool:
    """Whether what is printed of a value says all of it."""
    if isinstance(value, dict):
        return _is_plain(tuple(value.items()))
    if isinstance(value, tuple | list):
        return type(value) in (tuple, list) and all(map(_is_plain, value))
    return isinstance(value, Patient) or type(value) in _PLAIN


build_aperio = remembered(aperio_slide.build_aperio)
build_argos = remembered(argos.build_argos)
build_dicom = remembered(dicom.build_dicom)
build_generic = remembered(generic_tiff.build_generic)
build_hamamatsu = remembered(hamamatsu_slide.build_hamamatsu)
build_hamamatsu_ndpis = remembered(hamamatsu_slide.build_hamamatsu_ndpis)
build_hamamatsu_vms = remembered(hamamatsu_vms.build_hamamatsu_vms)
build_huron = remembered(huron.build_huron)
build_leica = remembered(leica.build_leica)
build_mikroscan = remembered(mikroscan.build_mikroscan)
build_mirax = remembered(mirax_slide.build_mirax)
build_motic = remembered(motic.build_motic)
build_ome = remembered(ome_tiff.build_ome)
build_philips_isyntax = remembered(philips_isyntax.build_philips_isyntax)
build_philips = remembered(philips_tiff.build_philips)
build_qptiff = remembered(qptiff.build_qptiff)
build_sakura = remembered(sakura.build_sakura)
build_threedhistech = remembered(threedhistech_tiff.build_threedhistech)
build_trestle = remembered(trestle.build_trestle)
build_ventana = remembered(ventana_slide.build_ventana)
build_zeiss = remembered(zeiss_slide.build_zeiss)
