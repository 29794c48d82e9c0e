"""No planted value leaves the slide: not to a stream, a log, the ledger, the key, a journal or a temporary file.

Values are planted in every field, every command is run on them, in success and in every
failure, and then everything that was printed or written is searched in all encodings.
`--show-values` is the one way to see them, and only `inspect` has it.
"""

from __future__ import annotations

import os
import shutil
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blankslide.testing.process import run_cli
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from blankslide.samples.kit.answer_key import Planted

Made = tuple[Path, "Planted"]
Make = Callable[..., Made]

CANARY = "Zweigspitz-Canary-4711"
FIELDS = dict.fromkeys(
    ("User", "Filename", "Title", "Barcode", "ImageID", "Ward", "MPP", "Time", "CustomField.Last_Name"), CANARY
)


def leaks(key: Planted, *texts: str | bytes) -> set[str]:
    """Return planted values (and the canary) that stand in one of the texts."""
    values = {r.value for r in key.removed if len(r.value) > 4} | {CANARY, CANARY[:10]}
    data = b"\n".join(t.encode("utf-8", "surrogateescape") if isinstance(t, str) else t for t in texts)
    return {v for v in values if places_of(v, data)}


def written(*folders: Path) -> Iterator[bytes]:
    """Yield all that was written below some folders: names and contents."""
    for folder in folders:
        for path in folder.rglob("*"):
            yield os.fsencode(path.name)
            if path.is_file():
                yield path.read_bytes()


