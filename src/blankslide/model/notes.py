"""Notes: sentences about a slide that several places say and others know again, without values."""

from __future__ import annotations

DONE_BEFORE = "this very slide was done before, and nothing is doubled"
"""A note: the ledger holds the slide, and its copy was taken away meanwhile."""

OTHER_KEY = "ids in it were replaced under another key"
"""A note: what looks like ids are replacements, so nothing is left, but they are not those of this key."""

COPY_LEFTOVER = "a folder with a dot that the copy was made in could not be removed; the next run removes it"
"""A note: the copy is whole, and beside it stands something of ours that means nothing any more."""

FOLDER_STAYS = "the slide's folder could not be renamed with it"
"""A note: the files have their new names, and the folder that they stand in still has its old one."""

FINISHED = "an interrupted run was finished first"
"""A note: the slide had waited to be recovered."""

NO_LABEL_PLACE = "the slide has no picture in whose place a new label could be drawn"
NO_LABEL_ROOM = "the new label has no room in the place of the old one, so there is none"
"""Notes: a label was asked for, and none was drawn; what was there went."""

NO_MACRO = "the slide has no macro whose label end could be masked"
"""A note: a mask was asked for, and there is nothing to mask."""

NO_LABEL_PART = "the slide has no label of which a part could be kept"
"""A note: a part of it was to stay, and there is none."""

KEPT_PART = "kept: a part of the label"
"""What is said to be left where a person asked for it."""

MASKED = "the macro is masked"
"""A note: its label end is blank, and the rest of it is what it was."""

MASKED_BEFORE = "the macro was masked before"
"""A note: what an earlier run has done, or somebody who writes as we do."""

LEFTOVER = "what is left of the journal could not be removed; the next run removes it"
"""A note: the slide is finished, and beside it stands a file of ours that means nothing any more."""

PSEUDONYM = "the slide's own name may identify, so the copy has a pseudonym"
"""A note: nobody chose a name for the copy."""
