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
# # A profile of your own
#
# A profile says what becomes of each finding. This one keeps the scanner's serial number, because the study needs it.
# The slide is built here, with an invented patient.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import blankslide
from blankslide import api
from blankslide.jupyter import SlideReview
from blankslide.samples.aperio.slide import build_aperio

folder = TemporaryDirectory(prefix="blankslide-notebook-")
slide = Path(folder.name) / "sample.svs"
build_aperio(slide, size=(512, 384), factors=(1, 2))
own = {"ledger": "none", "key": slide.with_name("site.key")}

# %% [markdown]
# ## Write it
#
# Classes first, then single findings, which win. Ids are those of the table in each card.

# %%
profile = slide.with_name("study.toml")
profile.write_text(
    """
name = "study 7"
base = "strict"

[classes]
device = "keep"

[findings]
"*.barcode" = "remove"
""",
    encoding="utf-8",
)

# %% [markdown]
# ## Compare it
#
# What would this profile leave that `strict` takes away?


# %%
def kept(name):
    return {
        row["id"] for row in blankslide.rows(api.plan(slide, name)) if row["action"] == "keep" and row["identifies"]
    }


sorted(kept(profile) - kept("strict"))

# %% [markdown]
# ## Look at it
#
# What stays although it may identify is said under the table, before anything happens.

# %%
review = SlideReview(slide, profile=profile, **own)
review

# %%
await review.idle()
outcome = api.anonymize(slide, in_place=True, profile=profile, **own)
assert outcome.content == "residue"
outcome

# %% [markdown]
# ## What you have learned
#
# - A profile is a short TOML file; `blankslide profile check FILE.toml` says what is wrong with one.
# - Keeping what can identify is your decision, and the tool does not call the result clean: it names what is left.
# - The same file works on the command line, in napari, and for a whole folder.
