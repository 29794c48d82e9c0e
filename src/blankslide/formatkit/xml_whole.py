"""XML in which some values may not be empty, and ids that follow ``urn:uuid:``.

A schema may demand a date or an address where there is an element for it, so blank characters
in it would be wrong, but no element at all is right. Keys given as ``whole`` go with their
element or attribute; white space stands where they stood. Of ``urn:uuid:...`` only the id is
replaced, so that it still is one and links of several files still match.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from blankslide.formatkit.xml_fields import Rule, XmlReader
from blankslide.model import PhiClass

if TYPE_CHECKING:
    from blankslide.containers.xml import Attribute, Element
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.formatkit.xml_fields import Rules
    from blankslide.model import Place

_URN = "urn:uuid:"


class WholeXmlReader(XmlReader):
    """See the module; ``whole`` holds ids of rules, the last parts of their findings' ids."""

    def __init__(
        self, found: FindingCollector, kept: list[Place], prefix: str, table: Rules, whole: Collection[str] = ()
    ) -> None:
        super().__init__(found, kept, prefix, table)
        self.whole = frozenset(whole)

    def _known_value(self, rule: Rule, name: str, at: tuple[int, int], value: str) -> None:
        if rule.cls is PhiClass.LINK and value.startswith(_URN):
            at, value = (at[0] + len(_URN), at[1]), value[len(_URN) :]
        super()._known_value(rule, name, at, value)

    def _attribute(self, name: str, parent: str, attribute: Attribute) -> None:
        rule = self._rule(parent, name, attribute.name)
        if rule is None or rule.id not in self.whole:
            super()._attribute(name, parent, attribute)
            return
        at = (attribute.value_start, attribute.value_end)
        self._goes(rule, attribute.name, at, (attribute.start, attribute.end), attribute.value)

    def _text(self, name: str, parent: str, element: Element) -> None:
        rule = self._rule(parent, name, "")
        if rule is None or rule.id not in self.whole or element.children:
            super()._text(name, parent, element)
            return
        span = (element.start, element.end)
        self._goes(rule, name, span, span, element.text)

    def _goes(self, rule: Rule, name: str, at: tuple[int, int], goes: tuple[int, int], value: str) -> None:
        """Let a value go with all around it, also where it is blank: a blank one is not legal there."""
        if rule.legal is None or rule.weak or not rule.legal.fullmatch(value):
            self._record(rule._replace(title=rule.title or name), at, goes, value)
