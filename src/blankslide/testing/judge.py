"""An independent judge of one anonymized slide, for tests.

It is given the slide's bytes from before and the file from after, and returns complaints;
no complaint means that the slide is what the contract promises. Nothing of Blankslide's own
reading, searching or comparing is used: pages and tiles are located by tifffile in the
*original*, pixels and properties come from OpenSlide, removed values are spelled by an
encoder of its own. Everything is looked at whole, so it is for slides of a few megabytes.

A complaint may quote a value: the patients of tests are invented, or public.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

PIECE = 40
VARIETY = 12
_WORD, _STEP, _HASH = 8, 32, 22
_GONE = frozenset({"label", "macro"})
_KEYS = (
    r"(?:MPP|AppMag|StripeWidth|Left|Top|LineCameraSkew|LineArea[XY]Offset|Focus Offset|Exposure \w+"
    r"|DisplayColor|Original[wW]idth|Original[hH]eight|Gamma)"
)
_KEPT = re.compile(rf"openslide\.(?:vendor|mpp-[xy]|objective-power|level-count|level\[.*|icc-size)|aperio\.{_KEYS}")
_PAIRS = re.compile(rf"\|{_KEYS} = [-+\d.]+(?=[|;]|$)")


@dataclass(slots=True)
class Before:
    """What the judge remembers of the original.

    Parameters
    ----------
    data
        All bytes of the slide before.
    values
        Values that must be gone.
    gone
        Roles of the pictures that must be gone.
    same_profile
        Whether the colour profile must be bit for bit the same.
    """

    data: bytes
    values: tuple[str, ...] = ()
    gone: frozenset[str] = _GONE
    same_profile: bool = True
    kept: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, key: Planted | Iterable[str] = (), **more: Any) -> Before:
        """Read a slide that is about to be anonymized.

        Parameters
        ----------
        path
            The slide, still untouched.
        key
            Its answer key, or the values that must go.
        """
        from blankslide.samples.kit.answer_key import Planted

        if not isinstance(key, Planted):
            return cls(path.read_bytes(), tuple(key), **more)
        values = tuple(dict.fromkeys(r.value for r in key.removed if r.value.strip()))
        return cls(path.read_bytes(), values, kept={k.key: k.value for k in key.kept}, **more)


def judge(before: Before, path: Path, *, openslide: bool = True) -> list[str]:
    """Hold a slide against its own past.

    Parameters
    ----------
    openslide
        False if OpenSlide cannot open even the original (big-endian classic TIFF).

    Returns
    -------
    list of str
        Complaints; empty if the slide is as promised.
    """
    after = path.read_bytes()
    if len(after) != len(before.data):
        return [f"the size went from {len(before.data)} to {len(after)}"]
    return [
        *_tiles(before.data, after),
        *_by_tifffile(before, after),
        *(_by_openslide(before, path) if openslide else ()),
        *_pieces(before, after),
        *(f"{value!r} is left as {how}" for value in before.values for how in places_of(value, after)),
    ]


# -- coded tissue ------------------------------------------------------------------------


def _pages(data: bytes) -> Any:
    from tifffile import TiffFile

    return TiffFile(io.BytesIO(data))


def tiles_of(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield offset and length of every coded tile, as tifffile sees them."""
    with _pages(data) as tif:
        for page in tif.pages:
            if page.is_tiled:
                yield from _coded(page)


def _tiles(before: bytes, after: bytes) -> Iterator[str]:
    wrong = sum(before[at : at + size] != after[at : at + size] for at, size in tiles_of(before))
    if wrong:
        yield f"{wrong} coded tiles have changed"


# -- readers -----------------------------------------------------------------------------


def _by_tifffile(before: Before, after: bytes) -> Iterator[str]:
    with _pages(before.data) as old, _pages(after) as new:
        if old.is_svs != new.is_svs:
            yield "tifffile takes it for another format"
        was, now = ([_geometry(p) for p in tif.pages if p.is_tiled] for tif in (old, new))
        if was != now:
            yield "tifffile sees other levels"
        if before.gone & {_role(p) for p in new.pages}:
            yield "tifffile still sees a picture that had to go"
        for page in new.pages:
            yield from _decoded(page)


def _geometry(page: Any) -> tuple[Any, ...]:
    layout = (page.shape, page.dtype, page.chunks, page.compression, page.photometric)
    return (*layout, page.dataoffsets, page.databytecounts, page.jpegtables, _PAIRS.findall(page.description))


def _decoded(page: Any) -> Iterator[str]:
    try:
        page.asarray(maxworkers=1)
    except Exception as problem:  # whatever a codec raises is the complaint
        yield f"tifffile cannot decode page {page.index}: {type(problem).__name__}"


def _by_openslide(before: Before, path: Path) -> Iterator[str]:
    import tempfile
    from pathlib import Path as Folder

    from openslide import OpenSlide

    with tempfile.TemporaryDirectory() as folder:
        original = Folder(folder) / "original.svs"
        original.write_bytes(before.data)
        with OpenSlide(original) as old:
            try:
                with OpenSlide(path) as new:
                    yield from _compared(before, old, new)
            except Exception as problem:  # OpenSlide's own words are the complaint
                yield f"OpenSlide fails: {problem}"


