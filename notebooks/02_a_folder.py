# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A folder of slides
#
# One list, one plan, one run. Three slides of three makers are built here, with an invented patient, and one file that
# is broken; all are gone when the kernel stops.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import blankslide
from blankslide import api
from blankslide.jupyter import BatchReview
from blankslide.samples.aperio.slide import build_aperio
from blankslide.samples.dicom import build_dicom
from blankslide.samples.hamamatsu.slide import build_hamamatsu

folder = TemporaryDirectory(prefix="blankslide-notebook-")
archive = Path(folder.name) / "archive"
archive.mkdir()
build_aperio(archive / "one.svs")
build_hamamatsu(archive / "two.ndpi")
build_dicom(archive / "three.dcm")
(archive / "broken.svs").write_bytes(b"II*\0" + bytes(60))
own = {"ledger": str(Path(folder.name) / "ledger.jsonl"), "key": Path(folder.name) / "site.key"}

# %% [markdown]
# ## The list
#
# *Plan* looks at every slide and changes nothing; *Start* stays shut until you have ticked what it overwrites. *Review*
# opens one slide in the card. The broken file is told of, and stops nobody.

# %%
batch = BatchReview(archive, jobs=1, **own)
batch

# %%
await batch.idle()

# %% [markdown]
# ## The same in code
#
# A slide that is clean has nothing to do: if you have run it in the card, this says so.

# %%
outcomes = api.anonymize_many(archive, in_place=True, jobs=1, **own)
[(row["content"], row["format"], row["reason"].partition(" · ")[0]) for row in blankslide.table(outcomes)]

# %%
assert [outcome.content for outcome in outcomes].count("clean") == 3

# %% [markdown]
# ## What you have learned
#
# - A run is planned whole before anything is written, and one bad file never stops the others.
# - It can be begun again at any time: what is clean has nothing to do.
# - While a run goes on in the card, other cells answer; *Cancel* finishes the slide in hand.
