"""Pipelines of diffusers with small random weights, saved and loaded through the real classes.

The oracle of a batch is the pipeline itself, called with one caption and nothing of auricle's.
"""

import hashlib
import json
import logging
import os
import shutil
import string
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from auricle.audio import Samples
from auricle.errors import AuricleError, ConfigError, GenerationError, ModelError
from auricle.generation.contract import TextToAudio
from auricle.generation.diffusers_pipelines.back_end import DiffusersOptions, open_diffusers
from auricle.generation.diffusers_pipelines.families import FAMILIES
from auricle.generation.testing import check_text_to_audio

diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed: pip install 'auricle[generate]'")

CAPTIONS = [
    "a dog barks",
    "rain falls on the roof of a very old house by the sea",
    "bells",
    "a bird 🐦 sings",
    "wind, and then rain",
]
SECONDS = [1.0, 1.0, 0.5, 1.0, 0.5]
SEEDS = [2**63 - 1, 0, 1, 2, 3]
ALL = range(len(CAPTIONS))
OPTIONS = {"steps": 3, "guidance": 3.0}
LENGTH = {
    "AudioLDM2Pipeline": "audio_length_in_s",
    "StableAudioPipeline": "audio_end_in_s",
    "StableAudio3Pipeline": "duration",
    "LongCatAudioDiTPipeline": "audio_duration_s",
}
KINDS = sorted(LENGTH)
TOKENS = 64
COMMIT = "0123456789abcdef0123456789abcdef01234567"

Saved = Callable[..., Path]
Ready = Callable[[str], TextToAudio]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """Return a function from the class of a pipeline, and what makes other parts of it, to its folder."""
    folders: dict[str, Path] = {}

    def save(kind: str, **different: Callable[[], Any]) -> Path:
        if different or kind not in folders:
            folder = tmp_path_factory.mktemp(kind)
            with warnings.catch_warnings(), torch.random.fork_rng():
                warnings.simplefilter("ignore")
                torch.manual_seed(0)
                parts = BUILDERS[kind]() | {name: make_part() for name, make_part in different.items()}
                pipeline = getattr(diffusers, kind)(**parts)
                for network in pipeline.components.values():
                    if isinstance(network, torch.nn.Module):
                        for weights in network.parameters():  # many are zero when new, and hide what is before them
                            weights.data += 0.1 * torch.randn(weights.shape)
                pipeline.save_pretrained(folder)
            if different:
                return folder
            folders[kind] = folder
        return folders[kind]

    return save


@pytest.fixture(scope="module")
def ready(saved: Saved) -> Ready:
    """Return a function from the class of a pipeline to an open back end, which is opened once."""
    opened: dict[str, TextToAudio] = {}

    def get(kind: str) -> TextToAudio:
        if kind not in opened:
            opened[kind] = open_diffusers(str(saved(kind)), DiffusersOptions(**OPTIONS))
        return opened[kind]

    return get


@pytest.mark.parametrize("kind", KINDS)
def test_it_keeps_the_contract(kind: str, ready: Ready) -> None:
    check_text_to_audio(ready(kind), CAPTIONS[:3], seconds=SECONDS[:3])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["AudioLDM2Pipeline", "StableAudioPipeline", "StableAudio3Pipeline"])
def test_a_run_survives_kill_9(kind: str, saved: Saved, survives_kills: Callable[..., None]) -> None:
    survives_kills(f"diffusers:{saved(kind)}", "steps=2")


@pytest.fixture
def copied(saved: Saved, tmp_path: Path) -> Path:
    """A folder of a pipeline that may be changed."""
    return Path(shutil.copytree(saved("StableAudio3Pipeline"), tmp_path / "copied"))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The hub's cache, empty, and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def make(back_end: TextToAudio, places: range | list[int]) -> list[Samples]:
    return back_end.generate(
        [CAPTIONS[place] for place in places],
        seconds=[SECONDS[place] for place in places],
        seeds=[SEEDS[place] for place in places],
    )


def apart(some: list[Samples], others: list[Samples]) -> float:
    return max(float(np.abs(one - other).max()) for one, other in zip(some, others, strict=True))


