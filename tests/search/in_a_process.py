"""Another machine: ``index FOLDER INDEX SLOWNESS`` or ``serve INDEX``, with the embedder of `tests.search.fakes`."""

import json
import sys
import time
from dataclasses import asdict
from typing import Any

from auricle.search import Index, embedders, index_folder, indexing
from auricle.serving import serve
from tests.search.fakes import WordEmbedder


class SlowEmbedder(WordEmbedder):
    """One that takes its time over every sound."""

    pause_s = 0.0

    def embed_audio(self, sounds: Any) -> Any:
        time.sleep(self.pause_s)
        return super().embed_audio(sounds)


if __name__ == "__main__":
    embedder = SlowEmbedder()
    for room in (embedders, indexing):
        vars(room)["open_embedder"] = lambda *_, **__: embedder
    if sys.argv[1] == "index":
        embedder.pause_s = float(sys.argv[4])
        report = index_folder(sys.argv[2], index=sys.argv[3])
        print(json.dumps(asdict(report), default=str), flush=True)
    else:
        serve(Index.open(sys.argv[2]), port=0, ready=lambda address: print(address, flush=True))
