"""By what a slide is known again, whatever it is called and wherever it is: digests of its bytes.

All bytes that are not tissue count, with where they stand; a hole and zeros are the same. They are the same only while
nothing has changed, but two slides of one scanner whose tissue is not compressed can have the same. So the digest that
finds a slide's entry in the ledger takes in some of the tissue as well: a few kilobytes at places spread over all of
it, however large it is. Names do not count, so all of it holds for a copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blankslide.model import Inspection
    from blankslide.pipeline.options import Options
    from blankslide.storage.slide_files import SlideFilesOnDisk

_CHUNK = 1 << 18
_PLACES, _SAMPLE = 16, 1 << 12


class Known(NamedTuple):
    """Keyed digests of a slide: of all that is not tissue, and of that with samples of the tissue; or empty."""

    state: str = ""
    after: str = ""


NOT_KNOWN = Known()


def known(slide: SlideFilesOnDisk, inspection: Inspection, options: Options) -> Known:
    """Return the keyed digests of a slide, HMAC-SHA256 under the site's key; empty if no ledger would hold them."""
    return NOT_KNOWN if options.ledger is None else keyed(slide, inspection, options.key)


def keyed(slide: SlideFilesOnDisk, inspection: Inspection, key: bytes | None) -> Known:
    """Return the keyed digests of a slide."""
    import hmac

    digest = hmac.new(key or b"no key", digestmod="sha256")
    for piece in _other_bytes(slide, inspection):
        digest.update(piece)
    state = digest.hexdigest()
    for piece in _samples(slide, inspection):
        digest.update(piece)
    return Known(state, digest.hexdigest())


def plain(slide: SlideFilesOnDisk, inspection: Inspection) -> str:
    """Return the digest that `Known.after` is of, without a key: whoever has no key can compare it."""
    from hashlib import sha256

    digest = sha256()
    for piece in chain(_other_bytes(slide, inspection), _samples(slide, inspection)):
        digest.update(piece)
    return digest.hexdigest()


def _other_bytes(slide: SlideFilesOnDisk, inspection: Inspection) -> Iterator[bytes]:
    """Yield all bytes that are not tissue, with where they stand, but for zeros: a hole and zeros are the same."""
    from blankslide.spans import subtract

    for file, bytemap in zip(slide.files, inspection.maps, strict=False):
        yield b"file" + file.size.to_bytes(8, "big")
        for start, end in subtract([(0, file.size)], bytemap.tissue()):
            for at in range(start, end, _CHUNK):
                stop = min(at + _CHUNK, end)
                if next(file.data_ranges(at, stop), None) is None:
                    continue
                data = file.read(at, stop - at)
                if data.count(0) != len(data):
                    yield at.to_bytes(8, "big") + data


def _samples(slide: SlideFilesOnDisk, inspection: Inspection) -> Iterator[bytes]:
    """Yield a few kilobytes of each file's tissue, from its first to its last byte."""
    for file, bytemap in zip(slide.files, inspection.maps, strict=False):
        spans = bytemap.tissue()
        length = sum(end - start for start, end in spans)
        if not length:
            continue
        yield b"tissue" + length.to_bytes(8, "big")
        last = max(0, length - _SAMPLE)
        wanted = sorted({last * i // (_PLACES - 1) for i in range(_PLACES)})
        for at, size in _places(spans, wanted):
            yield file.read(at, size)


def _places(spans: list[tuple[int, int]], wanted: list[int]) -> Iterator[tuple[int, int]]:
    """Turn places counted in tissue into offsets; what is read there ends with the span."""
    before, at = 0, 0
    for start, end in spans:
        while at < len(wanted) and wanted[at] < before + end - start:
            offset = start + wanted[at] - before
            yield offset, min(_SAMPLE, end - offset)
            at += 1
        before += end - start
