"""Many slides: planned whole, then done by several processes, resumable, with events that every face can watch.

- What is to be done: `queue` finds the slides, numbers them and takes a shard of them; `names` or `name_table` gives
  them names; `orders` says how they are to be treated.
- Who does it: `crew` keeps worker processes busy, each of which imports once and does many slides (`worker`); `work`
  is what is done with one slide.
- The whole: `forecast` sums up what was planned, `engine` runs it, `events` tells of it, `summary` counts the results;
  `whole` is all of it in one call.

A slide is edited by the pipeline as ever, with its own journal. Which slides are done is not written down anywhere: a
run that was killed is simply begun again. A slide that is clean has nothing to do, one that waits is recovered, and a
copy that is there is recognised by its bytes.
"""

from blankslide.batch.engine import Batch, Request
from blankslide.batch.events import Done, Event, Planned, Queued, Running, Staged
from blankslide.batch.forecast import Forecast, Overview
from blankslide.batch.name_table import NameTable, read_table
from blankslide.batch.names import Naming, Pattern
from blankslide.batch.orders import Orders
from blankslide.batch.queue import Shard, slides, usual_jobs
from blankslide.batch.summary import Summary
from blankslide.batch.whole import naming_of, run_whole

__all__ = [
    "Batch",
    "Done",
    "Event",
    "Forecast",
    "NameTable",
    "Naming",
    "Orders",
    "Overview",
    "Pattern",
    "Planned",
    "Queued",
    "Request",
    "Running",
    "Shard",
    "Staged",
    "Summary",
    "naming_of",
    "read_table",
    "run_whole",
    "slides",
    "usual_jobs",
]
