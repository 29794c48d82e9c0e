"""Where no library knows the layout, what is claimed as tissue has to prove it."""

from __future__ import annotations

from itertools import pairwise

import imagecodecs
import numpy as np
import pytest

from blankslide.samples.kit.codecs import jpeg
from blankslide.samples.kit.drawing import tissue
from blankslide.source import MemorySource
from blankslide.verification.census import generic
from blankslide.verification.census.account import Account
from blankslide.verification.census.walked import measured, surplus

TILE = jpeg(tissue(128, 96, 3), 80)
LARGER = jpeg(tissue(128, 96, 3), 95)
NAME = b"Thimblewick, Percivus"


def taken(data: bytes, *claims: tuple[int, int], thorough: bool = False) -> Account:
    account = Account()
    generic.take_stock(account, 0, MemorySource(data), claims, "*.dat", thorough)
    return account


def names(account: Account) -> int:
    return len({t.start for t in account.texts if "Thimblewick" in t.value})


def test_a_whole_stream_says_nothing_and_what_stands_beside_it_speaks() -> None:
    data = b"\1\2\3\4" * 8 + TILE + bytes(8) + NAME + bytes(8)
    account = taken(data, (32, 32 + len(TILE)))
    assert [t.value for t in account.texts] == [NAME.decode()]
    assert account.texts[0].where == "*.dat"
    assert account.pictures == []


def test_a_claim_that_is_too_wide_hides_nothing() -> None:
    data = b"\1\2\3\4" * 8 + TILE + NAME + bytes(8)
    assert names(taken(data, (32, len(data)))) == 1


def test_a_claim_that_is_no_stream_is_read() -> None:
    data = b"\1\2\3\4" * 8 + NAME * 40
    assert names(taken(data, (32, len(data)))) >= 1


def test_a_small_text_is_read_leaf_by_leaf() -> None:
    account = taken(b"[GENERAL]\r\nSLIDE_NAME = Thimblewick\r\n")
    assert [(t.path, t.value) for t in account.texts][-1] == ("*.dat/[GENERAL]/SLIDE_NAME", "Thimblewick")


def test_one_piece_that_speaks_lets_all_be_walked() -> None:
    """Of many pieces a spread and the largest are walked; a comment in the first is the reason to look at each."""
    comment = TILE[:2] + b"\xff\xfe" + (len(NAME) + 2).to_bytes(2, "big") + NAME + TILE[2:]
    count = generic.EVERY // len(TILE) + 60
    parts = [comment, *[TILE] * count, *[LARGER] * generic.LARGEST, comment, TILE]
    ends = np.cumsum([len(p) for p in parts]).tolist()
    claims = list(zip([0, *ends[:-1]], ends, strict=True))
    hidden = len(parts) - 2
    assert claims[hidden] not in generic._spread(claims), "it would be walked anyway"
    assert names(taken(b"".join(parts), *claims)) == 2
    quiet = [TILE, *parts[1:]]
    starts = np.cumsum([0, *(len(p) for p in quiet)]).tolist()
    claims = list(pairwise(starts))
    assert names(taken(b"".join(quiet), *claims)) == 0, "a limit that docs/threat-model.md tells"
    assert names(taken(b"".join(quiet), *claims, thorough=True)) == 1


def test_a_stream_that_a_claimed_comment_cuts_in_two_is_one() -> None:
    tile = TILE[:2] + b"\xff\xfe" + (len(NAME) + 2).to_bytes(2, "big") + NAME + TILE[2:]
    data = b"\1\2\3\4" * 8 + tile + bytes(8)
    cut = (32, 38), (38 + len(NAME), 32 + len(tile))
    assert {t.value for t in taken(data, *cut).texts} == {NAME.decode()}
    empty = data.replace(NAME, bytes(len(NAME)))
    assert taken(empty, *cut).texts == []


def test_raw_pixels_are_like_those_around_them_and_words_are_not() -> None:
    raw = np.asarray(tissue(128, 96, 3)).tobytes()
    assert surplus(raw) == []
    for words in (b"The patient Thimblewick was seen by Dr. Nonesuch in ward seven. " * 20, NAME * 40):
        assert surplus(words) == [(0, len(words))]


def test_streams_tell_their_own_size() -> None:
    told = measured(TILE)
    assert told is not None
    assert (told.width, told.height, told.samples) == (128, 96, 3)
    assert measured(b"nothing that anybody codes") is None


@pytest.mark.parametrize("kind", ["jpeg", "jxr", "png"])
def test_pictures_one_after_the_other_are_all_found(kind: str) -> None:
    """What follows a picture is none of it, even where the file ends with zeros."""
    pixels = np.asarray(tissue(128, 96, 3))
    codec = {"jpeg": imagecodecs.jpeg_encode, "jxr": imagecodecs.jpegxr_encode, "png": imagecodecs.png_encode}[kind]
    one, other = codec(pixels), codec(pixels[:64].copy())
    account = taken(b"\1\2\3\4" * 8 + one + bytes(40) + NAME + bytes(40) + other + bytes(400))
    assert [(p.width, p.height) for p in account.pictures] == [(128, 96), (128, 64)]
    assert names(account) == 1


def test_a_stream_of_jpeg_xr_that_a_claimed_value_cuts_in_two_is_one() -> None:
    stream = imagecodecs.jpegxr_encode(np.asarray(tissue(64, 64, 3)))
    data = b"\1\2\3\4" * 8 + stream + bytes(8)
    whole = taken(data, (32, 56), (64, 32 + len(stream)))
    assert whole.texts == taken(data, (32, 32 + len(stream))).texts == []
    spoilt = bytearray(data)
    spoilt[32 + len(stream) :] = NAME
    assert names(taken(bytes(spoilt), (32, 56), (64, len(spoilt)))) == 1


def test_a_jpeg_xr_in_loose_bytes_is_looked_at() -> None:
    (found,) = taken(b"\1\2\3\4" * 8 + imagecodecs.jpegxr_encode(np.asarray(tissue(128, 96, 3)))).pictures
    assert (found.width, found.height, found.proven, found.look is not None) == (128, 96, "stream", True)
    (blank,) = taken(b"\1\2\3\4" * 8 + imagecodecs.jpegxr_encode(np.full((96, 128, 3), 255, np.uint8))).pictures
    assert blank.proven == "blank"
