"""What people read, whatever face shows it: the words for a slide's states, and the card of a notebook."""
