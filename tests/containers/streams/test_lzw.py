"""Where an LZW stream ends, and that no stream makes the search for it long."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest

from blankslide.containers.streams import lzw
from blankslide.errors import DamagedSlide


def packed(codes: list[int]) -> bytes:
    """Codes of nine bits."""
    bits = "".join(f"{code:09b}" for code in codes)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


@pytest.mark.parametrize("size", [1, 300, 5000, 200_000])
def test_the_end_is_where_the_encoder_has_put_it(size: int) -> None:
    data = bytes(imagecodecs.lzw_encode(np.random.default_rng(1).integers(0, 256, size, np.uint8).tobytes()))
    assert lzw.end(data + b"behind") == len(data)


def test_a_stream_that_begins_anew_all_the_time_is_refused() -> None:
    assert lzw.end(packed([256] * 200 + [257])) == len(packed([256] * 200 + [257]))
    with pytest.raises(DamagedSlide, match="begins anew"):
        lzw.end(packed([256] * 40_000))
