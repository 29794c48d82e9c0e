"""The second account of a slide: what is really in its files, found without any format.

A format says what is tissue, what is metadata and what goes. The census never asks it. It reads the
same bytes by other means, sorts them into pictures, texts and proven tissue, and each thing that it
finds must be explained; see `blankslide.verification.census.account`. Nothing in this package imports
code that plans or makes an edit.
"""
