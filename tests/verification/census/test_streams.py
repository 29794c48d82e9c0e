"""Every stream of a real encoder is walked to its end; whatever is put beside its picture is inside a range."""

from __future__ import annotations

import ast
import io
import itertools
import random
from collections import Counter
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from blankslide.verification import census
from blankslide.verification.census import jpeg_walk, surplus
from blankslide.verification.census.streams import Coded, beside, beside_tables

WHO = b"Jane Roe 1950-02-03 MRN 4711-0815"
SIDE = 64
NOISE = np.random.default_rng(7).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
JPEG = Coded(7, SIDE, SIDE, 3, 8)


def segment(code: int, body: bytes) -> bytes:
    return bytes((0xFF, code)) + (len(body) + 2).to_bytes(2, "big") + body


def photo(**how: Any) -> bytes:
    """Return the picture as libjpeg writes it through Pillow; JFIF in front."""
    stream = io.BytesIO()
    Image.fromarray(NOISE).save(stream, "JPEG", **{"quality": 90, **how})
    return stream.getvalue()


PLAIN = photo()
FRAME = PLAIN.index(b"\xff\xc0")
SCAN = PLAIN.index(b"\xff\xda")
TABLE = PLAIN.index(b"\xff\xdb")
CODED = SCAN + 14  # marker, length and twelve bytes


def grown(stream: bytes, at: int, extra: bytes = WHO) -> bytes:
    """Return the stream with `extra` at the end of the segment at `at`, which says so."""
    size = int.from_bytes(stream[at + 2 : at + 4], "big")
    body = stream[at + 4 : at + 2 + size]
    return stream[:at] + segment(stream[at + 1], body + extra) + stream[at + 2 + size :]


def inside(stream: bytes, ranges: list[tuple[int, int]] | None, text: bytes = WHO) -> bool:
    """Tell whether each place of `text` is in a range, and the ranges are sorted and disjoint."""
    assert ranges is not None, "the stream was not taken for one"
    assert all(a < b <= len(stream) for a, b in ranges)
    assert all(b < c for (_, b), (c, _) in itertools.pairwise(ranges))
    at, places = stream.find(text), []
    while at >= 0:
        places.append(any(a <= at and at + len(text) <= b for a, b in ranges))
        at = stream.find(text, at + 1)
    return bool(places) and all(places)


@pytest.mark.parametrize(
    "how", [{}, {"progressive": True}, {"subsampling": 0}, {"optimize": True}, {"restart_marker_rows": 1}]
)
def test_a_jpeg_of_a_real_encoder_holds_nothing_else(how: dict[str, Any]) -> None:
    assert beside(photo(**how), JPEG) == []


@pytest.mark.parametrize("bits", [8, 12])
def test_grey_deep_and_lossless_jpegs_are_streams_too(bits: int) -> None:
    grey = (NOISE[..., 0].astype(np.uint16) << (bits - 8)).astype(np.uint8 if bits == 8 else np.uint16)
    coded = Coded(7, SIDE, SIDE, 1, bits)
    assert beside(imagecodecs.jpeg8_encode(grey, bitspersample=bits), coded) == []
    assert beside(imagecodecs.jpeg8_encode(grey, bitspersample=bits, lossless=True), coded) == []


def test_an_abbreviated_stream_and_its_tables() -> None:
    tables = b"\xff\xd8" + PLAIN[TABLE:FRAME] + PLAIN[PLAIN.index(b"\xff\xc4") : SCAN] + b"\xff\xd9"
    short = b"\xff\xd8" + PLAIN[FRAME : PLAIN.index(b"\xff\xc4")] + PLAIN[SCAN:]
    assert beside_tables(tables, [short]) == []
    assert beside(short, JPEG._replace(tables=tables)) == []
    for planted in (
        tables + WHO,
        tables[:-2] + segment(0xFE, WHO) + tables[-2:],
        grown(tables, 2),
        tables[:-2] + WHO + tables[-2:],
    ):
        assert inside(planted, beside_tables(planted, [short]))
    interval = PLAIN[:2] + segment(0xDD, WHO) + PLAIN[2:]
    assert inside(interval, beside_tables(interval, [short]))
    assert beside_tables(tables[:-2], [short]) is None
    assert beside_tables(b"", [short]) is None


