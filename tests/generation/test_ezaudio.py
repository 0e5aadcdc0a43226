"""The back end ezaudio, on stand-ins for the clone: one without the parts of EzAudio, one with small parts of its kind.

The oracle of clips made together is the stand-in's own way of making one, a plain loop with one generator.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle import config
from auricle.errors import ConfigError, GenerationError, ModelError
from auricle.generation.ezaudio import back_end
from auricle.generation.ezaudio.back_end import EZAUDIO, REPOSITORY, EzAudio, EzAudioOptions, open_ezaudio
from auricle.generation.ezaudio.inside import PARTS, Sampler
from auricle.generation.testing import check_text_to_audio
from auricle.storage import digest_file

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

PLAIN = """
import os, sys, time, zlib
import numpy as np
from src.loudness import read_loudness

class EzAudio:
    def __init__(self, model_name, ckpt_path=None, vae_path=None, device="cuda"):
        print("Loading", model_name, ckpt_path, vae_path, device)
        self.loudness = read_loudness()

    def generate_audio(self, text, length=10, guidance_scale=5, guidance_rescale=0.75, ddim_steps=100, eta=1,
                       random_seed=None, randomize_seed=False):
        print("Generating", text)
        os.write(1, b"directly\\n")
        if text == "It raises.":
            raise IndexError("list index out of range")
        if text == "It needs memory.":
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        if text == "It exits.":
            os._exit(7)
        if text == "It hangs.":
            time.sleep(600)
        asked = (text, length, guidance_scale, guidance_rescale, ddim_steps, eta, random_seed, randomize_seed)
        rng = np.random.default_rng(zlib.crc32(repr(asked).encode()))
        return 24000, (self.loudness * rng.uniform(-1, 1, 24000 * length)).astype(np.float32)
"""
LOUDNESS = """
def read_loudness():
    with open("ckpts/loudness.txt") as file:
        return float(file.read())
"""
WITH_PARTS = '''
from types import SimpleNamespace
import torch

CHANNELS, DIM, LONGEST = 4, 8, 12

class Tokenizer:
    def __call__(self, texts, max_length, padding, truncation, return_tensors):
        assert (padding, truncation, return_tensors) == ("max_length", True, "pt")
        ids, mask = torch.zeros(len(texts), max_length, dtype=torch.long), torch.zeros(len(texts), max_length)
        for row, text in enumerate(texts):
            letters = [*text.encode()][: max_length - 1] + [1]
            ids[row, : len(letters)] = torch.tensor(letters)
            mask[row, : len(letters)] = 1
        return SimpleNamespace(input_ids=ids, attention_mask=mask)

class TextEncoder(torch.nn.Embedding):
    def forward(self, input_ids, attention_mask):
        assert attention_mask.dtype == torch.bool
        read = super().forward(input_ids) + 100.0 * ~attention_mask[..., None]  # padding is to be masked
        return SimpleNamespace(last_hidden_state=read)

class Unet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.hear = torch.nn.Conv1d(CHANNELS, CHANNELS, 3, padding=1)
        self.read = torch.nn.Linear(DIM, CHANNELS)

    def forward(self, x, timesteps, context, x_mask=None, context_mask=None, cls_token=None, gt=None,
                mae_mask_infer=None):
        assert timesteps.dim() == 0
        known = context_mask[..., None].to(context.dtype)
        sentence = (self.read(context) * known).sum(1) / known.sum(1)
        return self.hear(x) * (timesteps / 1000) + sentence[..., None], torch.ones_like(x)

class Autoencoder(torch.nn.Module):
    def forward(self, audio=None, embedding=None):
        return embedding.mean(1, keepdim=True).repeat_interleave(480, dim=2)

class Scheduler:
    """Each step goes a tenth of the way, with a tenth of noise."""

    def set_timesteps(self, steps):
        self.timesteps = torch.linspace(999, 0, steps).long()

    def scale_model_input(self, sample, timestep):
        return sample

    def step(self, model_output, timestep, sample, eta=0.0, generator=None):
        each = generator if isinstance(generator, list) else [generator] * len(sample)
        noise = torch.cat([torch.randn((1, *sample.shape[1:]), generator=one) for one in each])
        return SimpleNamespace(prev_sample=sample - 0.1 * model_output + 0.1 * eta * noise)

class EzAudio:
    def __init__(self, model_name, ckpt_path=None, vae_path=None, device="cuda"):
        print("Loading", model_name)
        torch.manual_seed(0)
        self.device = device
        self.tokenizer, self.text_encoder = Tokenizer(), TextEncoder(256, DIM)
        self.unet, self.autoencoder, self.noise_scheduler = Unet(), Autoencoder(), Scheduler()
        self.params = {
            "autoencoder": {"sr": 24000, "latent_sr": 50, "scale": 2.0, "shift": 0.25},
            "model": {"out_chans": CHANNELS},
            "text_encoder": {"max_length": LONGEST},
        }

    @torch.no_grad()
    def generate_audio(self, text, length=10, guidance_scale=5, guidance_rescale=0.75, ddim_steps=100, eta=1,
                       random_seed=None, randomize_seed=False):
        def read(sentence):
            tokens = self.tokenizer(
                [sentence], max_length=LONGEST, padding="max_length", truncation=True, return_tensors="pt"
            )
            mask = tokens.attention_mask.bool()
            return self.text_encoder(tokens.input_ids, mask).last_hidden_state, mask

        generator = torch.Generator().manual_seed(random_seed)
        sound = torch.randn((1, CHANNELS, 50 * length), generator=generator)
        self.noise_scheduler.set_timesteps(ddim_steps)
        for t in self.noise_scheduler.timesteps:
            (context, mask), (no_context, no_mask) = read(text), read("")
            yes = self.unet(sound, t, context, context_mask=mask)[0]
            no = self.unet(sound, t, no_context, context_mask=no_mask)[0]
            guided = no + guidance_scale * (yes - no)
            rescaled = guided / guided.std() * yes.std()
            guided = guidance_rescale * rescaled + (1 - guidance_rescale) * guided
            sound = self.noise_scheduler.step(guided, t, sound, eta=eta, generator=generator).prev_sample
        return 24000, self.autoencoder(embedding=sound / 2.0 - 0.25).numpy()[0, 0]
'''

CAPTIONS = ["Rain.", "A dog barks in the distance, twice.", "Bells"]
SAMPLING: dict[str, Any] = {"steps": 5, "guidance": 3.0, "guidance_rescale": 0.6, "eta": 0.5}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A stand-in for the clone, without parts; not a git checkout."""
    return write_clone(tmp_path / "EzAudio", PLAIN)


