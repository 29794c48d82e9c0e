from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankslide.errors import SlidePending
from blankslide.storage.blocks import Block
from blankslide.storage.journal import (
    FileMark,
    Journal,
    Renaming,
    decode,
    encode,
    find,
    find_in,
    journal_name,
    leftover_temp,
    temp_name,
)

if TYPE_CHECKING:
    from pathlib import Path

JOURNAL = Journal(
    id="ab" * 16,
    tool="1.0",
    profile="research",
    format="aperio",
    files=(FileMark(11, 9000, "k" * 64, "n" * 64), FileMark(12, 10, "k" * 64, "")),
    ranges=(((5, 9), (4100, 4200)), ((0, 10),)),
    blocks=(Block(0, 0, 4096, b"d" * 4096, 0, 0), Block(1, 0, 10, None, 255, 0), Block(0, 4096, 4096, None, 0, 3)),
    renames=(Renaming(11, "neu \udcff.svs"), Renaming(12, None)),
)


def _resealed(body: bytes) -> bytes:
    return body + hashlib.sha256(body).digest()


def _changed(**fields: object) -> bytes:
    """Encode the journal with other header fields and a valid check sum."""
    body = encode(JOURNAL)[:-32]
    length = int.from_bytes(body[12:16], "little")
    header = json.loads(body[16 : 16 + length]) | fields
    new = json.dumps(header).encode()
    return _resealed(body[:12] + len(new).to_bytes(4, "little") + new + body[16 + length :])


def test_what_is_encoded_comes_back() -> None:
    assert decode(encode(JOURNAL)) == JOURNAL


@given(st.integers(0, len(encode(JOURNAL)) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(position: int, flip: int) -> None:
    data = bytearray(encode(JOURNAL))
    data[position] ^= flip
    with pytest.raises(SlidePending, match="damaged"):
        decode(bytes(data))


@given(st.integers(0, len(encode(JOURNAL)) - 1))
def test_any_shorter_journal_is_noticed(length: int) -> None:
    with pytest.raises(SlidePending):
        decode(encode(JOURNAL)[:length])


@given(st.binary(max_size=300))
def test_any_bytes_with_a_right_check_sum_are_refused_in_words(tail: bytes) -> None:
    with pytest.raises(SlidePending):
        decode(_resealed(encode(JOURNAL)[:12] + tail))


def test_another_version_says_so() -> None:
    body = bytearray(encode(JOURNAL)[:-32])
    body[8] = 9
    with pytest.raises(SlidePending, match="another version"):
        decode(_resealed(bytes(body)))


@pytest.mark.parametrize(
    "fields",
    [
        {"files": []},
        {"files": [], "ranges": []},
        {"files": [[11, -1, "", ""], [12, 10, "", ""]]},
        {"files": [[11, True, "", ""], [12, 10, "", ""]]},
        {"files": [[11, 100, "", ""], [12, 10, "", ""]]},
        {"ranges": [[[5, 9]]]},
        {"ranges": [[[9, 5]], []]},
        {"ranges": [[[5, 9001]], []]},
        {"records": 2},
        {"records": 4},
        {"records": "3"},
        {"renames": [[11, "../elsewhere"]]},
        {"renames": [[11, ".hidden.svs"]]},
        {"renames": [[11, "two\nlines.svs"]]},
        {"renames": [[11]]},
        {"id": None, "files": None},
    ],
)
def test_a_header_that_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(SlidePending, match="damaged"):
        decode(_changed(**fields))


def test_the_header_can_be_changed_without_harm_to_this_test() -> None:
    assert decode(_changed(id="other")).id == "other"


def test_find_looks_for_one_name_beside_the_real_file(tmp_path: Path) -> None:
    slide = tmp_path / os.fsdecode(b"s\xff.svs")
    slide.write_bytes(b"x")
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.svs"
    link.symlink_to(slide)
    assert find(slide) is None
    assert leftover_temp(slide) is None
    inode = slide.stat().st_ino
    hot, temp = tmp_path / journal_name(inode), tmp_path / temp_name(inode)
    hot.touch()
    temp.touch()
    assert find(slide) == find(link) == find(os.fsencode(slide)) == hot
    assert leftover_temp(slide) == temp
    assert find_in(tmp_path) == [hot]


def test_finding_without_a_slide_or_folder_finds_nothing(tmp_path: Path) -> None:
    assert find(tmp_path / "absent") is None
    assert find_in(tmp_path / "absent") == []


def _with(*blocks: Block) -> bytes:
    return encode(JOURNAL._replace(blocks=blocks))


def test_a_record_that_leaves_its_file_or_the_journal_is_refused() -> None:
    first, second, third = JOURNAL.blocks
    assert decode(_with(third, second, first)).blocks[2].data == b"d" * 4096
    for data in (b"d" * 4095, b"d" * 4097):
        with pytest.raises(SlidePending, match="damaged"):
            decode(_with(first._replace(data=data), second, third))
    with pytest.raises(SlidePending, match="damaged"):
        decode(_with(first, second._replace(length=11), third))


@pytest.mark.parametrize(
    "blocks",
    [
        (*JOURNAL.blocks, Block(0, 8192, 808, None, 0, 0)),
        JOURNAL.blocks[:2],
        (*JOURNAL.blocks, JOURNAL.blocks[1]),
        (JOURNAL.blocks[0], JOURNAL.blocks[1], Block(0, 4097, 4095, None, 0, 0)),
        (*JOURNAL.blocks, Block(0, 4000, 96, None, 0, 3)),
        (),
    ],
    ids=["beside", "missing", "twice", "torn", "within", "none"],
)
def test_records_are_the_whole_blocks_around_the_ranges(blocks: tuple[Block, ...]) -> None:
    with pytest.raises(SlidePending, match="damaged"):
        decode(_with(*blocks))
