"""Any file of 1 MB is answered within 2 s: make nasty ones of every container, and time the whole command.

Run: ``python benchmarks/megabyte.py [WORD...]``; with words, only files whose name holds one. Prints the seconds of
the processor (user and system) of ``inspect`` and of ``anonymize --in-place``, each in a process of its own, and ends
with 1 if one takes more.
The writers are those of the hostile slides beside the shared ones (`BLANKSLIDE_SHARED`).
"""

from __future__ import annotations

import base64
import gzip
import os
import random
import resource
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
SHARED = Path(os.environ.get("BLANKSLIDE_SHARED", ROOT.parent / "shared" / "slides"))
MOST, MEGABYTE, DEADLINE = 2.0, 1 << 20, 120
RUN = "from blankslide.cli import main; main()"
Made = Callable[[], Any]
_dice = random.Random(13)


def kit() -> Any:
    """Return the writers of hostile slides."""
    if str(SHARED.parent / "hostile") not in sys.path:
        sys.path.insert(0, str(SHARED.parent / "hostile"))
    import kit

    return kit


def noise(count: int) -> bytes:
    return _dice.randbytes(count)


# -- TIFF --------------------------------------------------------------------------------


def _svs(tags: list[Any] = (), tail: bytes = b"", more: str = "", big: bool = False) -> bytes:  # type: ignore[assignment]
    k, draw = kit(), kit().Draw("1")
    first = k.level(draw, 64, 64, tags=[k.text(270, k.aperio(64, 64, more)), *tags])
    return bytes(k.tiff([first], big=big, tail=tail))


def chained(size: int, offsets: Callable[[int, int], int] = lambda i, _: i) -> bytes:
    """An SVS with so many directories of one entry that they fill the file."""
    data = bytearray(_svs())
    at = len(data) + len(data) % 2
    data.extend(bytes(at - len(data)))
    first = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, first)[0]
    each, n = 2 + 12 + 4, (size - at) // 18
    struct.pack_into("<I", data, first + 2 + 12 * count, at)
    for i in range(n):
        following = at + each * (i + 1) if i < n - 1 else 0
        data += struct.pack("<HHHIII", 1, 50000, 4, 1, i, following)
    return bytes(data)


