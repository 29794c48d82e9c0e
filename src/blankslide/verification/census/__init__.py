"""A second account of what is in a slide: it knows no format and shares no code with those who plan."""
