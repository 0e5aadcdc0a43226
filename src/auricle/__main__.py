"""``python -m auricle``: the command line, for what starts modules, as torchrun does."""

from auricle.cli import main

if __name__ == "__main__":
    main()