def test_shared_tables_may_say_how_colours_are_coded_once() -> None:
    tables = b"\xff\xd8" + PLAIN[TABLE:FRAME] + b"\xff\xd9"
    short = b"\xff\xd8" + PLAIN[FRAME : PLAIN.index(b"\xff\xc4")] + PLAIN[SCAN:]
    adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\1")
    once = tables[:2] + adobe + tables[2:]
    assert beside_tables(once, [short]) == []
    assert beside_tables(once[:2] + adobe + once[2:], [short])
    for said in (b"Adobe\0\x64\0\0\0\0\1" + WHO, b"Doe, Jane"):
        longer = tables[:2] + segment(0xEE, said) + tables[2:]
        assert beside_tables(longer, [short])


def test_a_shared_table_that_no_stream_uses_is_beside() -> None:
    tables = b"\xff\xd8" + PLAIN[TABLE:FRAME] + b"\xff\xd9"
    short = b"\xff\xd8" + PLAIN[FRAME : PLAIN.index(b"\xff\xc4")] + PLAIN[SCAN:]
    idle = tables[:2] + segment(0xDB, b"\x03" + WHO.ljust(64, b"\1")) + tables[2:]
    assert beside_tables(tables, [short, short]) == []
    assert inside(idle, beside_tables(idle, [short]))
    assert beside_tables(tables, [PLAIN]), "a stream that brings its own tables uses no others"
    assert beside_tables(tables, []), "nothing uses the tables of strips that are no JPEG"


PLANTED = {
    "comment": PLAIN[:2] + segment(0xFE, WHO) + PLAIN[2:],
    "comment behind the scan": PLAIN[:-2] + segment(0xFE, WHO) + PLAIN[-2:],
    "exif": PLAIN[:2] + segment(0xE1, b"Exif\0\0" + WHO) + PLAIN[2:],
    "second jfif": PLAIN[:20] + PLAIN[2:20].replace(b"JFIF", b"JFIF") + grown(PLAIN, 2)[2:],
    "long jfif": grown(PLAIN, 2),
    "long adobe": PLAIN[:2] + segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01" + WHO) + PLAIN[2:],
    "long tables": grown(PLAIN, TABLE),
    "long huffman": grown(PLAIN, PLAIN.index(b"\xff\xc4")),
    "long frame": grown(PLAIN, FRAME),
    "long scan header": grown(PLAIN, SCAN),
    "long interval": PLAIN[:SCAN] + segment(0xDD, b"\0\0" + WHO) + PLAIN[SCAN:],
    "many rows": PLAIN[:-2] + segment(0xDC, bytes((0, SIDE)) + WHO) + PLAIN[-2:],
    "between segments": PLAIN[:FRAME] + WHO + PLAIN[FRAME:],
    "between scan and end": PLAIN[:-2] + b"\xff\xfe\0\x02" + WHO + PLAIN[-2:],
    "behind the end": PLAIN + WHO,
    "far behind the end": PLAIN + bytes(500) + WHO + bytes(9),
    "unknown segment": PLAIN[:SCAN] + segment(0xF7, WHO) + PLAIN[SCAN:],
    "table nobody uses": PLAIN[:SCAN] + segment(0xDB, b"\3" + (WHO * 2)[:64]) + PLAIN[SCAN:],
    "table replaced": PLAIN[:TABLE] + segment(0xDB, b"\0" + (WHO * 2)[:64]) + PLAIN[TABLE:],
    "impossible huffman": PLAIN[:SCAN] + segment(0xC4, b"\x13" + bytes(7) + b"\x21" + bytes(8) + WHO) + PLAIN[SCAN:],
    "in front of the end": PLAIN[:-2] + WHO + PLAIN[-2:],
    "wide text in front of the end": PLAIN[:-2] + WHO.decode().encode("utf-16-le") + PLAIN[-2:],
}


@pytest.mark.parametrize("place", PLANTED)
def test_what_is_put_into_a_jpeg_is_beside(place: str) -> None:
    stream = PLANTED[place]
    text = WHO.decode().encode("utf-16-le") if place.startswith("wide") else WHO
    assert inside(stream, beside(stream, JPEG), text)


