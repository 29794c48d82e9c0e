"""Parts of a card that list things: pictures with captions, and rows under heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from blankslide.jupyter.parts import Heard, Part, Said, Says


class PictureList(Part):
    """Small pictures with captions.

    Items have ``key``, ``caption``, ``alt``, ``image`` (bytes of a PNG, or None), ``why`` (what stands instead) and
    ``opens`` (what pressing it does; empty if it cannot be pressed).
    """

    kind = "pictures"
    name = Said("pictures")
    items: Said[Sequence[Says]] = Said(())

    def __init__(self, does: Callable[[str], None] | None = None, **says: object) -> None:
        super().__init__(**says)
        self._does = does

    def hear(self, said: Heard) -> None:
        """As `Part.hear`."""
        keys = [item["key"] for item in self.items if item.get("opens")]
        if said.get("do") == "enlarge" and said.get("value") in keys and self._does is not None:
            self._does(str(said["value"]))

    def words(self) -> str:
        """As `Part.words`."""
        return "\n".join(f"{item['caption']} {item['why']}" for item in self.items)


class Table(Part):
    """Rows under heads.

    Columns are (head, width). Rows have ``id``, ``tone``, ``cells`` (``text``, ``badge`` with ``tone``, ``title``,
    ``image``), and at the end either ``choice`` (``label``, ``options``, ``chosen``, ``disabled``) or ``press``
    (``label``, ``name``, ``disabled``). ``first`` is the column that heads its row, ``least`` how narrow the table may
    get before it is moved sideways.
    """

    kind = "table"
    name = Said("")
    columns: Said[Sequence[tuple[str, str]]] = Said(())
    rows: Said[Sequence[Says]] = Said(())
    first = Said(1)
    least = Said("560px")

    def __init__(
        self,
        chose: Callable[[str, int], None] | None = None,
        pressed: Callable[[str], None] | None = None,
        **says: object,
    ) -> None:
        super().__init__(**says)
        self._chose, self._pressed = chose, pressed

    def hear(self, said: Heard) -> None:
        """As `Part.hear`."""
        row = next((row for row in self.rows if row["id"] == said.get("row")), None)
        if row is None:
            return
        choice, press, value = row.get("choice"), row.get("press"), said.get("value")
        if said.get("do") == "row" and press and not press["disabled"] and self._pressed is not None:
            self._pressed(row["id"])
        elif said.get("do") == "choose" and choice and not choice["disabled"] and self._chose is not None:
            chosen = value if isinstance(value, int) else -1
            if 0 <= chosen < len(choice["options"]):
                self._chose(row["id"], chosen)

    def words(self) -> str:
        """As `Part.words`."""
        heads = [head for head, _ in self.columns] if self.rows else []
        rows = [" ".join(f"{c.get('badge', '')} {c.get('text', '')}" for c in row["cells"]) for row in self.rows]
        return "\n".join([*heads, *rows])
