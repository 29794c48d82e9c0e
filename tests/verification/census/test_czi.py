"""The census reads a CZI by its own directories: what is outside its tiles is no tissue, whatever a plan claims."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from uuid import UUID

import pytest

from blankslide.pipeline.opening import inspected, opened
from blankslide.testing.built import builders
from blankslide.verification.census.czi import Container
from blankslide.verification.census.stock import take_stock


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]

    def data_ranges(self, start: int, end: int):
        yield start, end


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> tuple[bytes, list[tuple[int, int]], dict[str, tuple[int, int]]]:
    """A slide whose attached pictures are raw: its bytes, its tissue, and where its pictures are."""
    path = Path(tmp_path_factory.mktemp("czi")) / "zeiss-raw.czi"
    builders()[path.name](path)
    with opened(path) as slide:
        found = inspected(slide, None)
        pictures = {f.id: (f.places[0].start, f.places[0].end) for f in found.findings if f.id.startswith("picture.")}
        return path.read_bytes(), found.maps[0].tissue_parts(), pictures


def _pictures(data: bytes, claims: list[tuple[int, int]]) -> list[tuple[int, int, str]]:
    account = take_stock([("a.czi", _Bytes(data))], {0: claims})
    return [(p.width, p.height, p.proven) for p in account.pictures if "attached" in p.where]


def test_raw_pictures_in_what_is_attached_are_seen(raw) -> None:
    data, tissue, pictures = raw
    assert _pictures(data, tissue) == [(480, 162, "unclear")]
    assert _pictures(data, [*tissue, *pictures.values()]) == _pictures(data, tissue), "a claim hides none"


def test_raw_pictures_of_one_colour_are_blank(raw) -> None:
    data, tissue, pictures = raw
    blank = bytearray(data)
    low, high = pictures["picture.macro"]
    blank[low:high] = bytes((200,)) * (high - low)

    assert {proven for _, _, proven in _pictures(bytes(blank), tissue)} == {"blank"}


def test_a_claim_outside_of_the_tiles_is_read_like_everything_else(raw) -> None:
    data, tissue, _ = raw
    at = data.index(b"<ImageDocument")
    said = {t.value for t in take_stock([("a.czi", _Bytes(data))], {0: [*tissue, (at, at + 4096)]}).texts}

    assert said >= {t.value for t in take_stock([("a.czi", _Bytes(data))], {0: tissue}).texts}


def test_binary_ids_are_spelled(raw) -> None:
    data, tissue, _ = raw
    spots = list(Container(_Bytes(data)).guids())
    told = [t for t in take_stock([("a.czi", _Bytes(data))], {0: tissue}).texts if t.path == "*.czi/guid"]

    assert len(spots) >= 4
    for at in spots:
        if any(data[at : at + 16]):
            assert str(UUID(bytes_le=data[at : at + 16])) in {t.value for t in told}


def test_any_damage_of_the_directories_is_told_or_harmless(raw) -> None:
    data, tissue, _ = raw
    own, dice = Container(_Bytes(data)), random.Random(5)
    spots = [84, 92, 104, own.directory + 32, own.attached + 32, own.directory + 160, own.attached + 288]
    for _ in range(5):
        broken = bytearray(data)
        struct.pack_into("<q", broken, dice.choice(spots) + dice.randrange(8), dice.choice([-1, 1 << 40, 7, 1 << 62]))
        take_stock([("a.czi", _Bytes(bytes(broken)))], {0: tissue})


def test_bytes_of_an_id_are_read_as_an_id_and_not_as_letters(raw) -> None:
    """What an id spells by chance, alone or with what stands beside it, is judged by whether the id is ours."""
    data, tissue, _ = raw
    *_, at = Container(_Bytes(data)).guids()
    changed = bytearray(data)
    changed[at : at + 32] = bytes(range(0x90, 0x9A)) + b"Xyzzy\0" + b"Plughed".ljust(16, b"\0")

    values = [one.value for one in take_stock([("a.czi", _Bytes(bytes(changed)))], {0: tissue}).texts]
    assert str(UUID(bytes_le=bytes(changed[at : at + 16]))) in values, "the id itself is told"
    assert not any("Xyzzy" in value for value in values)
    assert any("Plughed" in value for value in values), "what stands behind it is told"