@cache
def loaded(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline: Any = diffusers.AutoPipelineForText2Audio.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def by_itself(folder: Path, captions: list[str], *, seconds: float, seeds: list[int], **more: Any) -> Any:
    """What a pipeline makes of captions when it is called as its documentation says."""
    pipeline = loaded(folder)
    asked = {
        LENGTH[type(pipeline).__name__]: seconds,
        "num_inference_steps": OPTIONS["steps"],
        "guidance_scale": OPTIONS["guidance"],
        "generator": [torch.Generator().manual_seed(seed) for seed in seeds],
        "output_type": "np",
    }
    return pipeline(captions, **(asked | more)).audios


def all_alone(folder: Path, **more: Any) -> list[Samples]:
    """Clips of `CAPTIONS`, each made by the pipeline itself in a call of its own."""
    clips = []
    for caption, seconds, seed in zip(CAPTIONS, SECONDS, SEEDS, strict=True):
        clip = np.asarray(by_itself(folder, [caption], seconds=seconds, seeds=[seed], **more)[0])
        clips.append(clip if clip.ndim == 1 else clip.mean(axis=0))
    return clips


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_of_a_batch_is_what_the_pipeline_makes_of_its_caption_alone(
    kind: str, saved: Saved, ready: Ready
) -> None:
    clips = make(ready(kind), ALL)
    assert all(clip.dtype == np.float32 and clip.flags.c_contiguous for clip in clips)
    assert min(clip.std() for clip in clips) > 0.01
    assert apart(clips, all_alone(saved(kind))) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_neither_batch_nor_order_nor_restart_matter(kind: str, saved: Saved, ready: Ready) -> None:
    clips = make(ready(kind), ALL)
    assert apart(clips, [make(ready(kind), [place])[0] for place in ALL]) < 1e-5
    backwards = make(open_diffusers(str(saved(kind)), DiffusersOptions(**OPTIONS)), ALL[::-1])
    assert apart(clips, backwards[::-1]) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_seed_and_caption_matter(kind: str, ready: Ready) -> None:
    captions, seeds = ["a dog barks", "a dog barks", "a dog barks", "a cow lows!"], [1, 1, 2, 1]
    first, same, other_seed, other_caption = ready(kind).generate(captions, seconds=[1.0] * 4, seeds=seeds)
    assert np.abs(first - same).max() < 1e-5
    assert np.abs(first - other_seed).max() > 1e-2
    assert np.abs(first - other_caption).max() > 1e-3


@pytest.mark.parametrize("kind", ["AudioLDM2Pipeline", "LongCatAudioDiTPipeline"])
def test_two_pipelines_do_not_mask_padding_which_is_why_their_captions_are_not_batched(kind: str, saved: Saved) -> None:
    together = by_itself(saved(kind), CAPTIONS[:2], seconds=1.0, seeds=[1, 2])
    alone = by_itself(saved(kind), CAPTIONS[:1], seconds=1.0, seeds=[1])
    assert np.abs(together[0] - alone[0]).max() > 1e-2


@pytest.mark.parametrize("kind", KINDS)
def test_a_negative_prompt_is_the_pipelines_own(kind: str, saved: Saved, ready: Ready) -> None:
    clips = make(open_diffusers(str(saved(kind)), DiffusersOptions(**OPTIONS, negative_prompt="bad")), ALL)
    assert apart(clips[:2], make(ready(kind), [0, 1])) > 1e-3
    assert apart(clips, all_alone(saved(kind), negative_prompt=["bad"])) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_without_guidance_a_clip_is_the_pipelines_own_too(kind: str, saved: Saved) -> None:
    back_end = open_diffusers(str(saved(kind)), DiffusersOptions.model_validate({**OPTIONS, "guidance": 1}))
    assert apart(make(back_end, ALL), all_alone(saved(kind), guidance_scale=1.0)) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_every_length_is_met_to_the_sample(kind: str, ready: Ready) -> None:
    back_end = ready(kind)
    lengths = [1e-4, 0.01, 0.0337, 0.29, 0.3333, 0.57, 1.001, min(back_end.max_seconds, 4.0)]
    clips = back_end.generate(["rain"] * 8, seconds=lengths, seeds=range(8))
    assert [len(clip) for clip in clips] == [max(1, round(length * back_end.sample_rate)) for length in lengths]
    with pytest.raises(ValueError, match="at most"):
        back_end.generate(["rain"], seconds=[back_end.max_seconds + 0.1], seeds=[1])


def test_the_longest_clip_is_that_of_the_configuration(ready: Ready) -> None:
    assert sorted(FAMILIES) == KINDS
    assert [ready(kind).max_seconds for kind in KINDS] == [2.0, 30.0, 4.0, 3.0]


@pytest.mark.parametrize(
    ("kind", "scheduler", "settings"),
    [
        ("AudioLDM2Pipeline", "DDPMScheduler", {}),
        ("AudioLDM2Pipeline", "EulerAncestralDiscreteScheduler", {}),
        ("AudioLDM2Pipeline", "DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
        ("StableAudioPipeline", "EDMDPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
        ("StableAudioPipeline", "CosineDPMSolverMultistepScheduler", {}),
        ("StableAudio3Pipeline", "FlowMatchEulerDiscreteScheduler", {"stochastic_sampling": False}),
    ],
)
def test_noise_of_a_scheduler_is_the_clips_own(
    kind: str, scheduler: str, settings: dict[str, Any], saved: Saved
) -> None:
    if scheduler.startswith("Cosine"):
        pytest.importorskip("torchsde", reason="torchsde is not installed; Stable Audio Open needs it")
    folder = saved(kind, scheduler=partial(getattr(diffusers, scheduler), **settings))
    back_end = open_diffusers(str(folder), DiffusersOptions(**OPTIONS))
    assert back_end.about.parameters["scheduler"] == scheduler
    clips = make(back_end, range(3))
    assert apart(clips, [make(back_end, [place])[0] for place in range(3)]) < 1e-5
    one, other = back_end.generate(["rain", "rain"], seconds=[1.0, 1.0], seeds=[1, 2])
    assert np.abs(one - other).max() > 1e-3


def test_a_scheduler_that_draws_noise_for_whole_batches_is_refused(saved: Saved) -> None:
    pytest.importorskip("torchsde", reason="torchsde is not installed")
    folder = saved("AudioLDM2Pipeline", scheduler=diffusers.DPMSolverSDEScheduler)
    with pytest.raises(ModelError, match="DPMSolverSDEScheduler draws noise for whole batches"):
        open_diffusers(str(folder), DiffusersOptions())


def test_without_torchsde_stable_audio_open_says_what_to_install(
    saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers.utils import dummy_torch_and_torchsde_objects as missing
    from diffusers.utils import import_utils

    name = "CosineDPMSolverMultistepScheduler"
    folder = shutil.copytree(saved("StableAudioPipeline"), tmp_path / "copied")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "scheduler": ["diffusers", name]}))
    monkeypatch.setattr(diffusers, name, getattr(missing, name))
    monkeypatch.setitem(
        import_utils.BACKENDS_MAPPING, "torchsde", (lambda: False, import_utils.BACKENDS_MAPPING["torchsde"][1])
    )
    with pytest.raises(GenerationError, match=r"requires the torchsde library.*pip install 'auricle\[generate\]'"):
        open_diffusers(str(folder), DiffusersOptions())


def test_audioldm2_with_the_language_model_of_older_folders(saved: Saved, ready: Ready, tmp_path: Path) -> None:
    folder = shutil.copytree(saved("AudioLDM2Pipeline"), tmp_path / "older")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "language_model": ["transformers", "GPT2Model"]}))
    older = open_diffusers(str(folder), DiffusersOptions(**OPTIONS))
    assert apart(make(older, range(3)), make(ready("AudioLDM2Pipeline"), range(3))) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_gives_float32(kind: str, precision: str, saved: Saved) -> None:
    back_end = open_diffusers(str(saved(kind)), DiffusersOptions.model_validate({**OPTIONS, "precision": precision}))
    assert back_end.about.parameters["precision"] == precision
    clips = make(back_end, [0, 1])
    assert all(clip.dtype == np.float32 and clip.std() > 0.01 for clip in clips)


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_become_a_sound(kind: str, ready: Ready) -> None:
    def ask(caption: str) -> None:
        ready(kind).generate(["rain", caption], seconds=[1.0, 1.0], seeds=[1, 2])

    with pytest.raises(GenerationError, match="blank"):
        ask(" \n")
    with pytest.raises(GenerationError, match=rf"'rain rain.*tokens; the text encoder of {kind} takes {TOKENS}"):
        ask("rain " * 2000)
    ask("r" * (TOKENS - 10))
    ask("🌧️🐕‍🦺")


