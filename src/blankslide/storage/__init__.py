"""The only door to the disk: descriptors, locks, blocks, journal, transaction.

Nothing here knows a format. A caller opens a slide (`files`), holds it (`lock`), turns
patches into whole blocks of the final image (`blocks`), makes them durable beside the slide
(`journal`) and only then overwrites (`transaction`). Every change to the disk passes one
`volume.Volume`, so that a test can stand in for the disk and break it at every call.
"""

from __future__ import annotations
