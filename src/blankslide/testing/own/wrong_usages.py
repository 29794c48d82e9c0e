"""Things that people type and that make no sense, each with the exit code it ends with and what its sentence names.

A test runs them, and ``scripts/wrong-usages`` prints what is said. Each is run in a folder that `furnish` has made, so
paths are short and the same everywhere.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

IN_PLACE = "anonymize --in-place"


class Wrong(NamedTuple):
    """One mistake.

    Attributes
    ----------
    typed
        What stands behind ``blankslide``, words parted by spaces.
    code
        How it ends.
    names
        What its sentence must name: the file or the option.
    helps
        What a person is told to do.
    without
        Modules that are not installed.
    """

    typed: str
    code: int
    names: str
    helps: str
    without: tuple[str, ...] = ()


#: What is wrong, in the order in which a person meets it.
WRONG = (
    # -- commands and options
    Wrong("anonymise slide.svs", 2, "anonymise", "Did you mean"),
    Wrong(f"{IN_PLACE} --dryrun slide.svs", 2, "--dryrun", "--dry-run"),
    Wrong("anonymize slide.svs --out", 2, "--out", "argument"),
    Wrong("verify", 2, "PATH", "Missing"),
    Wrong("anonymize slide.svs", 2, "--in-place", "--out DIR for a copy"),
    Wrong(f"{IN_PLACE} --out copies slide.svs", 2, "--in-place and --out DIR exclude", "other"),
    Wrong(f"{IN_PLACE} --with-names slide.svs", 2, "--with-names", "--report"),
    Wrong("batch --out copies --json --json-lines many", 2, "--json-lines", "not both"),
    Wrong("completion tcsh", 2, "tcsh", "bash"),
    # -- paths
    Wrong("inspect missing.svs", 2, "missing.svs", "check the spelling"),
    Wrong("inspect scans-of-may/*.svs", 2, "*.svs", "pattern"),
    Wrong("inspect https://example.org/slide.svs", 2, "slide.svs", "to a disk"),
    Wrong("inspect notes.txt", 3, "notes.txt", "text file"),
    Wrong(f"{IN_PLACE} cut-off.svs", 3, "cut-off.svs", "copy it again"),
    Wrong("inspect empty", 0, "empty", "`blankslide formats`"),
    Wrong(f"{IN_PLACE} read-only.svs", 4, "read-only.svs", "permissions"),
    Wrong(f"{IN_PLACE} linked.svs", 4, "linked.svs", "--out"),
    # -- where copies go
    Wrong("anonymize --out many many/a.svs", 4, "a.svs", "another --out"),
    Wrong("batch --out many many", 2, "many", "another folder"),
    Wrong("anonymize --out notes.txt slide.svs", 4, "slide.svs", "folder"),
    Wrong("anonymize --out set/mirax set/mirax.mrxs", 2, "mirax.mrxs", "name a folder"),
    # -- profiles, and what is kept
    Wrong(f"{IN_PLACE} --profile reserch slide.svs", 2, "reserch", "did you mean research?"),
    Wrong(f"{IN_PLACE} --profile missing.toml slide.svs", 2, "missing.toml", "cannot be read"),
    Wrong(f"{IN_PLACE} --profile broken.toml slide.svs", 2, "broken.toml", "line 2"),
    Wrong(f"{IN_PLACE} --profile class.toml slide.svs", 2, "class.toml, line 2", "did you mean direct?"),
    Wrong(
        f"{IN_PLACE} --profile vendor.toml slide.svs", 2, "vendor.toml, line 2", "did you mean aperio.description.user?"
    ),
    Wrong("profile check id.toml", 2, "id.toml, line 2", "did you mean aperio.description.user?"),
    Wrong(f"{IN_PLACE} --keep macr slide.svs", 2, "macr", "did you mean macro?"),
    Wrong(
        f"{IN_PLACE} --keep aperio.description.usr slide.svs", 2, "aperio.description.usr", "aperio.description.user"
    ),
    # -- names
    Wrong(f"{IN_PLACE} --name a/b slide.svs", 2, "slide.svs", "--out"),
    Wrong(f"{IN_PLACE} --name STUDY-1 many", 2, "one name is for one slide", "--name STUDY-{n:04}"),
    Wrong(f"{IN_PLACE} --name STUDY-1 --names names.csv slide.svs", 2, "--names", "not both"),
    Wrong(f"{IN_PLACE} --names-columns from,to slide.svs", 2, "--names-columns", "--names"),
    Wrong(f"{IN_PLACE} --names missing.csv many", 2, "missing.csv", "--names"),
    Wrong("batch --out copies --name STUDY-{m:04} many", 2, "{m}", "{n}"),
    Wrong("batch --out copies --name STUDY many", 2, "STUDY", "{n:04}"),
    Wrong("batch --in-place --name STUDY-{n} --shard 1/3 many", 2, "shards", "{pseudonym}"),
    Wrong("batch --out copies --name STUDY-{n} --names names.csv many", 2, "--names", "not both"),
    Wrong("batch --out copies --names-columns from,to many", 2, "--names-columns", "--names"),
    Wrong("batch --out copies --names missing.csv many", 2, "missing.csv", "--names"),
    Wrong("batch --out copies --names other.csv many", 2, "other.csv", "--names-columns"),
    Wrong("batch --out copies --names twice.csv many", 2, "twice.csv", "rows 2 and 3"),
    Wrong("batch --out copies --names names.xlsx many", 2, "names.xlsx", "pip install", ("python_calamine",)),
    # -- several processes and machines
    Wrong("batch --out copies --jobs 0 many", 2, "--jobs", "1"),
    Wrong("batch --out copies --shard 0/3 many", 2, "0/3", "1/3"),
    Wrong("batch --out copies --shard 4/3 many", 2, "4/3", "1/3"),
    Wrong("batch --out copies --shard a/b many", 2, "a/b", "1/3"),
    Wrong("batch --out copies --scheduler tcp://here:1 many", 2, "--scheduler", "pip install", ("distributed",)),
    Wrong("batch --out copies --scheduler here many", 4, "here", "tcp://"),
    # -- key, ledger, link table
    Wrong("verify --key missing.key slide.svs", 2, "missing.key", "made under"),
    Wrong(f"{IN_PLACE} --key open.key slide.svs", 4, "open.key", "chmod"),
    Wrong(f"{IN_PLACE} --key short.key slide.svs", 4, "short.key", "32"),
    Wrong("recover --key missing.key slide.svs", 2, "missing.key", "made under"),
    Wrong(f"{IN_PLACE} --ledger ftp://somewhere slide.svs", 2, "ledger", ".jsonl"),
    Wrong(f"{IN_PLACE} --ledger nowhere/ledger.jsonl slide.svs", 4, "ledger", "make it"),
    Wrong("anonymize --out copies --name A --link-table links.csv slide.svs", 2, "link table", ".links"),
    # -- what is written beside
    Wrong(f"{IN_PLACE} --report report.doc slide.svs", 2, "report.doc", ".html"),
    Wrong(f"{IN_PLACE} --report folder.html slide.svs", 4, "folder.html", "name a file"),
    Wrong(f"{IN_PLACE} --report nowhere/report.html slide.svs", 4, "report.html", "make it"),
    Wrong("inspect --csv slide.svs slide.svs", 2, "slide.svs", ".csv"),
    Wrong("inspect --csv nowhere/list.csv slide.svs", 4, "list.csv", "--csv"),
    Wrong("samples notes.txt/below", 4, "below", "Not a directory"),
    # -- a watched folder
    Wrong("watch many --out copies --once --quiet nan", 2, "--quiet", "no number of seconds"),
    Wrong("watch many --out copies --once --patience inf", 2, "--patience", "no number of seconds"),
)


def furnish(folder: Path) -> None:
    """Make the files that the mistakes are about."""
    from blankslide.testing import built

    small = {"size": (512, 384), "factors": (1, 2), "macro_size": (400, 140)}
    built.aperio(folder / "slide.svs", **small)
    for name in ("many", "empty", "set", "folder.html"):
        (folder / name).mkdir()
    for name in ("many/a.svs", "many/b.svs", "read-only.svs", "linked.svs"):
        shutil.copyfile(folder / "slide.svs", folder / name)
    (folder / "read-only.svs").chmod(0o444)
    os.link(folder / "linked.svs", folder / "second-name.svs")
    (folder / "cut-off.svs").write_bytes((folder / "slide.svs").read_bytes()[:9000])
    built.build_mirax(folder / "set" / "mirax.mrxs")
    texts = {
        "notes.txt": "no slide\n",
        "broken.toml": "[classes]\ndirect = \n",
        "class.toml": '[classes]\ndirekt = "keep"\n',
        "vendor.toml": '[findings]\n"apperio.description.user" = "keep"\n',
        "id.toml": '[findings]\n"aperio.description.usr" = "keep"\n',
        "names.csv": "old;new\na;A\nb;B\n",
        "other.csv": "from;to\na;A\n",
        "twice.csv": "old;new\na;A\na;B\n",
        "names.xlsx": "PK\3\4",
        "open.key": "k" * 32,
        "short.key": "k",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in ("short.key",):
        (folder / name).chmod(0o600)
    (folder / "open.key").chmod(0o644)


class Said(NamedTuple):
    """How a run ended: exit code, and both streams."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The last line of what was said, without click's own words in front."""
        lines = [line for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1].removeprefix("Error: ") if lines else ""


def run(wrong: Wrong, folder: Path, main: Callable[..., object], forget: Callable[[str], None]) -> Said:
    """Type it in that folder.

    Parameters
    ----------
    main
        The command line, which this room does not know.
    forget
        Called with each module that is to be missing.
    """
    for module in wrong.without:
        forget(module)
    out, err = (TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2))
    code = 0
    with _inside(folder), redirect_stdout(out), redirect_stderr(err):
        try:
            main(wrong.typed.split(" "), prog_name="blankslide")
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
    texts = (stream.buffer.getvalue().decode() for stream in (out, err))
    return Said(code, *texts)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
