"""JupyterLab, Notebook 7 and Voila on the loopback and a headless Chromium, for tests and screenshots.

The server has a free port, a token, and a home of its own; it inherits nothing of the
person's Jupyter settings and is killed at the end with its kernels. The browser is the
system's: Playwright's own download is never used.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

START = 120.0
PATIENCE = 120_000
"""Milliseconds to wait for anything in the page: the machine may be busy with other tests."""
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb",
]  # fmt: skip
_FOLDERS = {
    "HOME": ".",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
}


def missing() -> str:
    """Say what this machine lacks for a browser test, or nothing."""
    lacks = [
        m
        for m in ("jupyterlab", "notebook", "voila", "anywidget", "playwright", "axe_playwright_python")
        if find_spec(m) is None
    ]
    if not any(map(shutil.which, _BROWSERS)):
        lacks.append("chromium")
    return f"not installed: {', '.join(lacks)}" if lacks else ""


def environment(home: Path) -> dict[str, str]:
    """Return an environment in which Jupyter finds only ``home`` and this Blankslide."""
    import blankslide

    own = {name: str((home / part).resolve()) for name, part in _FOLDERS.items()}
    for folder in own.values():
        Path(folder).mkdir(parents=True, exist_ok=True)
    source = str(Path(blankslide.__file__).parents[1])
    paths = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))
    return os.environ | own | {"PYTHONPATH": paths, "JUPYTER_PLATFORM_DIRS": "1"}


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of code cells."""
    from nbformat import v4, write

    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = v4.new_notebook(cells=[v4.new_code_cell(c) for c in cells], metadata={"kernelspec": kernel})
    write(made, path)


@contextmanager
def server(
    folder: Path, home: Path, *, front: str = "lab", theme: str = "JupyterLab Light", keeps_states: bool = True
) -> Iterator[str]:
    """Serve ``folder``; yields an address with a place for the notebook's name.

    Parameters
    ----------
    front
        ``lab``, ``notebook`` or ``voila``.
    keeps_states
        Whether states of widgets go into saved notebooks: the worst case for what they may hold.
    """
    env = environment(home)
    _settings(home, theme, keeps_states)
    port, token = _free_port(), secrets.token_hex(16)
    place = f"http://127.0.0.1:{port}"
    shared = ["--no-browser", f"--port={port}"]
    served = [
        *shared, "--ip=127.0.0.1", "--allow-root", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}", "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    command, status, address = {
        "lab": (["jupyterlab", *served], f"api/status?token={token}", f"doc/tree/{{}}?token={token}&reset"),
        "notebook": (["notebook", *served], f"api/status?token={token}", f"notebooks/{{}}?token={token}"),
        "voila": (["voila", *shared, "--Voila.ip=127.0.0.1", str(folder)], "", "voila/render/{}"),
    }[front]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], env=env, stdout=log, stderr=log, start_new_session=True, cwd=folder
        )
        try:
            _wait(process, f"{place}/{status}", home / "server.log")
            yield f"{place}/{address}"
        finally:
            _stop(process)


def _settings(home: Path, theme: str, keeps_states: bool) -> None:
    """No news, a theme, and whether states of widgets are saved."""
    labconfig = home / "config" / "labconfig"
    labconfig.mkdir(parents=True, exist_ok=True)
    off = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (labconfig / "page_config.json").write_text(json.dumps(off), encoding="utf-8")
    for plugin, name, value in (
        ("@jupyter-widgets/jupyterlab-manager", "plugin", {"saveState": keeps_states}),
        ("@jupyterlab/apputils-extension", "themes", {"theme": theme}),
    ):
        target = home / "settings" / plugin
        target.mkdir(parents=True, exist_ok=True)
        (target / f"{name}.jupyterlab-settings").write_text(json.dumps(value), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - our own loopback server
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError("JupyterLab did not start:\n" + log.read_text("utf-8", "replace")[-2000:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask once, so that kernels are shut down too, then kill the whole group."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


@contextmanager
def page(profile: Path, *, size: tuple[int, int] = (1280, 800)) -> Iterator[Any]:
    """Open a browser window; yields Playwright's page."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, _BROWSERS)))
    with sync_playwright() as play:
        view = {"width": size[0], "height": size[1]}
        context = play.chromium.launch_persistent_context(
            str(profile), executable_path=found, headless=True, args=_FLAGS, viewport=view
        )
        try:
            opened = context.new_page()
            opened.set_default_timeout(PATIENCE)
            yield opened
        finally:
            context.close()


def run_all(opened: Any, address: str) -> None:
    """Open a notebook and run all its cells."""
    opened.goto(address)
    opened.locator(".jp-Notebook .jp-Cell").first.click()
    opened.get_by_text("| Idle").or_(opened.locator("[data-status=idle]")).first.wait_for(state="attached")
    opened.get_by_role("menuitem", name="Run", exact=True).click()
    opened.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def axe(opened: Any, within: str) -> list[str]:
    """Name the serious findings of axe-core, which the package brings along."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(opened, context=within).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def seen(found: Any) -> None:
    """Wait until something is visible; while rows are refilled it may be there twice."""
    found.first.wait_for()


def unseen(found: Any) -> None:
    """Wait until something is nowhere."""
    from playwright.sync_api import expect

    expect(found).to_have_count(0, timeout=PATIENCE)


def shut(button: Any) -> None:
    """Wait until a button cannot be pressed; the browser draws one change after another."""
    from playwright.sync_api import expect

    expect(button).to_be_disabled(timeout=PATIENCE)


def save(opened: Any, notebook: Path) -> str:
    """Save the notebook from its menu; returns the file's text once it has been written anew."""
    before = notebook.stat().st_mtime_ns
    opened.get_by_role("menuitem", name="File", exact=True).click()
    opened.get_by_role("menuitem", name="Save Notebook", exact=False).first.click()
    end = time.monotonic() + PATIENCE / 1000
    while notebook.stat().st_mtime_ns == before and time.monotonic() < end:
        opened.wait_for_timeout(100)
    opened.wait_for_timeout(500)
    return notebook.read_text("utf-8")