@pytest.mark.parametrize("kind", KINDS)
def test_the_longest_caption_is_not_cut_and_one_longer_is_refused(kind: str, ready: Ready) -> None:
    letters = TOKENS if kind == "StableAudio3Pipeline" else TOKENS - 2  # the others add a beginning and an end
    most = "a" * letters
    clip, other = ready(kind).generate([most, most[:-1] + "b"], seconds=[1.0, 1.0], seeds=[1, 1])
    assert np.abs(clip - other).max() > 1e-5
    with pytest.raises(GenerationError, match=f"{TOKENS + 1} tokens"):
        ready(kind).generate([most + "a"], seconds=[1.0], seeds=[1])


def test_about(copied: Path) -> None:
    def about() -> Any:
        return open_diffusers(str(copied), DiffusersOptions(device="cpu")).about

    first = about()
    assert (first.model, first.licence) == (str(copied), "")
    assert first.parameters == {
        "steps": 8,
        "guidance": 1.0,
        "negative_prompt": "",
        "precision": "float32",
        "pipeline": "StableAudio3Pipeline",
        "scheduler": "FlowMatchEulerDiscreteScheduler",
    }
    assert json.dumps(dict(first.parameters))
    assert about() == first
    (copied / ".hidden").write_text("of a file manager")
    assert about() == first
    (copied / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n# Small\n")
    assert about().licence == "cc-by-4.0"
    assert about().revision != first.revision
    (copied / "README.md").write_text("---\nlicense: other\nlicense_name: small-community\n---\n")
    assert about().licence == "small-community"
    for broken in ("no front matter", "---\n- a list\n---\n", "---\n{\n---\n"):
        (copied / "README.md").write_text(broken)
        assert about().licence == ""


def test_steps_of_the_base_and_of_the_distilled_form(saved: Saved) -> None:
    base = saved("StableAudio3Pipeline", scheduler=diffusers.FlowMatchEulerDiscreteScheduler)
    assert open_diffusers(str(base), DiffusersOptions()).about.parameters["steps"] == 100


def test_options_that_do_not_fit(saved: Saved) -> None:
    stable_audio, audioldm2 = str(saved("StableAudioPipeline")), str(saved("AudioLDM2Pipeline"))

    def opened(folder: str, **options: Any) -> TextToAudio:
        return open_diffusers(folder, DiffusersOptions(**options))

    assert opened(stable_audio, max_seconds=2.0).max_seconds == 2.0
    assert opened(audioldm2, max_seconds=9.0).max_seconds == 9.0
    with pytest.raises(ConfigError, match="max_seconds is 9; the longest clip of the pipeline is 3 s"):
        opened(stable_audio, max_seconds=9.0)
    with pytest.raises(ConfigError, match="needs guidance above 1"):
        opened(stable_audio, negative_prompt="bad", guidance=1.0)
    with pytest.raises(GenerationError, match=r"'bad bad.*tokens"):
        opened(stable_audio, negative_prompt="bad " * TOKENS)
    with pytest.raises(ConfigError, match="only a name on the hub has revisions"):
        opened(stable_audio, revision="main")
    with pytest.raises(ConfigError, match="no device 'abacus'"):
        opened(stable_audio, device="abacus")


def test_a_pipeline_that_does_not_say_how_long_its_clips_may_be(saved: Saved, tmp_path: Path) -> None:
    folder = shutil.copytree(saved("AudioLDM2Pipeline"), tmp_path / "silent")
    config = folder / "unet" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "sample_size": None}))
    with pytest.raises(ConfigError, match="Set max_seconds"):
        open_diffusers(str(folder), DiffusersOptions())
    assert open_diffusers(str(folder), DiffusersOptions(max_seconds=5)).max_seconds == 5


