"""Let ``python -m blankslide`` be the command ``blankslide``, where no script is on the path."""

from blankslide.cli import main

if __name__ == "__main__":
    main(prog_name="blankslide")
