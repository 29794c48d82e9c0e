"""Text in the strips of a picture is seen wherever it stands: in the first, the last, or between two others."""

from __future__ import annotations

import pytest

from blankslide.formatkit.tile_comments import segments_with_comments
from blankslide.source import MemorySource

FRAME = b"\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x03" + b"\x01\x11\x00" * 3
SCAN = b"\xff\xda\x00\x0c\x03" + bytes(7) + b"coded" * 8
COMMENT = b"\xff\xfe\x00\x0aJane Roe"
BARE = b"\xff\xd8" + FRAME + SCAN + b"\xff\xd9"
LOUD = b"\xff\xd8" + COMMENT + FRAME + SCAN + b"\xff\xd9"
TAILED = BARE + b"Jane Roe"


def placed(strips: list[bytes], gap: int) -> tuple[MemorySource, list[int], list[int]]:
    data, starts = bytes(50), []
    for strip in strips:
        starts.append(len(data))
        data += strip + bytes(gap)
    return MemorySource(data + bytes(50)), starts, [len(strip) for strip in strips]


@pytest.mark.parametrize("gap", [0, 1])
@pytest.mark.parametrize("strip", [LOUD, TAILED])
@pytest.mark.parametrize("where", range(5))
def test_one_strip_with_text_is_told_from_bare_ones(where: int, strip: bytes, gap: int) -> None:
    strips = [BARE] * 5
    strips[where] = strip
    source, starts, lengths = placed(strips, gap)
    assert segments_with_comments(source, starts, lengths) == [(starts[where], len(strip))]


@pytest.mark.parametrize("gap", [0, 1])
def test_bare_strips_have_no_text_in_any_order_and_empty_ones_are_left_out(gap: int) -> None:
    source, starts, lengths = placed([BARE] * 5, gap)
    assert segments_with_comments(source, starts, lengths) == []
    assert segments_with_comments(source, starts[::-1], lengths[::-1]) == []
    assert segments_with_comments(source, [*starts, 0], [*lengths, 0]) == []