def test_an_audioldm2_that_reads_texts_aloud_is_refused() -> None:
    vits = SimpleNamespace(config=SimpleNamespace(model_type="vits"))
    with pytest.raises(ModelError, match="reads texts aloud"):
        FAMILIES.get("AudioLDM2Pipeline")(SimpleNamespace(scheduler=None, text_encoder_2=vits))


def test_a_tokenizer_that_does_not_say_how_much_it_takes(copied: Path, saved: Saved, tmp_path: Path) -> None:
    def silenced(kind: str) -> str:
        folder = shutil.copytree(saved(kind), tmp_path / kind)
        config = folder / "tokenizer" / "tokenizer_config.json"
        said = json.loads(config.read_text())
        del said["model_max_length"]
        config.write_text(json.dumps(said))
        return str(folder)

    for kind, limit in (("StableAudio3Pipeline", 256), ("LongCatAudioDiTPipeline", 512)):
        back_end = open_diffusers(silenced(kind), DiffusersOptions(steps=1))
        with pytest.raises(GenerationError, match=f"takes {limit}"):
            back_end.generate(["rain " * 2000], seconds=[1.0], seeds=[1])
    with pytest.raises(ModelError, match="Write model_max_length into"):
        open_diffusers(silenced("StableAudioPipeline"), DiffusersOptions())


