"""What file servers, desktops and copiers leave beside slides: never taken for input, but counted and told.

Some of it holds the slide's label: a file server's small copies are pictures of it. So it is told by its kind; names
are not repeated, for they are those of slides.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache

_NAMES = (
    *("@eaDir", "@SynoEAStream", "@SynoResource", "@tmp", "#recycle", "#snapshot"),  # Synology
    *(".@__thumb", "@Recycle", "@Recently-Snapshot"),  # QNAP
    *(".recycle", ".zfs", ".snapshot", ".snapshots", "lost+found"),  # Samba, ZFS and others
    *("Thumbs.db", "ehthumbs.db", "desktop.ini", "$RECYCLE.BIN", "System Volume Information"),  # Windows
    *(".DS_Store", ".AppleDouble", ".TemporaryItems", ".Trashes", ".Spotlight-V100", ".fseventsd"),  # macOS
    *(".stfolder", ".stversions", ".thumbnails", ".picasaoriginals"),
)
_PATTERNS = (
    *("SYNOPHOTO_THUMB_*", "*@SynoEAStream", "*@SynoResource", ".syncthing.*", "~syncthing~*", "._*", ".Trash-*"),
    *(".nfs*", ".smbdelete*", ".fuse_hidden*", "~$*", ".~lock.*"),
    *("*.part", "*.partial", "*.filepart", "*.tmp", "*.temp", "*.crdownload", "*.download", "*.!sync", "*.aria2"),
)
_NAME_OF = {name.lower(): name for name in _NAMES}
_LOW = [(pattern.lower(), pattern) for pattern in _PATTERNS]
OURS = re.compile(r"\.blankslide-", re.ASCII)
HIDDEN = ".*"


@lru_cache(maxsize=4096)
def kind_of(name: str) -> str:
    """Return the kind of a file or folder that is passed over; empty for all others.

    Returns
    -------
    str
        A name or pattern of the lists above, or ``.*`` for other names that begin with a dot.
    """
    low = name.lower()
    known = _NAME_OF.get(low)
    if known is not None:
        return known
    found = next((pattern for small, pattern in _LOW if fnmatchcase(low, small)), "")
    return found or (HIDDEN if name.startswith(".") else "")