def _compared(before: Before, old: Any, new: Any) -> Iterator[str]:
    was, now = dict(old.properties), dict(new.properties)
    for name in filter(_KEPT.fullmatch, was):
        if was[name] != now.get(name):
            yield f"OpenSlide sees {name} = {now.get(name)}, it was {was[name]}"
    for name, value in before.kept.items():
        if name in was and now.get(name) != value:
            yield f"OpenSlide sees {name} = {now.get(name)}, the answer key says {value}"
    if before.same_profile and _profile(old) != _profile(new):
        yield "OpenSlide sees another colour profile"
    for level, size in enumerate(old.level_dimensions):
        if _pixels(old, level, size) != _pixels(new, level, size):
            yield f"OpenSlide sees other pixels in level {level}"
    names = _expected(before, set(old.associated_images))
    if set(new.associated_images) != names:
        yield f"OpenSlide lists the pictures {sorted(new.associated_images)} instead of {sorted(names)}"
    for name in (names & set(new.associated_images)) - ({"thumbnail"} if _first_goes(before) else set()):
        if old.associated_images[name].tobytes() != new.associated_images[name].tobytes():
            yield f"OpenSlide sees another {name}"


def _expected(before: Before, names: set[str]) -> set[str]:
    """OpenSlide calls the second page the thumbnail, whatever it shows: after the first has gone, the next one is."""
    if not _first_goes(before):
        return names - before.gone
    with _pages(before.data) as tif:
        stay = [page for page in tif.pages if _role(page) not in before.gone]
    second = {"thumbnail"} if len(stay) > 1 and not stay[1].is_tiled else set()
    return names - before.gone - {"thumbnail"} | second


def _first_goes(before: Before) -> bool:
    with _pages(before.data) as tif:
        return len(tif.pages) > 1 and _role(tif.pages[1]) in before.gone


def _profile(slide: Any) -> bytes | None:
    return slide.color_profile.tobytes() if slide.color_profile is not None else None


def _pixels(slide: Any, level: int, size: tuple[int, int]) -> bytes:
    region: bytes = slide.read_region((0, 0), level, size).tobytes()
    return region


# -- pieces of the old pictures ----------------------------------------------------------


def _pieces(before: Before, after: bytes) -> Iterator[str]:
    """Look for the old pictures in all that is not coded data which stood there before.

    Complete JPEG streams begin with the same tables in tissue and pictures, hence the exception.
    """
    with _pages(before.data) as tif:
        roles = {page.index: _role(page) for page in tif.pages}
        rest = bytearray(after)
        for page in tif.pages:
            for at, size in _coded(page) if roles[page.index] not in before.gone else ():
                if before.data[at : at + size] == after[at : at + size]:
                    rest[at : at + size] = bytes(size)
        for page in tif.pages:
            role, strips = roles[page.index], (_pixels_of(before.data[at : at + size]) for at, size in _coded(page))
            if role in before.gone and has_piece(b"".join(strips), bytes(rest)):
                yield f"a piece of the old {role} is left"


def _pixels_of(strip: bytes) -> bytes:
    """Leave out a JPEG stream's tables: they say nothing of the picture, and a blank one may share them."""
    scan = strip.find(b"\xff\xda") if strip[:2] == b"\xff\xd8" else -1
    return strip[max(0, scan) :]


def _coded(page: Any) -> Iterator[tuple[int, int]]:
    return zip(page.dataoffsets, page.databytecounts, strict=True)


def _role(page: Any) -> str:
    """Name what a page of the original shows; samples and real slides type or describe their pictures."""
    if page.is_tiled:
        return "level"
    second = page.description.partition("\n")[2]
    named = next((role for role in _GONE if second.startswith(f"{role} ")), None)
    return named or {1: "label", 9: "macro"}.get(page.subfiletype, "thumbnail")


def has_piece(old: bytes, data: bytes) -> bool:
    """Whether 40 bytes in a row of ``old``, with more than 12 different ones, stand in ``data``.

    Such a piece covers eight bytes that begin at a multiple of 32 of ``data``: only there is
    looked for words of ``old``, and each find is then tried whole.
    """
    if len(old) < PIECE or len(data) < PIECE:
        return False
    seen = _common(_words(data, 0)[:: _STEP // _WORD], [_words(old, shift) for shift in range(_WORD)]) * _STEP
    tried: set[bytes] = set()
    for at in seen.tolist():
        low = max(0, at - _STEP)
        if len(set(data[low : at + PIECE])) > VARIETY:
            tried.update(data[start : start + PIECE] for start in range(low, at + 1))
    return any(len(p) == PIECE and len(set(p)) > VARIETY and p in old for p in tried)


def _common(here: Any, words: Sequence[Any]) -> Any:
    """Return the indexes in ``here`` at which one of the words stands.

    Both sides are thinned by a hash before they are compared: most words stand on one side only, and to sort all
    of them was half the cost of a judgement.
    """
    import numpy as np

    marked = np.zeros(1 << _HASH, np.bool_)
    for some in words:
        marked[_hashed(some)] = True
    found = np.flatnonzero(marked[_hashed(here)])
    marked[:] = False
    marked[_hashed(here[found])] = True
    rest = np.concatenate([some[marked[_hashed(some)]] for some in words])
    return found[np.isin(here[found], rest)]


def _hashed(words: Any) -> Any:
    import numpy as np

    return (words * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _HASH)


def _words(data: bytes, shift: int) -> Any:
    import numpy as np

    count = (len(data) - shift) // _WORD
    return np.frombuffer(data, "<u8", count, shift)
