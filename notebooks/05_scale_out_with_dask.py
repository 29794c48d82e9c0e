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
# # More machines, with dask
#
# The same run over the workers of a dask cluster. Here it is a cluster of one worker on this machine; elsewhere only
# the scheduler's address differs. The slides are built here, with an invented patient.
#
# `pip install "blankslide[jupyter,distributed]"` brings what is needed.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import LocalCluster

import blankslide
from blankslide import api
from blankslide.samples.aperio.slide import build_aperio

folder = TemporaryDirectory(prefix="blankslide-notebook-")
archive = Path(folder.name) / "archive"
archive.mkdir()
for number in range(1, 4):
    build_aperio(archive / f"slide-{number}.svs", size=(512, 384), factors=(1, 2))
own = {"ledger": str(Path(folder.name) / "ledger.jsonl"), "key": Path(folder.name) / "site.key"}

# %% [markdown]
# ## A cluster
#
# Workers read the slides themselves, so they need the same paths, and the site's key in a file of their own.

# %%
cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)
cluster.scheduler_address.partition("://")[0]

# %% [markdown]
# ## The run
#
# Each slide is one task. A worker that dies takes nothing with it: its slide is recovered by the next run.

# %%
outcomes = api.anonymize_many(archive, in_place=True, scheduler=cluster.scheduler_address, **own)
[(row["content"], row["format"]) for row in blankslide.table(outcomes)]

# %%
assert all(outcome.content == "clean" for outcome in outcomes)
cluster.close()

# %% [markdown]
# ## What you have learned
#
# - `scheduler=` is all that changes; plan, journal, judges and ledger are the same.
# - Begin it again after any interruption: what is clean has nothing to do.
# - Without dask, `--shard 1/3` divides an archive between machines that know nothing of each other.
