"""Valid pictures of one colour in the codec, size and length of the one they replace. `draw` is the only door."""