def entries(size: int, kind: int = 4, same: bool = False, gaps: bool = False) -> bytes:
    """An SVS whose first directory has as many entries as fit, each pointing at a few bytes, perhaps with gaps."""
    data = bytearray(_svs())
    first = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, first)[0]
    old = bytes(data[first + 2 : first + 2 + 12 * count])
    step = 10 if gaps else 8
    n = min((size - len(data)) // (12 + step), 65535 - count)
    at = len(data) + len(data) % 2
    data.extend(bytes(at - len(data)))
    new = b""
    for i in range(n):
        tag = 50000 if same else 40000 + i if 40000 + i < 65536 else i % 65536
        new += struct.pack("<HHII", tag, kind, 2 if kind == 4 else 8, at + step * i)
    body = b"".join(struct.pack("<II", 0x41424344 + i, i) + (b"zz" if gaps else b"") for i in range(n))
    data += body
    data += bytes(len(data) % 2)
    struct.pack_into("<I", data, 4, len(data))
    data += struct.pack("<H", count + n) + old + new + bytes(4)
    return bytes(data)


def children(size: int) -> bytes:
    """An SVS whose SubIFDs tag names as many children as fit."""
    n = (size - 40000) // 22
    data = bytearray(_svs([kit().number(330, 4, *range(n))]))
    at = len(data) + len(data) % 2
    data.extend(bytes(at - len(data)))
    want = struct.pack(f"<{n}I", *range(n))
    where = data.find(want)
    data[where : where + 4 * n] = struct.pack(f"<{n}I", *(at + 18 * i for i in range(n)))
    for i in range(n):
        data += struct.pack("<HHHIII", 1, 50000, 4, 1, i, 0)
    return bytes(data)


def nested(size: int) -> bytes:
    """An SVS with SubIFDs in SubIFDs, as deep as fits."""
    data = bytearray(_svs([kit().number(330, 4, 0xABCDEF01)]))
    at = len(data) + len(data) % 2
    data.extend(bytes(at - len(data)))
    where = data.find(struct.pack("<I", 0xABCDEF01))
    struct.pack_into("<I", data, where, at)
    n = (size - at) // 18
    for i in range(n):
        data += struct.pack("<HHHIII", 1, 330, 4, 1, at + 18 * (i + 1) if i < n - 1 else 0, 0)
    return bytes(data)


def tiles(size: int) -> bytes:
    """An SVS with a tile for every few bytes."""
    k = kit()
    n = size // 24
    side = int(n**0.5)
    page = k.Page(side * 16, side * 16, [b"x" * 16] * (side * side), tile=16, tissue=True)
    page.tags = [k.text(270, k.aperio(side * 16, side * 16))]
    return bytes(k.tiff([page]))


def described(text: str) -> bytes:
    """A generic TIFF with such a description."""
    k, draw = kit(), kit().Draw("1")
    return bytes(k.tiff([k.level(draw, 64, 64, tags=[k.text(270, text)])]))


def ome(inside: str) -> bytes:
    """An OME-TIFF with this after its image."""
    return described(kit().ome_xml(after=inside).replace('SizeX="256" SizeY="256"', 'SizeX="64" SizeY="64"'))


def icc(count: int) -> bytes:
    """A profile of many tags."""
    head = bytearray(128)
    head[36:40] = b"acsp"
    table = b"".join(
        struct.pack(">4sII", b"%04d" % (i % 10000), 132 + 12 * count + 8 * (i % 100), 24) for i in range(count)
    )
    data = bytes(head) + struct.pack(">I", count) + table + b"desc\0\0\0\0\0\0\0\x09somebody\0" * 40
    return struct.pack(">I", len(data)) + data[4:]


def jpeg_with(body: bytes) -> bytes:
    """A JPEG with this behind its first marker."""
    import numpy as np

    plain = kit().jpeg(np.full((64, 64, 3), 200, np.uint8))
    return bytes(plain[:2] + body + plain[2:])


def jpeg_tile(body: bytes) -> bytes:
    k = kit()
    page = k.Page(64, 64, [jpeg_with(body)], tile=64, compression=7, photometric=6, tissue=True)
    page.tags = [k.text(270, k.aperio(64, 64, codec="JPEG/RGB"))]
    return bytes(k.tiff([page]))


def pairs(size: int) -> str:
    return "".join(f"|Key {i} = value {i}" for i in range(size // 24))


# -- others ------------------------------------------------------------------------------


def sample(stem: str) -> dict[str, bytes]:
    """Return the files of a sample."""
    return dict(kit().sample(stem))


def dicom(count: int) -> dict[str, bytes]:
    """A DICOM slide with many elements."""

    def change(dataset: Any, name: str) -> None:
        for i in range(count):
            dataset.add_new(0x00910000 + i * 0x00010000 // 1 % 0x20000000 + 0x1000 + i % 0xEFFF, "LO", f"v{i}")

    return dict(kit().dicom("dicom-wsi", change, only=["dicom-wsi.dcm"]))


def deep(depth: int) -> dict[str, bytes]:
    """A DICOM slide with sequences in sequences; their bytes are put together here, because pydicom takes a minute."""
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    opened = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    closed = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0) + struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    value = opened * depth + closed * depth

    def change(dataset: Any, name: str) -> None:
        tag = Tag(0x00081140)
        dataset[tag] = RawDataElement(tag, "SQ", len(value), value, 0, False, True)

    return dict(kit().dicom("dicom-wsi", change, only=["dicom-wsi.dcm"]))


def items(count: int) -> dict[str, bytes]:
    """A DICOM slide with a sequence of many items."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    def change(dataset: Any, name: str) -> None:
        rows = []
        for i in range(count):
            row = Dataset()
            row.ReferencedSOPInstanceUID = f"1.2.3.{i}"
            rows.append(row)
        dataset.add_new(0x00081140, "SQ", Sequence(rows))

    return dict(kit().dicom("dicom-wsi", change, only=["dicom-wsi.dcm"]))


def svslide(script: Callable[[sqlite3.Connection], None]) -> dict[str, bytes]:
    """The svslide sample after some SQL."""
    files = sample("sakura")
    (name,) = files
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.svslide"
        path.write_bytes(files[name])
        with sqlite3.connect(path) as base:
            script(base)
        base.close()
        return {name: path.read_bytes()}


def tables(base: sqlite3.Connection) -> None:
    base.execute("pragma page_size = 512")
    base.commit()
    base.execute("vacuum")
    for i in range(1400):
        base.execute(f"create table Extra{i} (id integer, name text)")


def columns(base: sqlite3.Connection) -> None:
    base.execute(f"create table Wide ({', '.join(f'c{i} text' for i in range(1900))})")


def rows(base: sqlite3.Connection) -> None:
    base.execute("create table Long (id integer primary key, name text)")
    base.executemany("insert into Long (name) values (?)", [(f"n{i}",) for i in range(50000)])


def czi(count: int) -> dict[str, bytes]:
    """A CZI with many small segments behind its own."""
    files = sample("zeiss-axioscan")
    (name,) = files
    segment = struct.pack("<16sQQ", b"DELETED", 32, 32) + bytes(32)
    return {name: files[name] + segment * count}


def czi_xml(inside: str) -> dict[str, bytes]:
    """A CZI whose XML segment is a longer one at the end."""
    files = sample("zeiss-axioscan")
    (name,) = files
    data = bytearray(files[name])
    at = data.index(b"ZISRAWMETADATA")
    count = struct.unpack_from("<I", data, at + 32)[0]
    xml = (
        bytes(data[at + 288 : at + 288 + count])
        .rstrip(b"\0 ")
        .replace(b"</Metadata>", inside.encode() + b"</Metadata>", 1)
    )
    used = 256 + len(xml)
    new = (
        struct.pack("<16sQQ", b"ZISRAWMETADATA", -(-used // 32) * 32, used)
        + struct.pack("<II", len(xml), 0)
        + bytes(248)
        + xml
    )
    data += bytes(-len(data) % 32)
    head = data.index(b"ZISRAWFILE")
    place = data.find(struct.pack("<Q", at), head, head + 160)
    struct.pack_into("<Q", data, place, len(data))
    return {name: bytes(data) + new + bytes(-len(new) % 32)}


def isyntax(inside: str) -> dict[str, bytes]:
    """An iSyntax with more attributes in its header."""
    files = sample("philips-isyntax")
    name = min(files)
    data = files[name]
    at = data.index(b"</DataObject>")
    return {name: data[:at] + inside.encode() + data[at:]}


def slidedat(lines: str) -> dict[str, bytes]:
    files = sample("mirax")
    name = next(n for n in files if n.endswith("Slidedat.ini"))
    return files | {name: files[name].rstrip() + b"\r\n" + lines.encode()}


def _all() -> Iterator[tuple[str, Made]]:
    M = MEGABYTE
    yield "directories.svs", lambda: chained(M)
    yield "entries.svs", lambda: entries(M)
    yield "entries-gaps.svs", lambda: entries(M, gaps=True)
    yield "entries-same.svs", lambda: entries(M, same=True)
    yield "entries-text.svs", lambda: entries(M, kind=2, gaps=True)
    yield "entries-bytes.svs", lambda: entries(M, kind=7, gaps=True)
    yield "children.svs", lambda: children(M)
    yield "nested.svs", lambda: nested(M)
    yield "tiles.svs", lambda: tiles(M)
    yield "pairs.svs", lambda: _svs(more=pairs(M))
    yield "bars.svs", lambda: _svs(more="|" * M)
    yield "equals.svs", lambda: _svs(more="|" + "=" * M)
    yield "semicolons.tif", lambda: described("a=b;" * (M // 4))
    yield "lines.tif", lambda: described("key: value\n" * (M // 11))
    yield "long-line.svs", lambda: _svs(more="|Title = " + "Kim 1950-01-02 " * (M // 15))
    yield "digits.svs", lambda: _svs(more="|N = " + "1" * M)
    yield "json-deep.tif", lambda: described("[" * M)
    yield "json-keys.tif", lambda: described("{" + ",".join(f'"k{i}": {i}' for i in range(M // 14)) + "}")
    yield "json-nested.tif", lambda: described('{"a":' * (M // 5))
    yield "xml-deep.tif", lambda: described("<a>" * (M // 7) + "</a>" * (M // 7))
    yield "xml-open.tif", lambda: described("<a>" * (M // 3))
    yield "xml-brackets.tif", lambda: described("<a " + "<" * M)
    yield "ome-attributes.ome.tif", lambda: ome("<X " + " ".join(f'a{i}="{i}"' for i in range(80000)) + "/>")
    yield "ome-elements.ome.tif", lambda: ome("".join(f"<E{i}>v</E{i}>" for i in range(50000)))
    yield "ome-deep.ome.tif", lambda: ome("<a>" * 140000 + "</a>" * 140000)
    yield "ome-channels.ome.tif", lambda: ome('<Channel ID="Channel:0:1" Name="CD8 Opal 520 x"/>' * (M // 50))
    yield "ome-ids.ome.tif", lambda: ome("".join(f'<A ID="Odd:{i}:x"/><B ID="Odd:{i}:x"/>' for i in range(M // 40)))
    yield "ome-comments.ome.tif", lambda: ome("<!-- a -->" * (M // 10))
    yield "ome-comment-open.ome.tif", lambda: ome("<!--" * (M // 4))
    yield "ome-instructions.ome.tif", lambda: ome("<?a b?>" * (M // 7))
    yield "ome-cdata.ome.tif", lambda: ome("<a><![CDATA[x]]></a>" * (M // 20))
    yield "ome-entities.ome.tif", lambda: ome("<a>" + "&amp;" * (M // 5) + "</a>")
    yield "ome-entities-elements.ome.tif", lambda: ome('<a b="x &amp; y"/>' * (M // 18))
    yield "ome-numeric.ome.tif", lambda: ome("<a>" + "&#75;" * (M // 5) + "</a>")
    yield "ome-namespaces.ome.tif", lambda: ome("<a " + " ".join(f'xmlns:n{i}="u{i}"' for i in range(M // 18)) + "/>")
    yield "ome-base64.ome.tif", lambda: ome("<a>" + base64.b64encode(noise(M // 2)).decode() + "</a>")
    b3 = base64.b64encode(base64.b64encode(base64.b64encode(b"Jane Roe, born 1950. " * 16000)))
    yield "base64-thrice.tif", lambda: described(b3.decode()[:M])
    yield (
        "base64-words.tif",
        lambda: described(" ".join(base64.b64encode(b"Jane Roe %6d" % i).decode() for i in range(M // 22))),
    )
    yield "hex-words.tif", lambda: described(" ".join((b"Jane%4d" % i).hex() for i in range(M // 17)))
    yield "hex.tif", lambda: described(noise(M // 2).hex())
    yield "percent.tif", lambda: described("%41%42 <" * (M // 8))
    yield "uuid.tif", lambda: described(" ".join(f"12345678-1234-1234-1234-{i:012x}" for i in range(M // 37)))
    yield "dates.tif", lambda: described("12.05.1950 " * (M // 11))
    yield "blanks.tif", lambda: described(" " * M + "x")
    yield "icc.svs", lambda: _svs([kit().raw(34675, icc(60000))])
    yield "icc-texts.svs", lambda: _svs([kit().raw(34675, icc(100) + b"text\0\0\0\0Jane Roe " * 50000)])
    yield "segments.svs", lambda: jpeg_tile(b"\xff\xfe\0\x04ab" * (M // 6))
    yield "segments-app.svs", lambda: jpeg_tile((b"\xff\xe1\0\x08Exif\0\0") * (M // 10))
    yield "fill.svs", lambda: jpeg_tile(b"\xff" * M)
    yield "jpeg-markers.svs", lambda: _svs(tail=b"\xff\xd8\xff\xe0\0\x04ab" * (M // 8))
    yield "png-heads.svs", lambda: _svs(tail=b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * (M // 16))
    yield "tiff-heads.svs", lambda: _svs(tail=b"II*\0\x08\0\0\0\1\0" * (M // 10))
    yield (
        "bmp-heads.svs",
        lambda: _svs(tail=(b"BM" + struct.pack("<IHHIIiiHHI", 999, 0, 0, 54, 40, 8, 8, 1, 24, 0)) * (M // 34)),
    )
    yield "gif-heads.svs", lambda: _svs(tail=b"GIF89a\x08\0\x08\0\0\0\0," * (M // 14))
    yield "riff-heads.svs", lambda: _svs(tail=b"RIFF\xff\0\0\0WEBPVP8 " * (M // 16))
    yield "jp2-heads.svs", lambda: _svs(tail=b"\xff\x4f\xff\x51\0\x2f" * (M // 6))
    yield "sqlite-heads.svs", lambda: _svs(tail=b"SQLite format 3\0" * (M // 16))
    yield "dicm-heads.svs", lambda: _svs(tail=b"DICM\2\0\0\0UL\4\0" * (M // 12))
    yield "zlib-heads.svs", lambda: _svs(tail=b"\x78\x9c\x4b\x4c" * (M // 4))
    yield "zlib-many.svs", lambda: _svs(tail=zlib.compress(b"Jane Roe was born in 1950") * (M // 33))
    yield "zlib-bomb.svs", lambda: _svs(tail=zlib.compress(bytes(MEGABYTE * 700)))
    yield "zlib-bombs.svs", lambda: _svs(tail=zlib.compress(b"a" * 300000) * (M // 320))
    yield "gzip-bomb.svs", lambda: _svs(tail=gzip.compress(gzip.compress(b"Jane " * (1 << 25))))
    yield "noise.svs", lambda: _svs(tail=noise(M))
    yield "noise-big.svs", lambda: _svs(tail=noise(M), big=True)
    yield "noise-text.svs", lambda: _svs(tail=bytes(_dice.choices(b"abcdefghij \0\xff", k=M)))
    yield (
        "noise-wide.svs",
        lambda: _svs(tail=bytes(b for c in _dice.choices(b"abcdefg <=&;%", k=M // 2) for b in (c, 0))),
    )
    yield "noise-ascii.tif", lambda: described(bytes(_dice.choices(range(32, 127), k=M)).decode())
    yield "small-comments.ome.tif", lambda: ome("<!-- a -->" * 8000)
    yield "noise-only.bin", lambda: noise(M)
    yield "zeros.bin", lambda: bytes(M)
    yield "noise.czi", lambda: b"ZISRAWFILE".ljust(16, b"\0") + noise(M)
    yield "noise.dcm", lambda: bytes(128) + b"DICM" + noise(M)
    yield "noise.svslide", lambda: b"SQLite format 3\0" + noise(M)
    yield "noise.isyntax", lambda: b"<?xml version='1.0'?><DataObject ObjectType=\"DPUfsImport\">" + noise(M)
    yield "noise.mrxs", lambda: noise(M)
    yield "dicom-elements", lambda: dicom(40000)
    yield "dicom-deep", lambda: deep(15)
    yield "dicom-deeper", lambda: deep(MEGABYTE // 36)
    yield "dicom-items", lambda: items(30000)
    yield "svslide-tables", lambda: svslide(tables)
    yield "svslide-columns", lambda: svslide(columns)
    yield "svslide-rows", lambda: svslide(rows)
    yield "czi-segments", lambda: czi(15000)
    yield (
        "czi-xml-elements",
        lambda: czi_xml("<Custom>" + "".join(f"<E{i}>v</E{i}>" for i in range(45000)) + "</Custom>"),
    )
    yield (
        "czi-xml-attributes",
        lambda: czi_xml("<Information><X " + " ".join(f'a{i}="{i}"' for i in range(70000)) + "/></Information>"),
    )
    yield "czi-xml-deep", lambda: czi_xml("<Information>" + "<a>" * 140000 + "</a>" * 140000 + "</Information>")
    yield (
        "isyntax-attributes",
        lambda: isyntax(
            "".join(
                f'<Attribute Name="A{i}" Group="0x301D" Element="0x1001" PMSVR="IString">v</Attribute>'
                for i in range(11000)
            )
        ),
    )
    yield (
        "isyntax-hex",
        lambda: isyntax(
            '<Attribute Name="A" Group="0x301D" Element="0x1001" PMSVR="IString">'
            + "\n".join(noise(24).hex() for _ in range(20000))
            + "</Attribute>"
        ),
    )
    yield (
        "isyntax-base64",
        lambda: isyntax(
            '<Attribute Name="A" Group="0x301D" Element="0x1001" PMSVR="IString">'
            + base64.b64encode(noise(700000)).decode()
            + "</Attribute>"
        ),
    )
    yield "slidedat-keys", lambda: slidedat("[GENERAL]\r\n" + "".join(f"KEY_{i} = v{i}\r\n" for i in range(60000)))
    yield "slidedat-sections", lambda: slidedat("".join(f"[SECTION {i}]\r\nA = b\r\n" for i in range(40000)))
    yield "slidedat-comments", lambda: slidedat("; remark\r\n" * 100000)
    yield "slidedat-same", lambda: slidedat("[GENERAL]\r\n" + "FILTER_NAME = Jane Roe\r\n" * 40000)
    yield "vms-keys", lambda: _vms("".join(f"Key{i}=v{i}\r\n" for i in range(60000)))


def _vms(lines: str) -> dict[str, bytes]:
    files = sample("hamamatsu-vms")
    name = next(n for n in files if n.endswith(".vms"))
    return files | {name: files[name].rstrip() + b"\r\n" + lines.encode()}


def written(made: Any, name: str, folder: Path) -> Path:
    """Write what was made, and return the path of the slide."""
    if isinstance(made, bytes):
        (folder / name).write_bytes(made)
        return folder / name
    for part, data in made.items():
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (folder / part).write_bytes(data)
    top = [name for name in made if "/" not in name]
    return folder / min(top or made, key=lambda name: not name.endswith((".mrxs", ".vms")))


def seconds(command: list[str], path: Path) -> tuple[float, int, str]:
    """Return the processor's seconds of one command on a slide, its exit code and the last line it printed."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | dict.fromkeys(("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), home)
        environment["PYTHONPATH"] = str(ROOT / "src")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            done = subprocess.run(
                [sys.executable, "-c", RUN, *command, str(path)], capture_output=True, text=True, env=environment,
                timeout=DEADLINE, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return float(DEADLINE), -1, "no answer"
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = (done.stdout + done.stderr).strip().splitlines()
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.returncode, (said or [""])[-1]


def main(words: list[str]) -> int:
    """Time all files; return the exit code."""
    slow = 0
    for name, make in _all():
        if words and not any(word in name for word in words):
            continue
        with tempfile.TemporaryDirectory() as folder:
            made = make()
            path = written(made, name, Path(folder))
            size = len(made) if isinstance(made, bytes) else sum(map(len, made.values()))
            told, times = "", []
            for command in (["inspect"], ["anonymize", "--in-place"]):
                took, code, told = seconds(command, path)
                times.append(took)
            late = max(times) > MOST
            slow += late
            print(
                f"{'SLOW' if late else '':4} {name:32} {size / MEGABYTE:5.2f} MB  inspect {times[0]:5.2f} s  "
                f"anonymize {times[1]:5.2f} s  exit {code}  {told[:90]}",
                flush=True,
            )
    print(f"{slow} slower than {MOST} s")
    return int(slow > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
