"""The command line in a process that the tests fork: ``in_a_process.py LOG ARGUMENT...`` is ``auricle ARGUMENT...``."""

import os
import sys
from pathlib import Path

from auricle.cli import main

if __name__ == "__main__":
    log, *arguments = sys.argv[1:]
    with Path(log).open("wb") as opened:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(opened.fileno(), stream.fileno())
    sys.argv = ["auricle", *arguments]
    main()
