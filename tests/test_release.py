"""A release is the same bytes wherever it is built, says what it brings, and is told from one that is forged.

The steps run for real on a small project with a hook and a dependency of its own; what is promised of our own wheel and
its description is looked at in that wheel.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

for module in ("build", "hatchling", "twine"):
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed", allow_module_level=True)
ROOT = Path(__file__).resolve().parents[1]
KEYGEN = shutil.which("ssh-keygen")

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "comet"
version = "1.0"
dynamic = ["description"]
readme = "README.md"
requires-python = ">=3.11"
dependencies = {needs}

[tool.hatch.metadata.hooks.custom]
"""
HOOK = """
import os, time
from hatchling.metadata.plugin.interface import MetadataHookInterface


class Hook(MetadataHookInterface):
    def update(self, metadata):
        metadata["description"] = str({said})
"""


def loaded(path: Path) -> Any:
    name = path.stem.replace("-", "_")
    spec = importlib.util.spec_from_loader(name, SourceFileLoader(name, str(path)))
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


@pytest.fixture(scope="module")
def script() -> Any:
    return loaded(ROOT / "scripts" / "release")


def git(folder: Path, *words: str) -> None:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def committed(folder: Path) -> Path:
    git(folder, "init", "-q")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "-q", "-m", "All")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a project, with what its hook says as description."""

    def make(said: str, readme: str = "# Comet\n", needs: tuple[str, ...] = ()) -> Path:
        folder = tmp_path / "project"
        (folder / "src" / "comet").mkdir(parents=True)
        (folder / "src" / "comet" / "__init__.py").write_text("")
        (folder / "pyproject.toml").write_text(PROJECT.format(needs=list(needs)))
        (folder / "hatch_build.py").write_text(HOOK.format(said=said))
        (folder / "README.md").write_text(readme)
        return committed(folder)

    return make


def metadata_of(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return archive.read(name).decode()


# -- the same bytes ----------------------------------------------------------------------


def test_the_two_builds_share_nothing_that_a_build_could_notice(
    script: Any, project: Callable[..., Path], tmp_path: Path
) -> None:
    noticed = ("os.getcwd()", "time.tzname", "os.umask(0o22)", "os.path.getmtime('README.md')", "hash('x')")
    source = project(f"' | '.join(map(str, ({', '.join(noticed)})))")
    wheels = [
        next(script.built(source, tmp_path / str(number), how, "1700000000").glob("*.whl"))
        for number, how in enumerate(script.UNLIKE)
    ]
    said = [re.findall(r"^Summary: (.*)$", metadata_of(wheel), re.MULTILINE)[0].split(" | ") for wheel in wheels]
    assert len(said[0]) == len(noticed)
    assert [name for name, one, other in zip(noticed, *said, strict=True) if one == other] == []
    assert re.match(r"comet-1\.0-.*METADATA: ", script.difference(*wheels))


def test_what_depends_on_the_place_is_not_published(script: Any, project: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(script.Failed, match=r"not reproducible: comet-1\.0.*(METADATA|PKG-INFO): "):
        script.release(project("os.getcwd()"), tmp_path / "dist", None, sbom=False)
    assert not (tmp_path / "dist").exists()


def test_a_description_that_pypi_would_not_show_is_not_published(
    script: Any, project: Callable[..., Path], tmp_path: Path
) -> None:
    source = project("'A comet'")
    (source / "pyproject.toml").write_text((source / "pyproject.toml").read_text().replace("README.md", "README.rst"))
    (source / "README.rst").write_text("Comet\n==\n\n.. nothing-of-that-name::\n")
    with pytest.raises(script.Failed, match="twine"):
        script.release(committed(source), tmp_path / "dist", None, sbom=False)


# -- who says so -------------------------------------------------------------------------


def checks() -> list[list[str]]:
    """Return the commands that docs/release.md tells to check a release with."""
    text = (ROOT / "docs" / "release.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(ssh-keygen -Y verify.*?)```", text, re.DOTALL)
    return [["bash", "-c", line] for line in block.replace("\\\n", " ").splitlines()]


def believed(folder: Path) -> list[bool]:
    return [
        subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0 for command in checks()
    ]


@pytest.fixture
def keys(tmp_path: Path) -> list[Path]:
    """Return two fresh keys without a passphrase."""
    if not KEYGEN:
        pytest.skip("ssh-keygen is not installed")
    found = [tmp_path / "ours", tmp_path / "theirs"]
    for key in found:
        subprocess.run([KEYGEN, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    return found


def test_a_forged_release_is_told_from_ours(
    script: Any, project: Callable[..., Path], tmp_path: Path, keys: list[Path], capfd: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = keys
    dist = tmp_path / "dist"
    source = project("'A comet'")
    (source / "src" / "comet" / "left_here.py").write_text("")
    script.release(source, dist, ours, sbom=False)
    assert not {path.name for path in dist.iterdir()} & {ours.name, f"{ours.name}.pub"}
    (dist / "allowed_signers").write_text(f"blankslide {ours.with_suffix('.pub').read_text()}")
    assert believed(dist) == [True, True]

    wheel = dist / "comet-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".py")]
    assert names == ["comet/__init__.py"], "what is not committed is no part of it"
    whole = wheel.read_bytes()
    wheel.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert believed(dist) == [True, False], "a wheel that is not the one of the sums"
    (dist / script.SUMS).write_text(script.sums(dist))
    assert believed(dist) == [False, True], "sums that nobody signed"
    (dist / f"{script.SUMS}.sig").unlink()
    script.signed(theirs, dist)
    assert believed(dist) == [False, True], "signed by somebody else"
    with pytest.raises(script.Failed, match="not empty"):
        script.release(source, dist, ours, sbom=False)


def test_a_key_that_is_not_there_ends_in_failure(script: Any, keys: list[Path], tmp_path: Path) -> None:
    (tmp_path / script.SUMS).write_text("")
    with pytest.raises(script.Failed, match="did not sign"):
        script.signed(tmp_path / "none", tmp_path)


def test_what_an_install_brings_is_listed(
    script: Any, project: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cyclonedx_py", reason="cyclonedx-bom is not installed")
    tail = "tail-2.5-py3-none-any"
    (tmp_path / "index").mkdir()
    with zipfile.ZipFile(tmp_path / "index" / f"{tail}.whl", "w") as wheel:
        wheel.writestr("tail.py", "")
        wheel.writestr("tail-2.5.dist-info/METADATA", "Metadata-Version: 2.1\nName: tail\nVersion: 2.5\nLicense: MIT\n")
        wheel.writestr("tail-2.5.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tail-2.5.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    script.release(project("'A comet'", needs=("tail>=2",)), tmp_path / "dist", None, sbom=True)
    text = (tmp_path / "dist" / "comet-1.0.cdx.json").read_text()
    listed = json.loads(text)
    assert listed["metadata"]["component"]["name"] == "comet"
    assert [(part["name"], part["version"]) for part in listed["components"]] == [("tail", "2.5")]
    assert str(tmp_path) not in text
    assert "comet-1.0.cdx.json" in (tmp_path / "dist" / script.SUMS).read_text()


# -- our own -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with our own sdist and wheel, of the files as they are here."""
    folder = tmp_path_factory.mktemp("ours")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_the_wheel_holds_all_that_is_read_at_run_time(ours: Path) -> None:
    (path,) = ours.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    source = ROOT / "src"
    here = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    assert names - {"blankslide_manifest/napari.yaml"} == {name for name in here if "__pycache__" not in name}
    assert {"blankslide/py.typed", "blankslide_manifest/napari.yaml"} <= names
    assert {Path(name).suffix for name in names} >= {".py", ".tsv", ".json", ".js", ".words"}


