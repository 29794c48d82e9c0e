"""Output that cannot be written says nothing of a slide: full disks, closed streams, readers that leave."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from blankslide.testing.process import START, run_cli

Make = Callable[..., tuple[Path, Any]]
FULL = Path("/dev/full")
IN_PLACE = "anonymize --in-place --ledger none"

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")


class Told(NamedTuple):
    """Exit code and the stream that could be written."""

    code: int
    text: str


def shell(line: str, *paths: Path) -> Told:
    """Run ``blankslide`` with redirections, as a person types them."""
    script = f'exec "$0" "$1" "$2" {line}'
    done = subprocess.run(
        ["sh", "-c", script, *START, *map(str, paths)], capture_output=True, text=True, timeout=120, check=False
    )
    text = done.stdout + done.stderr
    assert "Traceback" not in text, text[-800:]
    assert "Exception ignored" not in text, text[-800:]
    return Told(done.returncode, text)


@pytest.fixture
def slides(make: Make) -> list[Path]:
    first, _ = make("slides/a.svs")
    second = first.with_name("b.svs")
    shutil.copyfile(first, second)
    return [first, second]


@pytest.mark.parametrize("where", ["> /dev/full", ">&-", "--json > /dev/full", "--json >&-"])
def test_a_slide_that_was_written_is_never_called_unchanged(slides: list[Path], where: str) -> None:
    before = [path.read_bytes() for path in slides]
    told = shell(f'{IN_PLACE} "$3" "$4" {where}', *slides)
    assert told.code == 4, told.text
    assert "the output could not be written: " in told.text
    changed = [path.read_bytes() != data for path, data in zip(slides, before, strict=True)]
    assert f"{sum(changed)} done, {2 - sum(changed)} untouched" in told.text
    assert changed[0], "what cannot be told is known only afterwards"
    assert "a.svs · nothing was changed" not in told.text
    assert run_cli("verify", *(p for p, c in zip(slides, changed, strict=True) if c)).code == 0


def test_the_exit_code_comes_from_the_slides_first(slides: list[Path]) -> None:
    assert shell('verify "$3" > /dev/full', slides[0]).code == 1
    slides[0].write_bytes(b"")
    assert shell('verify "$3" --json > /dev/full', slides[0]).code == 3


def test_a_full_error_output_stops_nothing_but_the_next_slide(slides: list[Path]) -> None:
    missing = slides[0].with_name("missing.svs")
    told = shell(f'{IN_PLACE} "$3" "$4" "$5" 2> /dev/full', slides[0], missing, slides[1])
    assert told.code == 2
    assert told.text.startswith("a.svs · clean")


def test_closed_streams_do_not_lead_into_the_slide(slides: list[Path]) -> None:
    told = shell(f'{IN_PLACE} "$3" >&- 2>&- <&-', slides[0])
    assert told.code == 4
    assert run_cli("verify", slides[0]).code == 0


def test_a_closed_input_is_one_that_has_ended(slides: list[Path]) -> None:
    line = 'spotcheck --ledger none --seed 1 --reviewer X "$3"'
    ended, closed = (shell(f"{line} {how}", slides[0]) for how in ("< /dev/null", "<&-"))
    assert closed == ended
    assert ended.code == 1, "nobody has looked at the sample"


@pytest.mark.parametrize("line", ["--help", "formats", "formats --json"])
def test_commands_without_slides(line: str) -> None:
    told = shell(f"{line} > /dev/full")
    assert told.code == 4
    assert told.text == "the output could not be written: No space left on device\n"


def test_a_reader_that_leaves_ends_the_run_between_slides(slides: list[Path]) -> None:
    before = slides[1].read_bytes()
    with subprocess.Popen(
        [*START, *IN_PLACE.split(), *map(str, slides)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        said = run.stderr.read().decode()
    assert run.returncode == 4
    assert "1 done, 1 untouched" in said
    assert slides[1].read_bytes() == before
    assert run_cli("verify", slides[0]).code == 0


def test_an_inventory_that_fails_half_way_says_nothing_of_slides(slides: list[Path], tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.symlink_to(FULL)
    ended = run_cli("inspect", "--csv", table, *slides)
    assert (ended.code, ended.out) == (4, "")
    assert "the inventory is not complete" in ended.err
    table.unlink()
    small = ("sh", "-c", 'ulimit -f 1; trap "" XFSZ; exec "$@"', "sh")
    many = [slides[0]] * 12
    ended = run_cli("inspect", "--csv", table, *many, before=small)
    assert ended.code == 4, ended.text
    assert "the inventory is not complete" in ended.err
    assert "a.svs · the" not in ended.err
    assert 0 < len(ended.out.splitlines()) < 12


def test_a_report_that_fails_says_nothing_of_slides(slides: list[Path], tmp_path: Path) -> None:
    report = tmp_path / "reports" / "report.html"
    report.parent.mkdir()
    # somebody removes the folder after it was looked at
    code = (
        "import shutil; from blankslide.records import report; real = report.check\n"
        "def check(path): real(path); shutil.rmtree(path.parent)\n"
        "report.check = check\n"
    )
    done = subprocess.run(
        [START[0], "-c", code + START[2], *IN_PLACE.split(), "--report", str(report), str(slides[0])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert done.stdout.startswith("a.svs · clean")
    assert "nothing was changed" not in done.stderr
    assert run_cli("verify", slides[0]).code == 0
