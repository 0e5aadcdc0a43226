"""What the tests of several rooms share: the command line in this process, a small collection, and a run on it.

What needs pretrained models asks for `pretrained`: a cache folder of this session's own that shows the models of the
user's cache, so that nothing else of the user's is read or written.
"""

import contextlib
import io
import os
import shutil
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from auricle.places import cache_folder

os.environ["OMP_NUM_THREADS"] = "1"  # of torch, also in processes: threads of several tests wait for each other
USERS_CACHE = cache_folder()  # before any test points AURICLE_CACHE elsewhere


@dataclass(frozen=True)
class Outcome:
    """What a command left behind.

    Attributes:
        status: Its exit status.
        out: Standard output.
        err: Standard error.
    """

    status: int
    out: str
    err: str

    @property
    def said(self) -> list[str]:
        """The lines of standard error as a person sees them: of a bar that was redrawn, what came last."""
        lines = [line.rpartition("\r")[2] for line in self.err.split("\n")]
        return [line for line in lines if line.strip()]

    def refused(self, status: int) -> str:
        """Return the one line a refusal consists of; nothing else may have been said."""
        assert (self.status, self.out) == (status, ""), self
        assert len(self.said) == 1, self.err
        assert self.said[0].startswith("auricle: ")
        return self.said[0].removeprefix("auricle: ")


Command = Callable[..., Outcome]


@pytest.fixture(scope="session", autouse=True)
def hurried() -> Iterator[None]:
    """Let no file of this process wait for the disk: no test cuts the power, and there are ten thousand of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the user's minilm and yamnet and nothing else."""
    for name in ("minilm", "yamnet"):
        if not (USERS_CACHE / "models" / name).is_dir():
            pytest.skip(f"the model {name} is not in the cache; run: auricle models fetch minilm yamnet")
    folder = tmp_path_factory.mktemp("cache")
    (folder / "models").symlink_to(USERS_CACHE / "models", target_is_directory=True)
    return folder


@pytest.fixture(scope="session")
def auricle(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Run the command line in this process: ``auricle("train", config, cwd=..., cache=...)``."""
    nowhere = tmp_path_factory.mktemp("nowhere")

    def run(*arguments: object, cwd: Path = nowhere, cache: Path = nowhere / "cache") -> Outcome:
        from auricle.cli import main

        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["auricle", *map(str, arguments)])
            patch.setenv("AURICLE_CACHE", str(cache))
            patch.chdir(cwd)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    main()
                    status = 0
                except SystemExit as end:
                    status = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Outcome(status, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def quickly(tiny_bert: Path) -> tuple[str, ...]:
    """Settings of a training that takes a moment: few steps, and a sentence encoder that is soon loaded and hashed."""
    return ("training.max_epochs=3", "training.batch_size=4", f"models.text.encoder={tiny_bert}")


@pytest.fixture(scope="session")
def train(auricle: Command, pretrained: Path, quickly: tuple[str, ...]) -> Command:
    """Train with the embedded configuration, `quickly`: ``train(collection, runs, *settings, name=...)``."""

    def run(collection: Path, runs: Path, *settings: str, name: str = "run") -> Outcome:
        given = (f"data.collection={collection}", *quickly, *settings)
        return auricle("train", "embedded", *given, "--name", name, "--runs", runs, cache=pretrained)

    return run


@pytest.fixture(scope="session")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded collection with 25 clips: 15 development, 5 validation, 5 evaluation. Not to be changed."""
    from auricle.generation.procedural.collection import write_collection

    folder = tmp_path_factory.mktemp("captioned") / "sounds"
    write_collection(folder, clips=25)
    return folder


@pytest.fixture(scope="session")
def run(train: Command, captioned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on `captioned`. Not to be changed; copy it first."""
    runs = tmp_path_factory.mktemp("runs")
    outcome = train(captioned, runs)
    assert outcome.status == 0, outcome.err
    return runs / "run"


@pytest.fixture(scope="session")
def eight_noises(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight half seconds of noise with a caption each, in three splits. Not to be changed."""
    folder = tmp_path_factory.mktemp("eight") / "noises"
    folder.mkdir()
    rows = ["file_name,split,caption"]
    for number, split in enumerate(["development"] * 4 + ["validation"] * 2 + ["evaluation"] * 2):
        samples = np.random.default_rng(number).normal(0, 0.1, 4000)
        soundfile.write(folder / f"noise-{number}.wav", samples, 8000)
        rows.append(f"noise-{number}.wav,{split},A noise of {number + 1} machines.")
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def noises(eight_noises: Path, tmp_path: Path) -> Path:
    """A copy of `eight_noises`; a test may change it."""
    return Path(shutil.copytree(eight_noises, tmp_path / "noises"))


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder: a BERT of two layers with random weights, mean pooling, normalisation; 16-d."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    place = tmp_path_factory.mktemp("tiny")
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] a and away barks bell bird dog falls far loudly rain rings stops the then"
    vocabulary = {word: number for number, word in enumerate(words.split())}
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(place / "bert")
    BertTokenizer(vocab=vocabulary).save_pretrained(place / "bert")
    transformer = Transformer(str(place / "bert"), max_seq_length=32)
    network = SentenceTransformer(modules=[transformer, Pooling(16), Normalize()], device="cpu")
    network.save(str(place / "model"), create_model_card=False)
    return place / "model"


@dataclass(frozen=True)
class TinyClap:
    """A CLAP with random weights that hears as the published ones do, and what transformers alone makes of it.

    Attributes:
        folder: Where ``save_pretrained`` wrote it.
    """

    folder: Path

    def hears(self, samples: np.ndarray) -> np.ndarray:
        """Return the embedding of up to 10 s at 48 kHz, by the processor and the model."""
        heard = self._processor().feature_extractor(samples, sampling_rate=48_000)
        return self.hears_log_mel(heard["input_features"][0][0])

    def hears_log_mel(self, log_mel: np.ndarray) -> np.ndarray:
        """Return the embedding of a log-mel (1001, 64), by the model."""
        import torch

        features = torch.from_numpy(np.asarray(log_mel, np.float32))[None, None]
        with torch.no_grad():
            answer = self._model().get_audio_features(input_features=features, is_longer=torch.zeros(1, 1))
        return np.asarray(answer.pooler_output[0])

    def log_mel(self, samples: np.ndarray) -> np.ndarray:
        """Return the log-mel (frames, 64) of a sound of any length, as the processor computes those of 10 s."""
        from transformers.audio_utils import spectrogram, window_function

        extractor = self._processor().feature_extractor
        mels = extractor.mel_filters if extractor.truncation == "fusion" else extractor.mel_filters_slaney
        window = window_function(1024, "hann")
        return spectrogram(samples, window, 1024, 480, power=2.0, mel_filters=mels, log_mel="dB").T

    def reads(self, sentence: str) -> np.ndarray:
        """Return the embedding of a sentence, by the processor and the model."""
        import torch

        with torch.no_grad():
            answer = self._model().get_text_features(**self._processor()(text=[sentence], return_tensors="pt"))
        return np.asarray(answer.pooler_output[0])

    def _model(self) -> Any:
        from transformers import ClapModel

        from auricle.encoders.quiet import quiet

        with quiet():
            model: Any = ClapModel.from_pretrained(self.folder)
            return model.eval()

    def _processor(self) -> Any:
        from transformers import ClapProcessor

        return ClapProcessor.from_pretrained(self.folder)


@pytest.fixture(scope="session")
def tiny_claps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TinyClap]:
    """A CLAP that was not trained to fuse crops, and one that was, by ``unfused`` and ``fused``; 12-d.

    Two small stages hear, one small layer reads words letter by letter.
    """
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor, RobertaTokenizer

    from auricle.encoders.quiet import quiet

    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *"abcdefghijklmnopqrstuvwxyzĠ"]
    layer = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    text = {**layer, "vocab_size": len(tokens), "max_position_embeddings": 40}
    patches = {"patch_size": 16, "patch_stride": [16, 16], "patch_embeds_hidden_size": 8}
    stages = {"hidden_size": 16, "depths": [1, 1], "num_attention_heads": [2, 2], "num_hidden_layers": 2}
    place, claps = tmp_path_factory.mktemp("claps"), {}
    for name, fusion, truncation in (("unfused", None, "rand_trunc"), ("fused", "aff_2d", "fusion")):
        crops = {"enable_fusion": fusion is not None, "fusion_type": fusion}
        config = ClapConfig(
            text_config=text,
            audio_config={**patches, **stages, **crops},
            projection_dim=12,
            initializer_factor=10.0,  # else all sounds are nearly the same to it
        )
        extractor = ClapFeatureExtractor(frequency_min=50, truncation=truncation)
        with quiet(), torch.random.fork_rng():
            torch.manual_seed(0)
            ClapModel(config).save_pretrained(place / name)
            tokenizer = RobertaTokenizer(vocab={token: number for number, token in enumerate(tokens)}, merges=[])
            ClapProcessor(extractor, tokenizer).save_pretrained(place / name)  # type: ignore[no-untyped-call]
        claps[name] = TinyClap(place / name)
    return claps


