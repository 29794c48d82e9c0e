"""Finding in pictures what a person would read there: text, barcodes, ink.

Reading is done in a process of its own, which has no network, writes no file and has an end (`barriers`), because
picture decoders and models are large foreign code that is given strangers' pictures. It is started by `asking`; what
runs in it is `blankslide.viewing.reading_apart`, which opens the pictures and hands each to `engine`. Only boxes come
back, and matches of patterns and tables that were asked for: what was read stays in that process and ends with it.

Nothing here is imported at start, and nothing here decides: findings are told, masks and names are proposed.
"""