#: Where whole segments or bytes go, and not parts of a segment whose length would lie then.
WHOLE = [p for p in PLANTED if not p.startswith(("long", "many rows", "table"))]


@pytest.mark.parametrize("place", WHOLE)
def test_without_what_is_beside_the_picture_is_the_same(place: str) -> None:
    stream = PLANTED[place]
    kept, at = b"", 0
    for begin, end in beside(stream, JPEG) or []:
        kept, at = kept + stream[at:begin], end
    assert np.array_equal(imagecodecs.jpeg8_decode(kept + stream[at:]), imagecodecs.jpeg8_decode(PLAIN))


@pytest.mark.parametrize("place", ["table nobody uses", "table replaced"])
def test_numbers_of_tables_that_are_beside_can_be_any(place: str) -> None:
    stream = PLANTED[place]
    at = stream.index(WHO)
    changed = stream[:at] + b"\x55" * len(WHO) + stream[at + len(WHO) :]
    assert np.array_equal(imagecodecs.jpeg8_decode(changed), imagecodecs.jpeg8_decode(PLAIN))


@pytest.mark.parametrize("text", [b"photographed for Ozymandel", b"Quillfeather", b"QUILLFEATHER", b"S24-85390-117"])
@pytest.mark.parametrize("at", [0, 20])
def test_a_table_that_is_needed_can_spell_something_too(text: bytes, at: int) -> None:
    begin = TABLE + 5 + at
    stream = PLAIN[:begin] + text + PLAIN[begin + len(text) :]
    assert inside(stream, beside(stream, JPEG), text)
    tables = b"\xff\xd8" + stream[TABLE:FRAME] + b"\xff\xd9"
    short = b"\xff\xd8" + PLAIN[FRAME : PLAIN.index(b"\xff\xc4")] + PLAIN[SCAN:]
    assert inside(tables, beside_tables(tables, [short]), text)


def test_tables_of_encoders_spell_nothing() -> None:
    from PIL import JpegPresets

    for quality in range(1, 101):
        assert beside(photo(quality=quality), JPEG) == [], quality
    for name, preset in JpegPresets.presets.items():
        assert beside(photo(qtables=preset["quantization"]), JPEG) == [], name


def test_text_in_one_of_many_tiles_is_seen_though_their_head_is_known() -> None:
    assert beside(PLAIN, JPEG) == []
    assert JPEG in jpeg_walk._heads
    for place in ("behind the end", "comment behind the scan", "in front of the end", "comment"):
        assert inside(PLANTED[place], beside(PLANTED[place], JPEG))


def test_each_restart_interval_is_looked_at_and_no_more_than_the_picture_has() -> None:
    stream = photo(restart_marker_rows=1, subsampling=0)
    for code in (0xD0, 0xD3, 0xD6):
        at = stream.index(bytes((0xFF, code)), CODED)
        planted = stream[:at] + WHO + stream[at:]
        ranges = beside(planted, JPEG)
        assert inside(planted, ranges)
        assert ranges is not None
        assert sum(b - a for a, b in ranges) <= len(WHO) + 2
    tables = b"\xff\xd8" + PLAIN[TABLE:FRAME] + PLAIN[PLAIN.index(b"\xff\xc4") : SCAN] + b"\xff\xd9"
    short = (
        stream[:2]
        + stream[FRAME : stream.index(b"\xff\xc4")]
        + stream[stream.index(b"\xff\xdd") : at]
        + WHO
        + stream[at:]
    )
    assert inside(short, beside(short, JPEG._replace(tables=tables)))
    more = stream[:-2] + b"\xff\xd7" + WHO[:3] + b"\xff\xd0" + WHO[3:] + stream[-2:]
    assert inside(more, beside(more, JPEG), WHO[3:])
    assert inside(more, beside(more, JPEG), WHO[:3] + b"\xff\xd0")


def test_a_name_twice_in_a_huffman_table_is_no_symbol() -> None:
    name = b"AHA5AHA5AHA5"
    stream = PLAIN[:SCAN] + segment(0xC4, b"\x13" + bytes(7) + bytes((len(name),)) + bytes(8) + name) + PLAIN[SCAN:]
    assert inside(stream, beside(stream, JPEG), name)


