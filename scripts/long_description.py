"""What PyPI shows of the README: a hook of hatchling, which runs whenever a wheel or an sdist is built.

The README is written for whoever reads it beside the source: its links and pictures are paths. On PyPI they would lead
nowhere. Where the project says where its source can be read (`Source` among `[project.urls]`), they are made whole with
the version's tag; where it does not, a link becomes its words, and a picture is left out. No address is invented.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from hatchling.metadata.plugin.interface import MetadataHookInterface

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PICTURE = re.compile(r"!\[[^\]]*\]\((?!\w+:)([^)\s]+)\)\n*")
LINK = re.compile(r"\[([^\]]+)\]\((?!\w+:|#)([^)\s]+)\)")
REMARK = re.compile(r"<!--.*?-->\n", re.DOTALL)


class LongDescription(MetadataHookInterface):
    """The hook; hatchling finds it by its base class."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the readme of the project's metadata."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        urls, version = metadata.get("urls", {}), metadata["version"]
        metadata["readme"] = {"content-type": "text/markdown", "text": turned(text, urls, version)}


def turned(text: str, urls: Mapping[str, str], version: str) -> str:
    """Return the README as it can be read far from the source.

    Parameters
    ----------
    text
        The README.
    urls
        ``[project.urls]``; of these only `Source` counts, the address of a repository as GitHub and GitLab serve it.
    version
        The version that is built; its tag is ``v`` and the version.
    """
    text = REMARK.sub("", text)
    source = urls.get("Source", "").rstrip("/")
    if not source:
        return LINK.sub(r"\1", PICTURE.sub("", text))
    text = PICTURE.sub(lambda found: found[0].replace(found[1], f"{source}/raw/v{version}/{found[1]}"), text)
    return LINK.sub(rf"[\1]({source}/blob/v{version}/\2)", text)
