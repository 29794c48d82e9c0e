"""Spot-checks: a random sample of slides, looked at one by one by a person, and what may be said of all of them.

The mathematics is in `bound`, the sample in `draw`, what a person sees of a slide in `page`, and the verdicts, their
file and their entry in the ledger in `check`. No toolkit is known here.
"""
