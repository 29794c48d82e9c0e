"""The snippets of a page of the documentation: commands with what is shown below them, and blocks of anything else."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Snippet", "is_said", "snippets", "words_of"]

COMMAND = re.compile(r"(?:\$ )?((?:\w+=\S+ )*blankslide [a-z-].*)")
FENCE = re.compile(r"( *)```(\w*)$")


class Snippet(NamedTuple):
    """A command with what is shown below it, or a block of anything else."""

    kind: str
    text: str
    shown: tuple[str, ...] = ()

    def begins(self, start: str) -> bool:
        """Whether this is the snippet that a line of a table speaks of; ``toml:`` is every block of that language."""
        return self.kind == start[:-1] if re.fullmatch(r"[a-z]+:", start) else self.text.lstrip().startswith(start)


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the blocks of a page with their languages: fenced ones, and paragraphs that are indented by four spaces."""
    lines, inside, block, kind = text.splitlines(), "", list[str](), ""
    for line in [*lines, "end"]:
        fence = FENCE.match(line)
        if inside:
            if fence:
                yield kind, block
                inside, block = "", []
            else:
                block.append(line.removeprefix(inside[:-3]))
        elif fence:
            if any(block):
                yield "", block
            inside, kind, block = f"{fence[1]}```", fence[2], []
        elif line.startswith("    ") or (block and not line):
            block.append(line.removeprefix("    "))
        elif block:
            yield "", block
            block = []


def snippets(text: str) -> Iterator[Snippet]:
    """Yield the snippets of a page, in their order."""
    for kind, block in _blocks(text.replace("\\\n", " ")):
        pieces: list[list[str]] = [[]]
        for line in block:
            if kind in ("", "sh") and COMMAND.match(line):
                pieces.append([line])
            elif not line and COMMAND.match(pieces[-1][0] if pieces[-1] else ""):
                pieces.append([])
            else:
                pieces[-1].append(line)
        for piece in pieces:
            found = COMMAND.match(piece[0]) if piece and kind in ("", "sh") else None
            if found:
                yield Snippet("command", found[1], tuple(piece[1:]))
            elif any(piece):
                yield Snippet(kind, "\n".join(piece).strip("\n"))


def words_of(command: str) -> tuple[dict[str, str], list[str]]:
    """Return variables and words of a command, without its remark and what a shell would do with its output."""
    words = shlex.split(re.split(r" {2,}", command)[0], comments=True)
    for stop in (">", "|"):
        words = words[: words.index(stop)] if stop in words else words
    first = words.index("blankslide")
    return dict(word.split("=", 1) for word in words[:first]), words[first + 1 :]


def is_said(line: str, text: str) -> bool:
    """Whether something like a line was said, whatever its numbers, digests and names are."""
    like = re.sub(r"\w*…", ".*", re.escape(line.strip()))
    return re.search(re.sub(r"\d+", r"\\d+", like), text) is not None
