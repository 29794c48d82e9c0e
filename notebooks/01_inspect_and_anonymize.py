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
# # Inspect and anonymize one slide
#
# What is in it, what will happen, what happened, prove it: the same four steps as on the command line and in napari.
# The slide of this notebook is built here, with an invented patient, and is gone when the kernel stops.
#
# `pip install "blankslide[jupyter]"` brings what is needed; no window system is involved.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

from blankslide import api
from blankslide.jupyter import SlideReview
from blankslide.samples.aperio.slide import build_aperio

folder = TemporaryDirectory(prefix="blankslide-notebook-")
slide = Path(folder.name) / "sample.svs"
planted = build_aperio(slide)
own = {"ledger": str(slide.with_name("ledger.jsonl")), "key": slide.with_name("site.key")}
len(planted.removed)

# %% [markdown]
# ## What is in it
#
# An inspection reads structure only. As the last line of a cell it shows itself; values are masks, because a notebook
# keeps what it shows.

# %%
api.inspect(slide)

# %% [markdown]
# ## What will happen
#
# A plan is data: which bytes, and why. Nothing has been changed.

# %%
api.plan(slide, "research")

# %% [markdown]
# ## With your own eyes
#
# The review shows label and macro as they are, and values on request. *Dry run* is on until you turn it off. If you
# click it through now, the cells below find nothing left to do.

# %%
review = SlideReview(slide, profile="research", **own)
review

# %%
await review.idle()

# %% [markdown]
# ## What happened
#
# The same in code. `in_place=True` must be said: the file itself is overwritten, and there is no way back.

# %%
outcome = api.anonymize(slide, in_place=True, **own)
outcome

# %% [markdown]
# ## Prove it
#
# Readers that nobody here wrote judge the slide again, and the answer key of the sample is held against every byte.

# %%
judged = api.verify(slide)
data = slide.read_bytes()
left = [gone.id for gone in planted.removed if gone.value and gone.value.encode(gone.encoding) in data]
assert judged.content == "clean"
assert not left
judged

# %% [markdown]
# ## What you have learned
#
# - An inspection and a plan change nothing; the same verbs stand on the command line and in napari.
# - `in_place=True` must be said, and readers that nobody here wrote say whether the slide is clean.
# - The card above has seen that the file changed, and shows what stands there now.
# - You can save this notebook as it is: values, pictures and names of a card are never saved.
#   `blankslide notebook-check FILE.ipynb` says so, and `review.finish()` takes them off the page, too.
