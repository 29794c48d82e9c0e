"""MIRAX: sets of a small main file and a folder, and all that can be wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from blankslide.formats.mirax.format import FORMAT
from blankslide.testing.built import build_mirax
from blankslide.testing.conformance import FormatConformance, _built, _edited
from blankslide.testing.judge import has_piece
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {
    "tile": (64, 48),
    "images": (4, 2),
    "levels": 2,
    "pictures": {
        **{"label": (120, 160), "macro": (100, 200), "thumbnail": (80, 160)},
        **{"whole": (100, 240), "preview": (80, 160)},
    },
}


def looks(path: Path) -> list[dict[str, Any]]:
    """What two unrelated readers see: properties, pixels of all levels, pictures."""
    from mrxsslide import MrxsSlide
    from openslide import OpenSlide

    out = []
    for reader in (OpenSlide, MrxsSlide):
        slide = reader(path)
        try:
            pixels = [slide.read_region((0, 0), i, size).tobytes() for i, size in enumerate(slide.level_dimensions)]
            pictures = {
                n: (image.size, image.convert("RGB").getextrema()) for n, image in slide.associated_images.items()
            }
            out.append({"known": dict(slide.properties), "pixels": pixels, "pictures": pictures})
        finally:
            slide.close()
    return out


def complaints(before: Mapping[str, bytes], planted: Planted, path: Path) -> Iterator[str]:
    """Hold a set against its past, as OpenSlide and mrxsslide see both."""
    old = path.parent / "before"
    for name, data in before.items():
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).write_bytes(data)
    views = list(zip(looks(old / path.name), looks(path), strict=True))
    import shutil

    shutil.rmtree(old)
    for was, now in views:
        if was["pixels"] != now["pixels"]:
            yield "a reader sees other tissue"
        if {n: p[0] for n, p in was["pictures"].items()} != {n: p[0] for n, p in now["pictures"].items()}:
            yield "a reader lists other pictures"
        if any(low != high for _, extrema in now["pictures"].values() for low, high in extrema):
            yield "a picture shows something"
        for kept in planted.kept:
            if now["known"].get(kept.key) != was["known"].get(kept.key):
                yield f"a reader sees another {kept.key}"
            if kept.key.startswith("mirax.") and kept.key in was["known"] and now["known"].get(kept.key) != kept.value:
                yield f"the answer key says otherwise of {kept.key}"
    files = [p.read_bytes() for p in path.parent.rglob("*") if p.is_file()]
    for picture in planted.pictures:
        at, size = picture.strips[0]
        coded = before[picture.file or path.name][at : at + size].partition(b"\xff\xda")[2]
        if any(has_piece(coded, data) for data in files):
            yield f"a piece of the old {picture.role} is left"
    for removed in planted.removed:
        if removed.value and any(places_of(removed.value, data) for data in files):
            yield f"a value of {removed.id} is left"


class Mirax(FormatConformance):
    format = FORMAT
    suffix = ".mrxs"
    small: ClassVar[dict[str, Any]] = SMALL
    recipe: ClassVar[dict[str, Any]] = {}
    expected = frozenset(
        ("picture.label", "picture.macro", "picture.thumbnail", "picture.whole", "picture.preview", "mirax.slide-id")
    )

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_mirax(path, **{**self.recipe, **overrides})

    def tissue(self, before: Mapping[str, bytes], name: str) -> list[tuple[int, int, int]]:
        """All tiles as mrxsslide finds them, in the numbers of the plan: data files begin at 3."""
        import tempfile
        from pathlib import Path

        from mrxsslide import MrxsSlide

        with tempfile.TemporaryDirectory() as folder:
            for member, data in before.items():
                (Path(folder) / member).parent.mkdir(exist_ok=True)
                (Path(folder) / member).write_bytes(data)
            slide = MrxsSlide(Path(folder) / name)
            levels = slide._info.levels
            tiles = [(t.fileno + 3, t.offset, t.length) for level in levels for t in level.tiles]
            slide.close()
        scans = []
        for file, at, size in tiles:
            data = before[f"{name.removesuffix('.mrxs')}/Data{file - 3:04}.dat"]
            scan = data.index(b"\xff\xda", at)
            scans.append((file, scan, at + size - scan))
        return scans

    def test_leaves_tissue_bit_for_bit(self) -> None:
        original, (after, _, _) = _built(type(self), False), _edited(type(self))
        for file, at, size in self.tissue(original.files, original.name):
            name = f"sample/Data{file - 3:04}.dat"
            assert after[name][at : at + size] == original.files[name][at : at + size]

    def test_every_copy_in_every_member_lies_in_a_finding(self) -> None:
        original, names = _built(type(self), False), ["sample.mrxs", "sample/Slidedat.ini", "sample/Index.dat"]
        names += sorted(n for n in original.files if n.endswith(".dat") and "Data" in n)
        spans = {(f.id, names[p.file], p.start, p.end) for f in self._inspection().findings for p in f.places}
        for planted in original.planted.removed:
            for at, size in planted.places:
                covers = [s for s in spans if s[0] == planted.id and s[1] == (planted.file or original.name)]
                assert any(s <= at and at + size <= e for _, _, s, e in covers), planted.id

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        return list(complaints(before, planted, path))


class TestAsScannersWriteIt(Mirax):
    pass


class TestPlain(Mirax):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {"bom": b"", "newline": "\n", "wide": frozenset(), "old": False}
    small: ClassVar[dict[str, Any]] = SMALL | {"comment": b"operator Ottoline Quillfeather"}
