"""What a certificate says of a slide: the judgement of this moment, and by what the slide is known again.

A slide is judged as `verify` judges it, and while its files are still open, digests are taken: the keyed one that the
ledger has of a finished slide, and for a clean slide two that need no key: of the same bytes, and, on request, of each
whole file. Of a slide with something left in it only the keyed one is given: whoever knows the rest of a file could
test guesses for what is left against a plain digest.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from blankslide.pipeline.digests import keyed, plain
from blankslide.pipeline.judging import verify
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.opening import inspected, opened

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection, Outcome
    from blankslide.pipeline.job import Job
    from blankslide.pipeline.options import Options
    from blankslide.records.certificate_slide import Judged
    from blankslide.storage.slide_files import SlideFilesOnDisk

_CHUNK = 1 << 20


class WholeFile(NamedTuple):
    """One file of a slide: its name, its size, and its SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


class Evidence(NamedTuple):
    """By what a slide is known again.

    Attributes
    ----------
    after
        Keyed digest of all bytes that are not tissue and of samples of the tissue, as the ledger has it.
    sha256
        Plain digest of the same bytes; empty unless the slide is clean.
    size
        Bytes of all files.
    files
        Each whole file, where that was asked for and the slide is clean.
    """

    after: str = ""
    sha256: str = ""
    size: int = 0
    files: tuple[WholeFile, ...] = ()


class Certified(NamedTuple):
    """One slide: the path of its main file, what is said of it, by whom, and how it is known again."""

    path: Path
    outcome: Outcome
    evidence: Evidence
    versions: dict[str, str]


def certify(path: str | Path, options: Options, whole: bool = False) -> Certified:
    """Judge a slide as it is, and take its digests; nothing is changed.

    Parameters
    ----------
    whole
        Digest each whole file, too: that reads the slide.

    Raises
    ------
    BlankslideError
        If it cannot be judged at all.
    """
    from blankslide.verification.observe import versions

    taken = [Evidence()]

    def judged(job: Job) -> None:
        taken[0] = _evidence(job.slide, job.inspection, options, job.outcome.content == "clean", whole)

    outcome = verify(path, options, judged)
    return Certified(main_file(path), outcome, taken[0], versions(outcome.readers))


def judged_of(certified: Certified, key: bytes | None) -> Judged:
    """Return a certified slide as a certificate takes it; without a key it has no pseudonym and no keyed digest."""
    from blankslide.policy.pseudonyms import slide_name
    from blankslide.records.certificate_slide import Judged

    evidence = certified.evidence
    return Judged(
        certified.path.name,
        certified.outcome,
        slide_name(certified.path.name, key) if key else "",
        evidence.after if key else "",
        evidence.sha256,
        evidence.size,
        evidence.files,
        certified.versions,
    )


def evidence_of(path: str | Path, options: Options, whole: bool = False) -> Evidence:
    """Take the digests of a slide without judging it: to see whether it is still the one of a certificate.

    Raises
    ------
    BlankslideError
        If it cannot be read.
    """
    with opened(main_file(path)) as slide:
        inspection = inspected(slide, options.key, options.thorough)
        return _evidence(slide, inspection, options, True, whole)


def _evidence(slide: SlideFilesOnDisk, inspection: Inspection, options: Options, clean: bool, whole: bool) -> Evidence:
    return Evidence(
        keyed(slide, inspection, options.key).after,
        plain(slide, inspection) if clean else "",
        sum(file.size for file in slide.files),
        tuple(_whole(slide)) if clean and whole else (),
    )


def _whole(slide: SlideFilesOnDisk) -> Iterable[WholeFile]:
    for file in slide.files:
        pieces = (file.read(at, min(_CHUNK, file.size - at)) for at in range(0, file.size, _CHUNK))
        yield WholeFile(os.path.basename(file.path), file.size, _sha256(pieces))


def _sha256(pieces: Iterable[bytes]) -> str:
    from hashlib import sha256

    digest = sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
