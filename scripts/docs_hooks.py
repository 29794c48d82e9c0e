"""What the documentation's site needs beside the pages: the README as first page, and what stands at the root.

MkDocs reads pages below ``docs`` only. The pages at the root, and the notebooks, are part of the project and are
read on GitHub as well, so they stay where they are and are taken in here, with their links turned.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
LEAVES = re.compile(r"\]\(\.\./((?:\.\./)?(?:notebooks/|LICENSE|" + "|".join(map(re.escape, PAGES.values())) + "))")
LINK = re.compile(r"(\]\()((?!\w+:|#)[^)\s]+)(\))")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages of a folder that the navigation names, so that a new one needs no line there."""
    config.nav = [_filled(entry) for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take in the pages at the root, the notebooks and the licence."""
    for name, page in PAGES.items():
        files.append(File.generated(config, page, content=_turned((ROOT / name).read_text(encoding="utf-8"), page)))
    others = [*sorted((ROOT / "notebooks").glob("*.ipynb")), ROOT / "LICENSE"]
    for path in others:
        if path.is_file():
            files.append(File.generated(config, str(path.relative_to(ROOT)), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: object, **kwargs: object) -> str:
    """Let links that leave ``docs`` find what was taken in."""
    for name, page_ in PAGES.items():
        markdown = markdown.replace(f"../{name})", f"../{page_})").replace(f"../{name}#", f"../{page_}#")
    return LEAVES.sub(r"](\1", markdown)


def _filled(entry: object) -> object:
    """Return an entry of the navigation with its folders listed, and each page called by its first heading."""
    if isinstance(entry, str):
        return {_heading(entry): entry}
    if not isinstance(entry, dict):
        return entry
    ((title, below),) = entry.items()
    if isinstance(below, str) and (ROOT / "docs" / below).is_dir():
        below = [f"{below}/{path.name}" for path in sorted((ROOT / "docs" / below).glob("*.md"))]
    return {title: [_filled(each) for each in below]} if isinstance(below, list) else entry


def _heading(page: str) -> str:
    names = {page: name for name, page in PAGES.items()}
    path = ROOT / names[page] if page in names else ROOT / "docs" / page
    found = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1].replace("`", "") if found else path.stem


def _turned(text: str, page: str) -> str:
    """Turn the links of a page at the root into links of the site."""

    def turn(found: re.Match[str]) -> str:
        target, hash_, anchor = found[2].partition("#")
        target = PAGES.get(target, target.removeprefix("docs/"))
        return f"{found[1]}{target}{hash_}{anchor}{found[3]}"

    return LINK.sub(turn, text)
