"""A service in a process of its own: ``in_a_process.py FOLDER`` serves the rain in it, and says when it has ended."""

import sys
from pathlib import Path

from auricle.serving import serve
from tests.serving.fakes import WordIndex

if __name__ == "__main__":
    serve(
        WordIndex(Path(sys.argv[1]), {"rain.ogg": "rain falls on a roof"}),
        port=0,
        ready=lambda address: print(address, flush=True),
    )
    print("ended", flush=True)