@pytest.fixture
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for temporary files of every run."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def damages(data: bytes) -> Iterator[bytes]:
    """Yield copies that fail at different places: cut, looped, overlapping, contradicting."""
    first = struct.unpack_from("<L", data, 4)[0]
    pointer = first + 2 + 12 * struct.unpack_from("<H", data, first)[0]
    yield data[: len(data) // 2]
    yield data[:-1]
    yield data[:pointer] + struct.pack("<L", first) + data[pointer + 4 :]
    yield data[:pointer] + struct.pack("<L", len(data) + 99) + data[pointer + 4 :]
    yield data.replace(b"\nlabel 387x463", b"\n1x1 -> 38x463", 1)  # typed as a label, and described as a thumbnail
    yield data[:first] + b"\xff\xff" + data[first + 2 :]


def test_successful_life_leaks_nothing(make: Make, home: Path, scratch: Path) -> None:
    path, key = make(fields=FIELDS)
    texts = []
    for command in (
        *(("inspect",), ("inspect", "--json"), ("verify",), ("verify", "--json"), ("anonymize", "--dry-run")),
        *(("anonymize", "--in-place", "--keep", "macro"), ("recover",), ("anonymize", "--in-place", "--json")),
        *(("anonymize", "--in-place"), ("verify", "--profile", "strict"), ("verify",), ("inspect",)),
        *(("audit",), ("audit", "--json", "--report", str(scratch / "audit.html"))),
    ):
        texts.append(run_cli(*command, path).text)
    assert leaks(key, *texts) == set()
    assert leaks(key, *written(home, scratch)) == set()
    assert leaks(key, *written(path.parent)) == set()


def test_the_ledgers_mirrors_and_tables_hold_nothing(make: Make, home: Path, scratch: Path, tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
    path, key = make(fields=FIELDS)
    made = tmp_path / "made"
    made.mkdir()
    url = f"{made}/l.jsonl,sqlite:///{made}/m.db"
    about = ("--requester", f"for {CANARY}")
    texts = [run_cli("anonymize", "--out", tmp_path / "out", "--name", CANARY, *about, "--ledger", url, path).text]
    texts.append(run_cli("anonymize", "--in-place", "--keep", "macro", *about, "--ledger", url, path).text)
    for command in (
        *(("list",), ("list", "--json"), ("list", "--not-clean"), ("check",), ("check", "--json"), ("mirror",)),
        *(
            ("export", made / "t.csv"),
            ("export", made / "t.json"),
            ("export", made / "t.xlsx"),
            ("mirror", "--rebuild"),
        ),
    ):
        ended = run_cli("ledger", *command, "--ledger", url)
        assert ended.code == 0, (command, ended.text)
        texts.append(ended.text)
    with zipfile.ZipFile(made / "t.xlsx") as book:
        texts += [book.read(name).decode() for name in book.namelist()]
    texts[0] = texts[0].replace(f"copy: {CANARY}.svs", "")  # the screen shows the name that was just typed
    assert leaks(key, *texts) == set()
    assert leaks(key, *written(made, home, scratch)) == set()


def test_an_old_name_stands_nowhere_but_sealed(make: Make, home: Path, scratch: Path, tmp_path: Path) -> None:
    """The screen answers whoever named the path; what is written does not know the name any more."""
    _, key = make(f"archive/{CANARY}/{CANARY}.svs", fields=FIELDS)
    second, _ = make(f"other/{CANARY}.svs", fields=FIELDS)
    out, reports = tmp_path / "out", [tmp_path / f"report.{end}" for end in ("html", "json", "csv")]
    run_cli("batch", "--out", out, "--name", "S{n}", "--report", reports[0], "--jobs", "1", tmp_path / "archive")
    run_cli("anonymize", "--out", out, "--report", reports[1], second)
    run_cli("anonymize", "--in-place", "--name", "TWO", "--report", reports[2], second)
    assert {path.suffix for path in out.rglob("*") if path.is_file()} == {".svs"}
    assert len(list(home.rglob("*.links"))) == 1
    found = leaks(key, *written(home, scratch), *(path.read_bytes() for path in reports), *written(second.parent))
    assert found == set()
    copies = [path for path in out.rglob("*") if path.is_file()]
    assert leaks(key, *(path.read_bytes() for path in copies), *(path.name for path in copies)) == set()


def test_show_values_shows_them(make: Make) -> None:
    path, key = make(fields=FIELDS)
    assert leaks(key, run_cli("inspect", "--show-values", path).out) >= {CANARY}
    assert leaks(key, run_cli("inspect", "--show-values", "--json", path).out) >= {CANARY}
    for command in ("verify", "anonymize", "recover"):
        assert run_cli(command, "--show-values", path).code == 2


@pytest.mark.parametrize("number", range(6))
def test_failures_leak_nothing(make: Make, home: Path, scratch: Path, number: int) -> None:
    path, key = make(fields=FIELDS)
    path.write_bytes(list(damages(path.read_bytes()))[number])
    for command in (("inspect",), ("inspect", "--show-values"), ("verify", "--json"), ("anonymize", "--in-place")):
        ended = run_cli(*command, path)
        assert ended.code == 3
        assert leaks(key, ended.text) == set()
    assert leaks(key, *written(home, scratch)) == set()


def test_refusals_of_the_surroundings_leak_nothing(make: Make, home: Path, scratch: Path) -> None:
    path, key = make(fields=FIELDS)
    path.chmod(0o444)
    texts = [run_cli("anonymize", "--in-place", path).text]
    path.chmod(0o644)
    os.link(path, path.with_name("other.svs"))
    texts.append(run_cli("anonymize", "--in-place", "--json", path).text)
    assert leaks(key, *texts, *written(home, scratch)) == set()


@pytest.mark.parametrize("call", ["pwrite64:signal=SIGKILL:when=2", "pwrite64:signal=SIGKILL:when=5"])
def test_killed_run_leaves_no_value_outside_the_slide(make: Make, home: Path, scratch: Path, call: str) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    path, key = make(fields=FIELDS)
    strace = ("strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={call}")
    assert run_cli("anonymize", "--in-place", path, before=strace).code == -9
    journals = [p.read_bytes() for p in path.parent.iterdir() if p != path]
    assert journals
    assert leaks(key, *journals, *written(home, scratch)) == set()
    assert leaks(key, run_cli("recover", path).text) == set()


@pytest.mark.parametrize("call", ["pwrite64:error=EIO:when=3", "fsync:error=EIO:when=2", "rename:error=EIO:when=1"])
def test_failing_disk_leaks_nothing_and_says_what_to_do(make: Make, home: Path, scratch: Path, call: str) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    path, key = make(fields=FIELDS)
    before = path.read_bytes()
    assert run_cli("inspect", path).code == 0
    strace = ("strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={call}")
    ended = run_cli("anonymize", "--in-place", path, before=strace)
    assert ended.code in (4, 5)
    assert (path.read_bytes() == before) or ended.code == 5
    assert ("recover" in ended.err) == (ended.code == 5)
    assert leaks(key, ended.text, *written(home, scratch)) == set()
    assert run_cli("recover", path).code == 0
    assert run_cli("anonymize", "--in-place", path).code == 0


def test_key_and_ledger_are_for_their_owner_alone(make: Make, home: Path) -> None:
    assert run_cli("anonymize", "--in-place", make()[0]).code == 0
    found = {p.name: p for p in home.rglob("*") if p.is_file()}
    for name in ("site.key", "ledger.jsonl"):
        assert found[name].stat().st_mode & 0o077 == 0