@pytest.fixture(scope="session")
def tiny_clap(tiny_claps: dict[str, TinyClap]) -> TinyClap:
    """The one that was not trained to fuse crops."""
    return tiny_claps["unfused"]


class FileServer:
    """A server of files on this machine, with the faults of real ones.

    Attributes:
        files: Name -> content.
        cuts: Name -> for each answer to come, after how many bytes the connection breaks; whole answers afterwards.
        statuses: Name -> for each request to come, an error status instead of an answer.
        ranges: Whether it can send a part.
        pause_s: Between two blocks of 256 kB.
        asked: Name -> the ``Range`` header of every request so far.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.cuts: defaultdict[str, list[int]] = defaultdict(list)
        self.statuses: defaultdict[str, list[int]] = defaultdict(list)
        self.asked: defaultdict[str, list[str | None]] = defaultdict(list)
        self.ranges = True
        self.pause_s = 0.0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def url(self, name: str) -> str:
        """Return the address of a file."""
        return f"http://127.0.0.1:{self._server.server_port}/{name}?download=1"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.partition("?")[0].lstrip("/")
                asked = self.headers.get("Range")
                server.asked[name].append(asked)
                if server.statuses[name] or name not in server.files:
                    self.send_error(server.statuses[name].pop(0) if server.statuses[name] else 404)
                    return
                content = server.files[name]
                start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.ranges else 0
                body = content[start:]
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(body)))
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                self.end_headers()
                if server.cuts[name]:
                    body = body[: server.cuts[name].pop(0)]
                with contextlib.suppress(ConnectionError):
                    for place in range(0, len(body), 1 << 18):
                        self.wfile.write(body[place : place + (1 << 18)])
                        time.sleep(server.pause_s)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in http.server
                """Keep quiet."""

        return Handler


Serve = Callable[[dict[str, bytes]], FileServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that end with the test: ``serve({name: content})``."""
    servers: list[FileServer] = []

    def start(files: dict[str, bytes]) -> FileServer:
        servers.append(FileServer(files))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