Open = Callable[..., EzAudio]


@pytest.fixture
def opened(clone: Path) -> Iterator[Open]:
    """Open back ends that are closed with the test: ``opened(steps=5, ...)``."""
    all_of_them: list[EzAudio] = []

    def run(**options: Any) -> EzAudio:
        all_of_them.append(open_ezaudio("", EzAudioOptions(**{"home": clone, "device": "cpu", **options})))
        return all_of_them[-1]

    yield run
    for each in all_of_them:
        each.close()


def write_clone(folder: Path, code: str) -> Path:
    for name, text in {
        "api/ezaudio.py": code,
        "src/__init__.py": "",
        "src/loudness.py": LOUDNESS,
        "ckpts/loudness.txt": "0.5",
        "ckpts/s3/ezaudio_s3_xl.pt": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def commit(folder: Path) -> str:
    """Make a folder a git checkout; return its commit."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "All of it")
    return git("rev-parse", "HEAD")


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def plain_clip(*asked: object) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(zlib.crc32(repr(asked).encode()))
    return (0.5 * rng.uniform(-1, 1, 24000 * int(str(asked[1])))).astype(np.float32)


def small_ezaudio(folder: Path) -> Any:
    """Return the model of the stand-in with parts, in this process."""
    (folder / "small.py").write_text(WITH_PARTS, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("small", folder / "small.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.EzAudio("s3_xl", device="cpu")


def test_whole_seconds_are_asked_for_one_by_one_and_cut(opened: Open, capsys: pytest.CaptureFixture[str]) -> None:
    ezaudio = opened(**SAMPLING)
    clips = ezaudio.generate(CAPTIONS, seconds=[2.5, 1.0, 0.01], seeds=[3, 2**32 + 4, 5])
    wanted = [
        plain_clip("Rain.", 3, 3.0, 0.6, 5, 0.5, 3, False)[:60000],
        plain_clip("A dog barks in the distance, twice.", 1, 3.0, 0.6, 5, 0.5, 4, False),
        plain_clip("Bells", 1, 3.0, 0.6, 5, 0.5, 5, False)[:240],
    ]
    for clip, other in zip(clips, wanted, strict=True):
        assert clip.dtype == np.float32
        np.testing.assert_array_equal(clip, other)
    assert (EZAUDIO.name, ezaudio.sample_rate, ezaudio.max_seconds) == ("ezaudio", 24000, 10.0)
    printed = ["Loading s3_xl None None cpu", "Generating A dog barks in the distance, twice.", "directly"]
    wait_until(lambda: ezaudio.log[:3] == printed)
    assert capsys.readouterr().err.splitlines()[1:] == [
        f"This EzAudio shows no {', '.join(PARTS)}: clips are made one at a time."
    ]


def test_what_clips_owe_their_existence_to(opened: Open, clone: Path, tmp_path: Path) -> None:
    (tmp_path / "own.pt").write_bytes(b"weights")
    revision = commit(clone)
    ezaudio = opened(**SAMPLING, checkpoint=tmp_path / "own.pt")
    about = ezaudio.about
    assert (about.model, about.revision, about.licence) == ("EzAudio s3_xl", revision, "MIT")
    assert about.parameters == {
        "model": "s3_xl",
        **SAMPLING,
        "precision": "float32",
        "checkpoint": digest_file(tmp_path / "own.pt"),
    }
    json.dumps(about.parameters)
    wait_until(lambda: ezaudio.log == [f"Loading s3_xl {tmp_path / 'own.pt'} None cpu"])


def test_another_commit_is_a_warning(
    opened: Open, clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = commit(clone)
    opened()
    warning, note = capsys.readouterr().err.splitlines()
    assert warning == f"The clone of EzAudio in {clone} is at commit {found[:7]}; auricle was tested against 1a5b1e8."
    monkeypatch.setattr(back_end, "TESTED_COMMIT", found[:7])
    opened()
    assert capsys.readouterr().err.splitlines() == [note]


def test_a_folder_inside_another_checkout_has_no_commit(
    opened: Open, clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(clone.parent)
    assert opened().about.revision == ""
    assert "does not say which commit it is; auricle was tested against 1a5b1e8." in capsys.readouterr().err


def test_no_clone(opened: Open, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    advice = rf"Get one with `git clone {REPOSITORY}`, commit 1a5b1e8, and set EZAUDIO_HOME or `home` to its folder\.$"
    monkeypatch.delenv("EZAUDIO_HOME", raising=False)
    with pytest.raises(GenerationError, match=f"^The back end ezaudio needs a clone .* none is named. {advice}"):
        opened(home=None)
    with pytest.raises(GenerationError, match=f"^/nowhere is no clone of EzAudio: .* {advice}"):
        opened(home="/nowhere")
    monkeypatch.setenv("EZAUDIO_HOME", str(tmp_path))
    with pytest.raises(GenerationError, match=f"^{tmp_path} is no clone"):
        opened(home=None)
    monkeypatch.setenv("EZAUDIO_HOME", os.path.relpath(clone))
    opened(home=None)


def test_an_interpreter_that_lacks_what_the_clone_needs(opened: Open, clone: Path) -> None:
    with pytest.raises(
        GenerationError, match=r"^The worker of ezaudio cannot start with the interpreter /no/python: No"
    ):
        opened(python="/no/python")
    (clone / "api" / "ezaudio.py").write_text("import a_package_that_is_not_there")
    with pytest.raises(
        GenerationError, match=r"No module named 'a_package_that_is_not_there'\. Install what is missing"
    ):
        opened()


def test_settings_that_cannot_be(opened: Open) -> None:
    with pytest.raises(ModelError, match=r"^There are no weights /nowhere\.pt\. Name the file, or leave"):
        opened(vae="/nowhere.pt")
    with pytest.raises(GenerationError, match=r"bfloat16 needs the parts of EzAudio, and this one shows no unet, "):
        opened(precision="bfloat16")
    with pytest.raises(ConfigError, match=r"model: input should be 's3_xl' or 's3_l' \(got 'xl'\)"):
        config.validate(EzAudioOptions, {"model": "xl"}, source="the command line")
    assert all(setting.meaning for setting in config.describe(EzAudioOptions))


def test_one_caption_that_cannot_be_made_does_not_end_the_run(opened: Open) -> None:
    ezaudio = opened(timeout_s=2.0)

    def make(*captions: str) -> int:
        return len(ezaudio.generate(captions, seconds=[1.0] * len(captions), seeds=[1] * len(captions)))

    with pytest.raises(GenerationError, match=r"could not make a clip: IndexError: list index out of range\.$"):
        make("Rain.", "It raises.")
    with pytest.raises(MemoryError, match="CUDA out of memory"):
        make("Rain.", "It needs memory.")
    with pytest.raises(GenerationError, match=r"died twice over the same batch: at last it exited with status 7\."):
        make("Rain.", "It exits.")
    with pytest.raises(
        GenerationError, match=r"died twice over the same batch: at last it did not answer within 2 s\."
    ):
        make("Rain.", "It hangs.")
    with pytest.raises(GenerationError, match="blank"):
        make("Rain.", " ")
    assert make("Rain.") == 1


@pytest.mark.parametrize("scheduler", ["own", "diffusers"])
def test_clips_made_together_are_as_made_alone(tmp_path: Path, scheduler: str) -> None:
    ezaudio = small_ezaudio(tmp_path)
    if scheduler == "diffusers":
        diffusers = pytest.importorskip("diffusers")
        ezaudio.noise_scheduler = diffusers.DDIMScheduler(  # as EzAudio's configuration has it
            num_train_timesteps=1000,
            beta_schedule="scaled_linear",
            beta_start=0.00085,
            beta_end=0.012,
            prediction_type="v_prediction",
            rescale_betas_zero_snr=True,
            timestep_spacing="trailing",
            clip_sample=False,
        )
    sampler = Sampler(ezaudio, device="cpu", bfloat16=False, **SAMPLING)
    assert (sampler.sample_rate, sampler.note) == (24000, "")
    seconds, seeds = [1.5, 3.0, 2.0], [7, 2**32 - 1, 7]
    together = sampler.generate(CAPTIONS, seconds, seeds)
    for caption, length, seed, clip in zip(CAPTIONS, seconds, seeds, together, strict=True):
        asked = {"guidance_scale": 3.0, "guidance_rescale": 0.6, "ddim_steps": 5, "eta": 0.5, "random_seed": seed}
        _, alone = ezaudio.generate_audio(caption, length=int(np.ceil(length)), **asked)
        np.testing.assert_allclose(clip, alone[: round(length * 24000)], rtol=0, atol=1e-5)
        assert clip.std() > 0.01
    (again,) = sampler.generate(CAPTIONS[2:], [2.0], [2**62])
    assert not np.allclose(again, together[2], atol=0.01)


def test_bfloat16_is_another_precision_of_the_network_alone(tmp_path: Path) -> None:
    ezaudio = small_ezaudio(tmp_path)
    exact, rough = (
        Sampler(ezaudio, device="cpu", bfloat16=wanted, **SAMPLING).generate(["Rain."], [1.0], [3])[0]
        for wanted in (False, True)
    )
    assert rough.dtype == np.float32
    assert not np.array_equal(rough, exact)
    np.testing.assert_allclose(rough, exact, atol=0.05)


def test_a_part_that_is_not_there_is_said(tmp_path: Path) -> None:
    ezaudio = small_ezaudio(tmp_path)
    ezaudio.unet = None
    sampler = Sampler(ezaudio, device="cpu", bfloat16=False, **SAMPLING)
    assert sampler.note == "This EzAudio shows no unet: clips are made one at a time."


def test_parts_are_used_inside_a_worker(opened: Open, clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_clone(clone, WITH_PARTS)
    (clone / "ckpts" / "s3" / "ezaudio_s3_xl.pt").unlink()
    ezaudio = opened(**SAMPLING, device="auto")
    assert "fetches its weights" in capsys.readouterr().err
    clips = ezaudio.generate(CAPTIONS[:2], seconds=[1.0, 1.0], seeds=[7, 8])
    sampler = Sampler(small_ezaudio(clone), device="cpu", bfloat16=False, **SAMPLING)
    np.testing.assert_allclose(clips, sampler.generate(CAPTIONS[:2], [1.0, 1.0], [7, 8]), rtol=0, atol=1e-5)


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, auricle.generation.ezaudio.back_end; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_keeps_the_contract(opened: Open) -> None:
    check_text_to_audio(opened(), ["a dog barks", "rain", "a 🐦 sings"], seconds=[1.0, 2.0, 0.5])


@pytest.mark.slow
def test_a_run_survives_kill_9(clone: Path, survives_kills: Callable[..., None]) -> None:
    survives_kills("ezaudio", f"home={clone}", "device=cpu")
