"""A watched folder: slides are dropped in, clean ones come out, and nothing is lost or done twice.

    sweep ──> settled? ──> whole? ──> the pipeline, in a process of its own ──> original kept, moved or removed
    `tree`    `sorting`    `hands`                                              or quarantine, with a reason

- What is there: `tree` goes through the folder again and again and is the only truth; `waking` only makes it look
  sooner. `passed_over` knows what file servers and desktops leave beside slides.
- What is to be done: `policies` reads `blankslide.toml` of each sub-folder, `sorting` finds slides that have settled.
- Who does it: `hands` does one slide, `leaving` puts it away, `service` keeps all of it going.
- What is told: `health` writes one small file, `telling` lines for a log; neither holds a name that may identify.

The state is the disk and the ledger. There is no list of jobs that could differ from them: a service that was killed
is started again and looks.
"""

from blankslide.watch.health import Health, read_health
from blankslide.watch.service import Service
from blankslide.watch.settings import Settings, health_path

__all__ = ["Health", "Service", "Settings", "health_path", "read_health"]
