"""A second opinion on a slide that was edited.

Three questions, answered without a line of the code that planned or made the edit: do
independent readers still see the same slide (`observe`, `compare`), is a removed value still
in it in any spelling (`search`), and are the emptied places empty (`blank`)?

Nothing is imported here: the processes in which some readers look need next to nothing of it.
"""