def test_text_in_all_of_many_intervals_is_beside_and_few_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, rows = photo(restart_marker_rows=1, subsampling=0), 300
    first, second = stream.index(b"\xff\xd0", CODED), stream.index(b"\xff\xd1", CODED)
    row = stream[first + 2 : second]
    tall = stream[: FRAME + 5] + (8 * rows).to_bytes(2, "big") + stream[FRAME + 7 : stream.index(b"\xff\xda") + 14]
    coded = JPEG._replace(height=8 * rows)
    for text in (b"", WHO):
        data = tall + b"".join(row + text + bytes((0xFF, 0xD0 + i % 8)) for i in range(rows))[:-2] + b"\xff\xd9"
        decoded: list[int] = []
        real = imagecodecs.jpeg8_decode
        with monkeypatch.context() as patch:
            patch.setattr(imagecodecs, "jpeg8_decode", lambda *a, **k: decoded.append(1) or real(*a, **k))  # noqa: B023
            ranges = beside(data, coded)
        assert inside(data, ranges) if text else ranges == []
        assert len(decoded) <= 16 * 16


def test_fill_bytes_are_ordinary_if_few() -> None:
    few = PLAIN[:FRAME] + b"\xff\xff" + PLAIN[FRAME:-2] + b"\xff\xff" + PLAIN[-2:]
    assert beside(few, JPEG) == []
    many = PLAIN[:FRAME] + b"\xff" * 40 + PLAIN[FRAME:]
    assert beside(many, JPEG) == [(FRAME, FRAME + 40)]
    stream = photo(restart_marker_rows=1, subsampling=0)
    at = stream.index(b"\xff\xd3", CODED)
    filled = stream[:at] + b"\xff" * 40 + stream[at:]
    assert beside(filled, JPEG) == [(at, at + 40)]


def test_zeros_behind_the_end_say_nothing() -> None:
    assert beside(PLAIN + bytes(1), JPEG) == []
    assert beside(PLAIN + bytes(100_000), JPEG) == []
    assert beside(PLAIN + b"\0\0x\0", JPEG) == [(len(PLAIN) + 2, len(PLAIN) + 3)]


def test_real_scanners_write_an_adobe_segment_that_is_a_zero_longer() -> None:
    adobe = b"Adobe\0\x64\0\0\0\0\1"
    assert beside(PLAIN[:2] + segment(0xEE, adobe + b"\0") + PLAIN[2:], JPEG) == []
    assert beside(PLAIN[:2] + segment(0xEE, adobe + b"\0J") + PLAIN[2:], JPEG) == [(19, 20)]


def test_another_picture_than_the_grid_needs_is_none() -> None:
    for coded in (
        JPEG._replace(width=SIDE + 1),
        JPEG._replace(height=SIDE + 1),
        Coded(7, 1000, 1000, 3, 8),
        JPEG._replace(width=0, height=0),
        JPEG._replace(samples=1),
        JPEG._replace(bits=12),
        JPEG._replace(compression=50002),
    ):
        assert beside(PLAIN, coded) is None
    large = io.BytesIO()
    Image.fromarray(np.tile(NOISE, (2, 2, 1))).save(large, "JPEG")
    assert beside(large.getvalue(), JPEG._replace(width=2 * SIDE)) is None
    assert beside(large.getvalue(), JPEG._replace(height=2 * SIDE)) is None
    assert beside(PLAIN, JPEG._replace(width=SIDE - 5, height=SIDE - 9)) == []  # as at the right and lower edge


def test_heights_that_jpeg_cannot_say_are_taken_from_the_page() -> None:
    blank = PLAIN[: FRAME + 5] + bytes(4) + PLAIN[FRAME + 9 :]
    assert beside(blank, Coded(7, 70_000, 66_000, 3, 8)) == []
    assert beside(blank, JPEG) is None
    later = PLAIN[: FRAME + 5] + bytes(2) + PLAIN[FRAME + 7 : -2] + segment(0xDC, bytes((0, SIDE))) + PLAIN[-2:]
    assert beside(later, JPEG) == []
    assert beside(later[:-8] + later[-2:], JPEG) is None
    wrong = PLAIN[:-2] + segment(0xDC, b"Ja") + PLAIN[-2:]
    assert inside(wrong, beside(wrong, JPEG), b"Ja")
    twice = later[:-2] + segment(0xDC, bytes((0, SIDE))) + segment(0xDC, b"Ja") + later[-2:]
    assert inside(twice, beside(twice, JPEG), b"Ja")


