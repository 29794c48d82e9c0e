"""A benchmark of de-identification: slides with invented patients, an answer key, and a score for any tool.

`dataset` builds the slides and the key, from a seed; `score` judges what a tool has made of them and shares no code
with Blankslide's core; `tools` runs a command line over them; `page` writes the results down. Numbers are those of the
MIDI-B challenge: correct actions of required ones, for what must go and for what must stay, apart.
"""
