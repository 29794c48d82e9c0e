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
# # Spot-check, signature and report
#
# Machines have said that the slides are clean. Now a person looks at a random sample and signs what was seen. Four
# slides with an invented patient are built and cleaned here; one that nobody cleaned is slipped in.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

from blankslide import api
from blankslide.jupyter import AuditLog, SpotCheck
from blankslide.samples.aperio.slide import build_aperio

folder = TemporaryDirectory(prefix="blankslide-notebook-")
place = Path(folder.name)
clean = place / "clean"
clean.mkdir()
own = {"ledger": str(place / "ledger.jsonl"), "key": place / "site.key"}
for number in range(1, 5):
    build_aperio(clean / f"slide-{number}.svs", size=(512, 384), factors=(1, 2))
outcomes = api.anonymize_many(clean, in_place=True, jobs=1, **own)
build_aperio(clean / "slide-5.svs", size=(512, 384), factors=(1, 2))
[outcome.content for outcome in outcomes]

# %% [markdown]
# ## The sample
#
# The size follows from what you want to say: *no failure means that at most 40 % are bad, 80 % sure*. The seed is
# shown, so anybody can draw the same slides again. `P` passes, `F` fails, `N` goes to the note, arrows go back and on.

# %%
spot = SpotCheck(clean, "A. Reviewer", at_most=40, confidence=80, size=4, seed=3, **own)
spot

# %% [markdown]
# ## The verdicts
#
# Here code gives them, so that this notebook runs by itself: what still holds something fails.

# %%
await spot.idle()
while not spot.check.is_complete:
    spot.give("pass" if spot.page.clean else "fail")
    await spot.idle()
spot.check.result().sentence()

# %% [markdown]
# ## Signed, reported, recorded
#
# The report holds no value and no picture. The ledger holds the result and who signed it.

# %%
spot.report.value = str(place / "spot-check.html")
spot.sign.click()
await spot.idle()
assert (place / "spot-check.html").exists()

# %%
audit = AuditLog(**own)
await audit.idle()
audit.check.click()
await audit.idle()
audit

# %% [markdown]
# ## What you have learned
#
# - A sample says how many of *all* slides can be bad at most, and how sure that is.
# - The slide that nobody cleaned was found, because it was drawn; the bound says what it means for the others.
# - The result is signed into the ledger, whose chain shows every later change.