def test_a_stream_that_is_cut_off_is_none() -> None:
    assert all(beside(PLAIN[:end], JPEG) is None for end in range(len(PLAIN)))


def test_two_pictures_in_one_are_none_or_beside() -> None:
    assert inside(PLAIN + PLAIN, beside(PLAIN + PLAIN, JPEG), PLAIN[-300:]) is False
    assert beside(PLAIN + PLAIN, JPEG) == [(len(PLAIN), 2 * len(PLAIN))]
    assert beside(PLAIN[:2] + PLAIN, JPEG) is None


def test_the_proof_decodes_only_what_looks_like_text(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    real = imagecodecs.jpeg8_decode
    monkeypatch.setattr(imagecodecs, "jpeg8_decode", lambda *a, **k: decoded.append(1) or real(*a, **k))
    beside(PLAIN, JPEG)
    assert not decoded
    beside(PLANTED["in front of the end"], JPEG)
    assert 0 < len(decoded) <= 2 + len(PLAIN).bit_length()


def test_text_that_the_picture_needs_is_not_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surplus, "_LOOK", bytes([97]) * 256)  # now each tile looks like text
    assert beside(PLAIN, JPEG._replace(bits=8)) == []


def test_text_in_a_stream_that_nobody_can_decode_is_beside() -> None:
    lost = PLAIN[:TABLE] + PLAIN[FRAME : PLAIN.index(b"\xff\xc4")] + PLAIN[SCAN:-2] + WHO + PLAIN[-2:]
    assert inside(lost, beside(lost, JPEG), WHO)


