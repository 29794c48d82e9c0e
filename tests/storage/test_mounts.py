"""Real mounts, made by root: what an overlay, an ext4 journal and a mounted file do to an edit in place."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blankslide.errors import SlideLinked
from blankslide.pipeline import Options, anonymize_in_place, recover
from blankslide.storage import medium, mounts
from blankslide.testing.built import build_aperio

SMALL = {"size": (512, 384), "factors": (1, 2, 4), "macro_size": (400, 140)}
Mount = Callable[..., Path]


def ran(*command: str | Path) -> None:
    """Run a tool of the system; skip where it is missing or not allowed."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"no {command[0]} here")
    ended = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=60)
    if ended.returncode:
        pytest.skip(f"{command[0]} is not allowed here: {ended.stderr.strip()[-120:]}")


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Return a function that mounts something on a folder or file; all is unmounted in the end."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root may mount")
    done: list[Path] = []

    def on(place: Path, *arguments: str | Path) -> Path:
        ran("mount", *arguments, place)
        done.append(place)
        return place

    yield on
    for place in reversed(done):
        subprocess.run(["umount", str(place)], check=False, timeout=60)


def disk(tmp_path: Path, mount: Mount, *options: str, before: Callable[[Path], None] = lambda image: None) -> Path:
    """Mount a small ext4 of its own."""
    image, place = tmp_path / "image", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(48 << 20)
    ran("mkfs.ext4", "-q", "-F", image)
    before(image)
    place.mkdir()
    return mount(place, "-o", ",".join(["loop", *options]), image)


def edited(folder: Path) -> str:
    """Anonymize a slide that is durable in a folder; return the verdict on the medium."""
    path = folder / "slide.svs"
    build_aperio(path, **SMALL)
    os.sync()
    outcome = anonymize_in_place(path, Options())
    assert outcome.content == "clean"
    return outcome.medium


def test_an_ordinary_ext4_is_overwritten(tmp_path: Path, mount: Mount) -> None:
    assert edited(disk(tmp_path, mount)) == "overwritten"


def test_a_journal_that_holds_data_makes_it_unknown(tmp_path: Path, mount: Mount) -> None:
    assert edited(disk(tmp_path, mount, "data=journal")) == "unknown"


def test_a_disk_that_journals_data_by_its_own_superblock_is_unknown(tmp_path: Path, mount: Mount) -> None:
    def demand(image: Path) -> None:
        ran("tune2fs", "-o", "journal_data", image)

    assert edited(disk(tmp_path, mount, before=demand)) == "unknown"


def test_a_file_that_journals_its_data_is_unknown(tmp_path: Path, mount: Mount) -> None:
    # as `chattr +j` does it, which needs a privilege that a container's root lacks
    place = disk(tmp_path, mount)
    path = place / "slide.svs"
    build_aperio(path, **SMALL)
    subprocess.run(["umount", str(place)], check=True, timeout=60)
    ran("debugfs", "-w", "-R", "set_inode_field /slide.svs flags 0x84000", tmp_path / "image")
    mount(place, "-o", "loop", tmp_path / "image")
    with path.open("rb") as file:
        assert medium.at_best(file.fileno()) == "unknown"
    assert anonymize_in_place(path, Options()).medium == "unknown"


def test_an_overlay_keeps_the_old_bytes_below(tmp_path: Path, mount: Mount) -> None:
    place = disk(tmp_path, mount)
    for name in ("lower", "upper", "work", "all"):
        (place / name).mkdir()
    build_aperio(place / "lower" / "slide.svs", **SMALL)
    old = (place / "lower" / "slide.svs").read_bytes()
    layers = ",".join(f"{name}dir={place / name}" for name in ("lower", "upper", "work"))
    merged = mount(place / "all", "-t", "overlay", "overlay", "-o", layers)
    os.sync()
    outcome = anonymize_in_place(merged / "slide.svs", Options())
    assert (outcome.content, outcome.medium) == ("clean", "relocated")
    assert (place / "lower" / "slide.svs").read_bytes() == old


def test_a_file_that_is_mounted_into_its_folder_is_refused(tmp_path: Path, mount: Mount) -> None:
    real, shown = tmp_path / "real" / "slide.svs", tmp_path / "shown" / "slide.svs"
    for path in (real, shown):
        path.parent.mkdir()
    build_aperio(real, **SMALL)
    shown.touch()
    mount(shown, "--bind", real)
    data, then = real.read_bytes(), real.stat().st_mtime_ns
    with pytest.raises(SlideLinked, match="mounted into this folder") as caught:
        anonymize_in_place(shown, Options())
    assert (caught.value.exit_code, caught.value.changed) == (4, "no")
    with pytest.raises(SlideLinked):
        recover(shown, Options())
    assert (real.read_bytes(), real.stat().st_mtime_ns) == (data, then)
    assert [p.name for p in shown.parent.iterdir()] == ["slide.svs"]
    assert anonymize_in_place(real, Options()).content == "clean"


def test_without_a_mount_table_devices_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "mount_id", lambda fd: None)
    with (tmp_path / "f").open("wb") as file:
        assert not mounts.is_apart([file.fileno()], str(tmp_path))
        assert medium.at_best(file.fileno()) == "overwritten"
        if os.stat("/proc").st_dev != os.fstat(file.fileno()).st_dev:
            assert mounts.is_apart([file.fileno()], "/proc")


@pytest.mark.parametrize("kind", ["overlay", "fuse.fuse-overlayfs", "aufs", "fuse.unionfs-fuse"])
def test_every_file_system_of_layers_counts(kind: str) -> None:
    assert mounts.keeps_lower_layer(mounts.Mount(kind, frozenset(), "0:1"))
    assert not mounts.keeps_lower_layer(mounts.Mount("xfs", frozenset(), "0:1"))
