"""The program ``blankslide``; ``python -m blankslide`` too, where no script is on the path."""

import gc

# A look at one slide is over before the collector would find anything; what is imported never goes.
gc.set_threshold(100_000, *gc.get_threshold()[1:])

from blankslide.cli import main  # noqa: E402 - the line above is for this one, too


def run() -> None:
    """Be the program: run the command that was typed, and end with its exit code.

    What was imported stays until the end, and at the end everything goes with the process: freezing it keeps the
    collector from looking through it all, which takes a fifteenth of a short command.
    """
    gc.freeze()
    try:
        main(prog_name="blankslide")
    finally:
        gc.freeze()


if __name__ == "__main__":
    run()