HOSTILE = {
    "segments": b"\xff\xd8" + b"\xff\xfe\0\2" * 60_000,
    "fill": b"\xff\xd8" + b"\xff" * 240_000,
    "stuffed fill": PLAIN[:CODED] + b"\xff\xff\0" * 80_000,
    "restarts": PLAIN[:SCAN] + segment(0xDD, b"\0\1") + PLAIN[SCAN:CODED] + b"\xff\xd0" * 120_000 + b"\xff\xd9",
    "text in each interval": PLAIN[:SCAN]
    + segment(0xDD, b"\0\1")
    + PLAIN[SCAN:CODED]
    + (WHO + b"\xff\xd0") * 7_000
    + b"\xff\xd9",
    "scans": PLAIN[:-2] + (PLAIN[SCAN:CODED] + WHO) * 5_000 + b"\xff\xd9",
    "tables": PLAIN[:SCAN] + PLAIN[TABLE : TABLE + 69] * 3_000 + PLAIN[SCAN:],
    "ends": PLAIN + b"\xff\xd9" * 120_000,
    "stand-alone markers": PLAIN[:SCAN] + b"\xff\x01" * 120_000 + PLAIN[SCAN:],
    "lying length": PLAIN[:2] + b"\xff\xfe\xff\xff" + PLAIN[2:],
    "no length": PLAIN[:2] + b"\xff\xfe\0\0" + PLAIN[2:],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_jpegs_take_no_more_decoding_than_a_few_tiles(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    real = imagecodecs.jpeg8_decode
    monkeypatch.setattr(imagecodecs, "jpeg8_decode", lambda *a, **k: decoded.append(1) or real(*a, **k))
    ranges = beside(HOSTILE[kind], JPEG)
    assert ranges is None or ranges == sorted(ranges)
    assert len(decoded) <= 16 * 20


def test_work_on_a_hostile_jpeg_grows_with_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    def steps(count: int) -> int:
        seen: list[int] = []
        real = jpeg_walk._Walk._step
        monkeypatch.setattr(jpeg_walk._Walk, "_step", lambda walk, at: seen.append(1) or real(walk, at))
        beside(PLAIN[:2] + segment(0xFE, WHO) * count + PLAIN[2:], JPEG)
        monkeypatch.setattr(jpeg_walk._Walk, "_step", real)
        return len(seen)

    assert steps(2_000) - steps(1_000) == 1_000


@pytest.mark.parametrize("seed", range(4))
def test_bytes_changed_at_random_raise_nothing(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(150):
        stream = bytearray(photo(restart_marker_rows=1) if seed % 2 else PLAIN)
        for _ in range(chance.randrange(1, 6)):
            stream[chance.randrange(700)] = chance.randrange(256)
        ranges = beside(bytes(stream), JPEG)
        assert ranges is None or all(a < b <= len(stream) for a, b in ranges)


def strips(page: Any) -> tuple[int, list[int]]:
    """Return width and the heights of a page's tiles or strips, in their order."""
    if page.is_tiled:
        return page.tilewidth, [page.tilelength] * len(page.dataoffsets)
    rows = min(page.rowsperstrip, page.imagelength)
    in_plane = -(-page.imagelength // rows)
    return page.imagewidth, [min(rows, page.imagelength - i % in_plane * rows) for i in range(len(page.dataoffsets))]


def test_every_tile_of_every_real_slide_is_a_picture_and_nothing_else(shared: Path) -> None:
    found: Counter[tuple[str, int]] = Counter()
    walked = 0
    for path in sorted(p for p in shared.rglob("*") if p.suffix in (".svs", ".tif", ".tiff", ".qptiff", ".vsi")):
        data = path.read_bytes()
        with tifffile.TiffFile(path) as tiff:
            for number, page in enumerate(tiff.pages):
                width, heights = strips(page)
                samples = 1 if page.planarconfig == 2 else page.samplesperpixel
                tables = page.jpegtables or b""
                heads = [data[at : at + size] for at, size in zip(page.dataoffsets, page.databytecounts, strict=True)]
                assert not tables or beside_tables(tables, heads[:24]) == []
                for at, size, height in zip(page.dataoffsets, page.databytecounts, heights, strict=True):
                    coded = Coded(int(page.compression), width, height, samples, page.bitspersample, tables)
                    found[path.name, number] += beside(data[at : at + size], coded) != []
                    walked += 1
    assert walked > 900
    assert {where: count for where, count in found.items() if count} == {}


def test_pages_of_ndpi_are_whole_jpegs_with_restart_markers(tmp_path: Path) -> None:
    from blankslide.samples.hamamatsu.slide import BUILDERS

    path = tmp_path / "slide.ndpi"
    BUILDERS["hamamatsu-nanozoomer.ndpi"](path)
    data, walked = path.read_bytes(), 0
    with tifffile.TiffFile(path) as tiff:
        for page in tiff.pages:
            at, size = page.tags[273].value[0], page.tags[279].value[0]
            if page.tags[259].value == 7:
                coded = Coded(7, page.tags[256].value, page.tags[257].value, page.tags[277].value, 8)
                assert beside(data[at : at + size], coded) == []
                walked += 1
    assert walked >= 3


def test_the_real_frames_of_dicom_are_streams(shared: Path) -> None:
    import pydicom
    from pydicom.encaps import generate_frames

    kinds = {"50": 7, "90": 33005, "91": 33005}
    for path in sorted((shared / "dicom").rglob("*.dcm")):
        instance = pydicom.dcmread(path)
        codec = kinds.get(instance.file_meta.TransferSyntaxUID.rsplit(".", 1)[1])
        if codec is None or not instance.file_meta.TransferSyntaxUID.is_encapsulated:
            continue
        coded = Coded(codec, instance.Columns, instance.Rows, instance.SamplesPerPixel, instance.BitsStored)
        for frame in generate_frames(instance.PixelData, number_of_frames=int(instance.get("NumberOfFrames", 1))):
            assert beside(frame, coded) == [], path.name


def test_it_shares_no_code_with_what_it_judges() -> None:
    for path in Path(census.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            # nothing that reads a slide: protocol of sources, record of what readers have seen, silence for a library
            plain = ("blankslide.source", "blankslide.verification.views", "blankslide.quiet")
            ours = [n for n in names if n.startswith("blankslide") and n not in plain]
            assert all(n.startswith("blankslide.verification.census") for n in ours), path.name
