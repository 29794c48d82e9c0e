"""The napari plugin: reader, dock widget, menu entries and sample data.

    commands   what napari.yaml names; imports nothing until it is called
    layers     an open slide as layers: made, closed before a run, made anew after it
    review     session and worker threads; the one place where threads meet the window
    dock       the dock, put together from form_rows, table, picture_cards, run_controls and confirm

Nothing here decides or edits: all of that is `blankslide.session`. napari's objects are
touched on the GUI thread only; everything that reads a slide runs in a worker.
"""