def test_the_sdist_holds_all_that_the_tests_read(ours: Path) -> None:
    (path,) = ours.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        there = {name.partition("/")[2].partition("/")[0] for name in sdist.getnames()}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    assert {name.partition("/")[0] for name in tracked if name} - there <= {".ci"}


def test_every_link_of_the_description_leads_somewhere(ours: Path) -> None:
    (path,) = ours.glob("*.whl")
    headers, _, text = metadata_of(path).partition("\n\n")
    assert "Description-Content-Type: text/markdown" in headers
    assert text.startswith("# Blankslide")
    assert "--in-place" in text
    assert not re.findall(r"\]\((?!https?://|#)[^)]*\)|<!--|<img", text)


def test_links_become_whole_where_the_source_has_an_address() -> None:
    turned = loaded(ROOT / "scripts" / "long_description.py").turned
    text = "![Dock](docs/a.png)\n\nSee [api](docs/api.md#verbs), [web](https://example.org), [below](#x).<!-- r -->\n"
    there = turned(text, {"Source": "https://example.org/b/"}, "1.2")
    assert "![Dock](https://example.org/b/raw/v1.2/docs/a.png)" in there
    assert "[api](https://example.org/b/blob/v1.2/docs/api.md#verbs)" in there
    assert "[web](https://example.org), [below](#x)" in there
    assert turned(text, {}, "1.2") == "See api, [web](https://example.org), [below](#x)."