def refused(folder: Path | str, error: type[AuricleError] = ModelError) -> str:
    with pytest.raises(error) as caught:
        open_diffusers(str(folder), DiffusersOptions())
    return str(caught.value)


def test_what_is_no_pipeline_from_text_to_audio(copied: Path, tmp_path: Path) -> None:
    index = copied / "model_index.json"
    said = json.loads(index.read_text())
    index.write_text(json.dumps({**said, "_class_name": "StableDiffusionPipeline"}))
    message = refused(copied)
    assert "is StableDiffusionPipeline; a pipeline from text to audio is needed" in message
    assert all(kind in message for kind in KINDS)
    index.write_text(json.dumps({**said, "_class_name": ["own", "Own"]}))
    assert "is nothing of diffusers" in refused(copied)
    index.write_text("[]")
    assert "is nothing of diffusers" in refused(copied)
    index.write_text("{")
    assert "model_index.json of" in refused(copied)
    assert "is nothing of diffusers" in refused(tmp_path)


def test_damaged_weights_and_weights_that_are_not_safetensors(copied: Path) -> None:
    from safetensors.torch import load_file

    weights = copied / "text_encoder" / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    assert "cannot be loaded" in refused(copied)
    weights.write_bytes(whole)
    torch.save(load_file(weights), weights.with_name("pytorch_model.bin"))
    weights.unlink()
    assert "not in safetensors" in refused(copied)


def test_code_that_comes_with_a_pipeline_is_not_run(copied: Path, tmp_path: Path) -> None:
    (copied / "scheduler" / "own.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')\nclass Own: ...\n")
    index = json.loads((copied / "model_index.json").read_text())
    (copied / "model_index.json").write_text(json.dumps({**index, "scheduler": ["own", "Own"]}))
    assert "cannot be loaded" in refused(copied)
    assert not (tmp_path / "run").exists()


def test_a_name_that_is_not_to_be_had(offline: Path) -> None:
    for name in ("nobody/nothing", "./no/such/folder"):
        message = refused(name)
        assert message.startswith(f"The pipeline {name!r} is neither a folder nor complete in the cache")


def test_a_name_in_the_cache_is_loaded_without_the_network(offline: Path, saved: Saved) -> None:
    repository = offline / "models--someone--small"
    snapshot = repository / "snapshots" / COMMIT
    shutil.copytree(saved("StableAudio3Pipeline"), snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    (snapshot / "README.md").write_text("---\nlicense: mit\n---\n")
    about = open_diffusers("someone/small", DiffusersOptions()).about
    assert (about.model, about.revision, about.licence) == ("someone/small", COMMIT, "mit")
    (snapshot / "transformer" / "diffusion_pytorch_model.safetensors").unlink()
    assert "nor complete in the cache" in refused("someone/small")


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's interface as fetching a repository needs; the folder is served under any name of `known`."""

    folder: Path
    known: str
    asked: list[str]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.asked.append(path)
        files = {str(file.relative_to(self.folder)): file for file in self.folder.rglob("*") if file.is_file()}
        name = path.removeprefix(f"/{self.known}/resolve/{COMMIT}/")
        if path.startswith(f"/api/models/{self.known}/tree/"):
            tree = [
                {"type": "file", "path": name, "size": file.stat().st_size, "oid": name} for name, file in files.items()
            ]
            self._answer(json.dumps(tree).encode())
        elif path.startswith(f"/api/models/{self.known}"):
            siblings = [{"rfilename": name} for name in files]
            self._answer(json.dumps({"id": self.known, "sha": COMMIT, "siblings": siblings}).encode())
        elif name in files:
            self._answer(files[name].read_bytes())
        else:
            self._answer(b"", status=404)

    def _answer(self, body: bytes, *, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("ETag", f'"{hashlib.sha1(self.path.encode()).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.slow
def test_a_name_is_fetched_once_from_the_hub_and_without_pickles(copied: Path, tmp_path: Path) -> None:
    (copied / "README.md").write_text("---\nlicense: mit\n---\n")
    (copied / "text_encoder" / "pytorch_model.bin").write_bytes(b"not to be fetched")
    hub: Any = type("OneRepository", (Hub,), {"folder": copied, "known": "someone/small", "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    code = (
        "from auricle.generation.diffusers_pipelines.back_end import DIFFUSERS, DiffusersOptions\n"
        "about = DIFFUSERS.open('someone/small', DiffusersOptions()).about\n"
        "print(about.revision, about.licence)\n"
    )
    at = {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_HUB_CACHE": str(tmp_path / "hub")}

    def opened() -> str:
        run = [sys.executable, "-c", code]
        return subprocess.run(run, env={**os.environ, **at}, capture_output=True, text=True, check=True).stdout

    try:
        assert opened() == f"{COMMIT} mit\n"
        fetched = {path.name for path in (tmp_path / "hub").rglob("*")}
        assert fetched >= {"model_index.json", "model.safetensors", "README.md"}
        assert "pytorch_model.bin" not in fetched
        hub.asked.clear()
        assert opened() == f"{COMMIT} mit\n"
        assert hub.asked == []
        next((tmp_path / "hub").rglob("model.safetensors")).unlink()  # as after a download that was interrupted
        assert opened() == f"{COMMIT} mit\n"
    finally:
        server.shutdown()
        server.server_close()


def test_without_diffusers_the_command_that_installs_it_is_named(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("diffusers", "diffusers.utils"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "pip install 'auricle[generate]'" in refused(copied, GenerationError)


def test_too_little_memory(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    back_end = ready("StableAudio3Pipeline")
    before = make(back_end, [0])
    step = diffusers.FlowMatchEulerDiscreteScheduler.step
    after_one_step = iter([True, False])

    def fail_with(error: Callable[[], object]) -> None:
        def failing(*arguments: Any, **more: Any) -> Any:
            return step(*arguments, **more) if next(after_one_step, False) else error()

        monkeypatch.setattr(diffusers.FlowMatchEulerDiscreteScheduler, "step", failing)

    def of_the_gpu() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    fail_with(lambda: torch.empty(2**60))
    with pytest.raises(MemoryError, match="allocate memory") as caught:
        make(back_end, ALL)
    assert caught.value.__context__ is None
    fail_with(of_the_gpu)
    with pytest.raises(MemoryError, match="out of memory"):
        make(back_end, ALL)
    fail_with(lambda: torch.empty(2) + torch.empty(3))
    with pytest.raises(RuntimeError, match="must match"):
        make(back_end, ALL)
    monkeypatch.undo()
    assert apart(make(back_end, [0]), before) == 0


@pytest.fixture
def chatter() -> Iterator[list[Any]]:
    """The loggings of the libraries below, as talkative as they are by themselves."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    loggings: list[Any] = [of_diffusers, of_transformers]
    before = [one.get_verbosity() for one in loggings]
    for one in loggings:
        one.set_verbosity(logging.WARNING)
        one.enable_progress_bar()
    yield loggings
    for one, verbosity in zip(loggings, before, strict=True):
        one.set_verbosity(verbosity)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_said_or_left_changed(
    kind: str, saved: Saved, chatter: list[Any], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = saved(kind)
    capfd.readouterr()
    back_end = open_diffusers(str(folder), DiffusersOptions(**OPTIONS))
    state = torch.get_rng_state()
    make(back_end, [0, 1])
    assert capfd.readouterr() == ("", "")
    assert torch.equal(torch.get_rng_state(), state)
    assert all(one.get_verbosity() == logging.WARNING and one.is_progress_bar_enabled() for one in chatter)


@pytest.mark.slow
def test_nothing_is_said_by_libraries_that_are_imported_for_it(saved: Saved) -> None:
    code = (
        "import sys\n"
        "from auricle.generation.diffusers_pipelines.back_end import DIFFUSERS, DiffusersOptions\n"
        "back_end = DIFFUSERS.open(sys.argv[1], DiffusersOptions(steps=1))\n"
        "back_end.generate(['rain'], seconds=[0.5], seeds=[1])\n"
    )
    for kind in KINDS:
        ended = subprocess.run([sys.executable, "-c", code, saved(kind)], capture_output=True, text=True, check=True)
        assert (ended.stdout, ended.stderr) == ("", "")


def test_a_closed_pipeline_makes_nothing(copied: Path) -> None:
    back_end = open_diffusers(str(copied), DiffusersOptions())
    back_end.close()
    back_end.close()
    with pytest.raises(ValueError, match="closed"):
        back_end.generate(["rain"], seconds=[1.0], seeds=[1])


def test_importing_is_light() -> None:
    code = (
        "import sys, auricle.generation.diffusers_pipelines.back_end\n"
        "print([name for name in ('torch', 'diffusers', 'transformers') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# ------------------------------------------------------------------------------------------------ the small pipelines


def _t5_tokenizer() -> Any:
    from transformers import T5Tokenizer

    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), ("▁", -2.0)]
    letters = [(letter, -3.0) for letter in string.ascii_lowercase]
    return T5Tokenizer(vocab=special + letters, extra_ids=0, model_max_length=TOKENS)


def _t5_encoder() -> Any:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(T5Config(vocab_size=30, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2))


def _audioldm2() -> dict[str, Any]:
    import transformers
    from tokenizers.pre_tokenizers import ByteLevel

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocabulary = {token: number for number, token in enumerate(special + sorted(ByteLevel.alphabet()))}
    text = transformers.ClapTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=TOKENS + 2,
        pad_token_id=1,
    )
    audio = transformers.ClapAudioConfig(
        spec_size=8,
        window_size=2,
        num_mel_bins=8,
        patch_size=4,
        patch_stride=4,
        patch_embeds_hidden_size=8,
        depths=[1, 1],
        num_attention_heads=[1, 1],
        num_hidden_layers=2,
        hidden_size=16,
    )
    clap = transformers.ClapConfig(text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=16)
    language = transformers.GPT2Config(
        n_embd=16, n_layer=2, n_head=2, vocab_size=8, n_positions=2 * TOKENS, bos_token_id=1, eos_token_id=2
    )
    language.max_new_tokens = 4
    vocoder = transformers.SpeechT5HifiGan(
        transformers.SpeechT5HifiGanConfig(
            model_in_dim=8,
            sampling_rate=1600,
            upsample_initial_channel=8,
            upsample_rates=[2, 2],
            upsample_kernel_sizes=[4, 4],
            resblock_kernel_sizes=[3],
            resblock_dilation_sizes=[[1, 3]],
            normalize_before=False,
        )
    )
    vocoder.conv_post.weight.data *= 100
    return {
        "vae": diffusers.AutoencoderKL(
            in_channels=1,
            out_channels=1,
            latent_channels=4,
            block_out_channels=(8, 16),
            norm_num_groups=8,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
        ),
        "text_encoder": transformers.ClapModel(clap),
        "text_encoder_2": _t5_encoder(),
        "projection_model": diffusers.AudioLDM2ProjectionModel(16, 16, 16),
        "language_model": transformers.GPT2LMHeadModel(language),
        "tokenizer": transformers.RobertaTokenizer(vocab=vocabulary, merges=[], model_max_length=TOKENS),
        "tokenizer_2": _t5_tokenizer(),
        "feature_extractor": transformers.ClapFeatureExtractor(feature_size=8),
        "unet": diffusers.AudioLDM2UNet2DConditionModel(
            sample_size=400,
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=8,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=((None, 16, 16), (None, 16, 16)),
            attention_head_dim=2,
        ),
        "scheduler": diffusers.DDIMScheduler(),
        "vocoder": vocoder,
    }


def _stable_audio() -> dict[str, Any]:
    return {
        "vae": diffusers.AutoencoderOobleck(
            encoder_hidden_size=4,
            downsampling_ratios=[2, 4],
            channel_multiples=[1, 2],
            decoder_channels=4,
            decoder_input_channels=4,
            sampling_rate=800,
        ),
        "text_encoder": _t5_encoder(),
        "projection_model": diffusers.StableAudioProjectionModel(16, 16, min_value=0, max_value=4),
        "tokenizer": _t5_tokenizer(),
        "transformer": diffusers.StableAudioDiTModel(
            sample_size=300,
            in_channels=4,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=2,
            num_key_value_attention_heads=1,
            out_channels=4,
            cross_attention_dim=16,
            time_proj_dim=16,
            global_states_input_dim=32,
            cross_attention_input_dim=16,
        ),
        "scheduler": diffusers.EDMDPMSolverMultistepScheduler(),
    }


def _stable_audio_3() -> dict[str, Any]:
    import transformers
    from diffusers.pipelines import stable_audio_3

    duration_embedder: Any = stable_audio_3.StableAudio3DurationEmbedder
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *(f"<0x{byte:02X}>" for byte in range(256))]
    vocabulary = {token: number for number, token in enumerate([*special, *string.ascii_lowercase])}
    half = {
        "vocab_size": len(vocabulary),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
        "sliding_window": 64,
        "query_pre_attn_scalar": 8,
    }
    encoder = transformers.T5GemmaConfig(encoder=half, decoder=half, is_encoder_decoder=False)
    return {
        "vae": diffusers.AutoencoderSAME(
            patch_size=4,
            encoder_channels=4,
            encoder_c_mults=[4],
            encoder_strides=[2],
            encoder_transformer_depths=[2],
            latent_dim=4,
            dim_heads=8,
            sampling_rate=800,
        ),
        "text_encoder": transformers.T5GemmaEncoderModel(encoder),
        "tokenizer": transformers.GemmaTokenizer(vocab=vocabulary, merges=[], model_max_length=TOKENS),
        "duration_embedder": duration_embedder(output_dim=16, fourier_dim=8, max_val=4.0),
        "transformer": diffusers.StableAudio3DiTModel(
            io_channels=4,
            embed_dim=16,
            depth=2,
            num_heads=2,
            cond_token_dim=16,
            global_cond_dim=16,
            local_add_cond_dim=5,
            timestep_features_dim=8,
            num_memory_tokens=2,
        ),
        "scheduler": diffusers.FlowMatchEulerDiscreteScheduler(stochastic_sampling=True),
    }


def _longcat() -> dict[str, Any]:
    from transformers import UMT5Config, UMT5EncoderModel

    return {
        "vae": diffusers.LongCatAudioDiTVae(
            channels=4,
            c_mults=[1, 2],
            strides=[2, 4],
            latent_dim=4,
            encoder_latent_dim=8,
            downsampling_ratio=8,
            sample_rate=800,
        ),
        "text_encoder": UMT5EncoderModel(
            UMT5Config(vocab_size=30, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
        ),
        "tokenizer": _t5_tokenizer(),
        "transformer": diffusers.LongCatAudioDiTTransformer(
            dit_dim=16, dit_depth=2, dit_heads=2, dit_text_dim=16, latent_dim=4
        ),
        "scheduler": diffusers.FlowMatchEulerDiscreteScheduler(shift=1.0, invert_sigmas=True),
    }


BUILDERS: dict[str, Callable[[], dict[str, Any]]] = {
    "AudioLDM2Pipeline": _audioldm2,
    "StableAudioPipeline": _stable_audio,
    "StableAudio3Pipeline": _stable_audio_3,
    "LongCatAudioDiTPipeline": _longcat,
}
