"""AudioGen against audiocraft's own tokens and sounds, against itself alone, and against what does not fit."""

import base64
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from auricle.audio import Samples
from auricle.config import validate
from auricle.errors import ConfigError, GenerationError, ModelError
from auricle.generation.audiogen.back_end import AUDIOGEN, AudioGen, AudioGenOptions
from auricle.generation.audiogen.checkpoint import CODEC, LANGUAGE_MODEL, read_package
from auricle.generation.testing import check_text_to_audio

RATE = 16_000
TOLERANCE = 1e-5
CAPTIONS = {"rain": "rain falls on a tin roof while a train passes by", "dog": "a dog barks"}

OMEGACONF = zlib.decompress(
    base64.b85decode(
        "c-oznO>^5+6o!=#JBgC!qYb1@Y4{36f!1;C#7-L0P`8+Z8`pJd5h+E;^0lw1BIQW3Y3SUUGM&z}Gwj&2<tOkn7+AAo)fG#&oO@+ClG6mJW^7"
        "%_I?s8}d(M?BrGY_78XlGo9h1^YNp}ruw#iam_x04?eXCd)mv&;uqkaaGqRJRhBc88$zU~v~W6-ZA@!o^Il+kFyfZ^<trfxWPBULvIpD)a&d"
        "=-~hf+Y+teh&!-NktvOIBl2sI?oD2k<gm%5g7w~-L#3j-FZZYVT>JNAS)`b!zB&P-`^uJYT(JVoAPCQUxqPt6n}JT-w?wOem`MoTCHVTzG-W"
        "k%yr2yE)dS1Z#uSa!NgN_0I%<peV8n(30yWTz3IUegOj3YajChE<HM<E>bOYnIaZsvnxPw%z_ejFmW4SH=*e}`&|8)t<a&jUKY>@PFe7qejz"
        "HFFI;M`{4Pud9Vt2Hjp<}I@I>fEn(_Op`vt<#cp))?eKFi=WMIGb{cni)&e6yW8@wf|RT*xqocD>Hv4TT;u_rTLP@u9aEysgktIz~^F>BLhy"
        "NzYNNe4d_qMyIKe|4tR&ZPn;3O^DQ58%<l-esl@Na<>djXn;a_cNZDFhbbxV*82?3cgS=+Kr0-5A%ad-VTqy{RMgH>P^>Ynpa@>UGJ_1qaiL"
        "iTD=!eb8lmN?kQbCix*&X<f5?4eu!d5TforDY!Ft3J%k;ugy^hOpR4-!24F(^C#cVRT)X5&3C>}1uRv>7d3;Hl3=yDYb^mIJH!C{3f-GUeC*"
        "?VwR5#@fwpct0>F@tNda!V4Ye-fd8T7{BeY|w?$Fs?Y`I)m+yQD$%>&gkQeN`!H<3e_$n(W()2iZ|JI++DaOh@UaI9TM*__&nZ(Tb!syh+kA"
        ";Cu~BwRcm#C6fK9l0{A6^dm->E23j0=mjl0!0QD-=I<v7LcHjI%$4C*oeev3jZM4h~Nm{8&X=pg#Fn;|R)A3K`$k*PCG~Iper5aeN?rXT4J>"
        "0&<!er0eZ)azjlYjZ^kH>u&%RfhxXQliB+4CJ&ZxT(n%%;t^d9jc^1pg05ZiNfj`WBw|V~YM`1x!g>T>-UypEz!vxW&T8%j69Y%k+JVa1Bp3"
        "|2)I@QSw*~6Vhf^L)X^zmsgOLdG6nSYTo|$`sbv~K?C?(ZpkCAi5>WkZ+%-c>%~Iqe@aPb*3)Y%xwTwApU-91Guh?zN;-{SnfzLIZ8e`uuV&"
        "NPjOY^k;dxs@9g0xd$HjJaMu&6qkn-OD;oj)z0M5iB{~nZ%8s}a}bckkSkednVn91$sL<eCi#`!(M=?-9Tc(j)jvG6-dsdsjIgQFJD#dAl3U"
        ")=mkDVaPUj>^D=Ze+6O{9|8melQfAF;1*TM}q6%Es#hCF-h@!@a#Wl^KSV"
    )
)
"""A file of torch whose xp.cfg is an object of omegaconf 2.4, made by
``torch.save({"best_state": {}, "xp.cfg": OmegaConf.create(plain)}, file)`` with ``plain = {"rate": 16000, "codec":
{"rate": "${rate}", "ratios": [8, 5], "norm": None}, "home": "${oc.env:HOME}"}``."""


@pytest.fixture(scope="module")
def shared() -> Path:
    """The data that is laid beside the repository for tests; what needs it is skipped elsewhere."""
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "audiogen_tiny"
    if not folder.is_dir():
        pytest.skip("../shared/data is not beside this repository")
    return folder


Opened = Callable[..., AudioGen]


@pytest.fixture(scope="module")
def opened(shared: Path) -> Opened:
    """``opened(model=..., **options)``: the tiny AudioGen, or another one with its T5."""

    def load(model: Path = shared / "audiogen-tiny", **options: Any) -> AudioGen:
        ready = AUDIOGEN.open(
            "", AudioGenOptions(model=str(model), text_encoder=str(shared / "t5-large"), device="cpu", **options)
        )
        assert isinstance(ready, AudioGen)
        return ready

    return load


@pytest.fixture(scope="module")
def greedy(opened: Opened) -> AudioGen:
    """As audiocraft made the tokens and sounds that are stored."""
    return opened(greedy=True, stride_seconds=9.0)


@pytest.fixture(scope="module")
def sampling(opened: Opened) -> AudioGen:
    """With windows so short that clips of seconds are made of several."""
    return opened(window_seconds=1.0, stride_seconds=0.6)


@pytest.fixture
def checkpoint(shared: Path, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoint that may be changed."""
    folder = tmp_path / "changed"
    folder.mkdir()
    for name in (LANGUAGE_MODEL, CODEC):
        (folder / name).write_bytes((shared / "audiogen-tiny" / name).read_bytes())
    return folder


def change(path: Path, edit: Callable[[dict[str, Tensor], dict[str, Any]], object]) -> None:
    """Rewrite one file of a checkpoint after `edit` has changed its tensors and configuration."""
    content = torch.load(path, weights_only=True)
    configuration = yaml.safe_load(content["xp.cfg"])
    edit(content["best_state"], configuration)
    torch.save({**content, "xp.cfg": yaml.safe_dump(configuration)}, path)


def clips_of(
    back_end: AudioGen, captions: Sequence[str], seconds: Sequence[float], seeds: Sequence[int], *, batch: int
) -> list[Samples]:
    clips: list[Samples] = []
    for start in range(0, len(captions), batch):
        part = slice(start, start + batch)
        clips += back_end.generate(captions[part], seconds=seconds[part], seeds=seeds[part])
    return clips


@pytest.mark.parametrize(
    "asked",
    [
        [("dog", 2)],
        *(pytest.param([alone], marks=pytest.mark.slow) for alone in (("rain", 2), ("rain", 12), ("dog", 12))),
        [("rain", 12), ("dog", 2), ("dog", 12), ("rain", 2)],
    ],
    ids=str,
)
def test_tokens_and_sounds_are_audiocrafts(
    shared: Path, greedy: AudioGen, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[str, int]]
) -> None:
    written: list[Tensor] = []

    def write(*arguments: Any, **options: Any) -> list[Tensor]:
        written.extend(AudioGen.write(greedy, *arguments, **options))
        return written

    monkeypatch.setattr(greedy, "write", write)
    captions, seconds = [CAPTIONS[name] for name, _ in asked], [length for _, length in asked]
    clips = greedy.generate(captions, seconds=seconds, seeds=[0] * len(asked))
    with np.load(shared / "golden.npz") as golden:
        for (name, length), tokens, clip in zip(asked, written, clips, strict=True):
            np.testing.assert_array_equal(tokens.numpy(), golden[f"{name}_{length}s_tokens"])
            np.testing.assert_allclose(clip, golden[f"{name}_{length}s_waveform"], rtol=0, atol=TOLERANCE)
            assert clip.dtype == np.float32


SECONDS = [0.5, 1.7, 1.0, 2.3, 0.9, 1.2, 1.65, 0.3]
VARIED = [f"a dog barks{' in the rain' * (number % 4)} {number} times" for number in range(8)]


@pytest.fixture(scope="module")
def batch_of_eight(sampling: AudioGen) -> list[Samples]:
    return clips_of(sampling, VARIED, SECONDS, range(8), batch=8)


def test_it_keeps_the_contract(sampling: AudioGen) -> None:
    check_text_to_audio(sampling, ["a dog barks", "rain falls on a tin roof", "a 🐦 sings"], seconds=[1.0, 2.0, 0.5])


@pytest.mark.slow
def test_a_run_survives_kill_9(shared: Path, survives_kills: Callable[..., None]) -> None:
    survives_kills("audiogen", f"model={shared / 'audiogen-tiny'}", f"text_encoder={shared / 't5-large'}", "device=cpu")


@pytest.mark.parametrize("batch", [1, 3])
def test_a_clip_does_not_depend_on_its_batch(sampling: AudioGen, batch_of_eight: list[Samples], batch: int) -> None:
    for here, there in zip(clips_of(sampling, VARIED, SECONDS, range(8), batch=batch), batch_of_eight, strict=True):
        np.testing.assert_allclose(here, there, rtol=0, atol=TOLERANCE)


def test_the_order_does_not_matter(sampling: AudioGen, batch_of_eight: list[Samples]) -> None:
    order = [5, 2, 7, 0, 3, 6, 1, 4]
    captions, seconds = [VARIED[n] for n in order], [SECONDS[n] for n in order]
    for number, clip in zip(order, clips_of(sampling, captions, seconds, order, batch=8), strict=True):
        np.testing.assert_allclose(clip, batch_of_eight[number], rtol=0, atol=TOLERANCE)


@pytest.mark.slow
def test_with_whole_windows_a_clip_does_not_depend_on_its_batch(opened: Opened) -> None:
    back_end, seconds = opened(), [10.0, 3.0, 14.0, 10.0, 5.0, 12.0, 10.0, 8.0]
    together, alone = (clips_of(back_end, VARIED, seconds, range(8), batch=batch) for batch in (8, 1))
    for here, there in zip(alone, together, strict=True):
        np.testing.assert_allclose(here, there, rtol=0, atol=TOLERANCE)


def test_seed_caption_and_sampling_make_the_clip(sampling: AudioGen, opened: Opened) -> None:
    def made(caption: str, seed: int, back_end: AudioGen = sampling) -> bytes:
        return back_end.generate([caption], seconds=[0.4], seeds=[seed])[0].tobytes()

    others = {
        "seed": made("a dog barks", 8),
        "seed far away": made("a dog barks", 7 + 2**32),
        "caption": made("a cat barks", 7),
        "top_k": made("a dog barks", 7, opened(top_k=5)),
        "temperature": made("a dog barks", 7, opened(temperature=0.5)),
        "guidance": made("a dog barks", 7, opened(guidance=1.0)),
    }
    clip = made("a dog barks", 7)
    assert clip == made("a dog barks", 7)
    assert clip not in others.values()
    assert len(set(others.values())) == len(others)


@pytest.mark.parametrize("seconds", [1e-9, 0.02, 0.333, 1.01, 2.34567])
def test_a_clip_is_as_long_as_asked(sampling: AudioGen, seconds: float) -> None:
    (clip,) = sampling.generate(["a dog barks"], seconds=[seconds], seeds=[1])
    assert clip.shape == (max(1, round(seconds * RATE)),)
    assert np.isfinite(clip).all()


@pytest.mark.parametrize("caption", ["🐕🌧️", "\N{PILE OF POO}" * 40, "собака лает", "a", "犬が吠える", "x" * 200])
def test_what_t5_has_no_words_for_still_makes_a_sound(sampling: AudioGen, caption: str) -> None:
    (clip,) = sampling.generate([caption], seconds=[0.3], seeds=[1])
    assert np.isfinite(clip).all()
    assert clip.std() > 0


def test_a_caption_of_2000_words_is_refused(sampling: AudioGen) -> None:
    wanted = (
        r"A caption of 2000 words is too long for AudioGen \('dog dog .*'\.\.\.\): it has \d+ tokens of at most 512"
    )
    with pytest.raises(GenerationError, match=wanted):
        sampling.generate(["a dog", "dog " * 2000], seconds=[0.3, 0.3], seeds=[1, 2])


@pytest.mark.parametrize("caption", ["", " \n\t "])
def test_a_blank_caption_is_refused(sampling: AudioGen, caption: str) -> None:
    with pytest.raises(GenerationError, match="A caption is blank"):
        sampling.generate(["rain", caption], seconds=[1, 1], seeds=[0, 0])


def test_a_clip_longer_than_allowed_is_a_fault_of_the_caller(sampling: AudioGen) -> None:
    with pytest.raises(ValueError, match="at most 120"):
        sampling.generate(["rain"], seconds=[121], seeds=[0])


def test_no_captions_make_no_clips(sampling: AudioGen) -> None:
    assert sampling.generate([], seconds=[], seeds=[]) == []


def test_nothing_is_generated_once_it_is_closed(opened: Opened) -> None:
    back_end = opened()
    back_end.close()
    back_end.close()
    with pytest.raises(ValueError, match="closed"):
        back_end.generate(["rain"], seconds=[1], seeds=[0])


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:1] . DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_too_little_memory_is_a_memory_error(
    sampling: AudioGen, monkeypatch: pytest.MonkeyPatch, error: RuntimeError
) -> None:
    monkeypatch.setattr(sampling, "write", failing(error))
    with pytest.raises(MemoryError, match=r"memory|ALLOC"):
        sampling.generate(["rain"], seconds=[0.1], seeds=[0])


def test_weights_that_do_not_fit_into_memory_are_told(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "auricle.generation.audiogen.loading.load", failing(torch.OutOfMemoryError("CUDA out of memory."))
    )
    with pytest.raises(GenerationError, match="does not fit into the memory of cpu in float32"):
        opened()


def test_another_failure_of_torch_is_not(sampling: AudioGen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "write", failing(RuntimeError("sizes do not match")))
    with pytest.raises(RuntimeError, match="sizes do not match"):
        sampling.generate(["rain"], seconds=[0.1], seeds=[0])


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_about_says_what_a_clip_depends_on(sampling: AudioGen, opened: Opened, checkpoint: Path) -> None:
    about = sampling.about
    assert (about.model, about.licence) == ("audiogen-tiny", "CC-BY-NC-4.0")
    assert json.loads(json.dumps(about.parameters)) == {
        "guidance": 3.0,
        "top_k": 250,
        "temperature": 1.0,
        "greedy": False,
        "window_seconds": 1.0,
        "stride_seconds": 0.6,
        "precision": "float32",
        "text_encoder": "t5-large",
        "text_encoder_revision": about.parameters["text_encoder_revision"],
    }
    assert opened(checkpoint).about.revision == about.revision
    for name in (LANGUAGE_MODEL, CODEC):
        change(checkpoint / name, lambda tensors, _: next(iter(tensors.values())).add_(1))
        changed = opened(checkpoint).about.revision
        assert changed != about.revision
        about = opened(checkpoint).about


def test_the_licence_is_said_once(opened: Opened, capsys: pytest.CaptureFixture[str]) -> None:
    opened().generate(["rain", "dog"], seconds=[0.1, 0.1], seeds=[0, 1])
    assert capsys.readouterr().err.count("CC-BY-NC-4.0") == 1


def test_only_the_decoder_is_in_half_precision(opened: Opened) -> None:
    back_end = opened(precision="bfloat16")
    network = back_end._networks.network
    assert {tensor.dtype for tensor in network.decoder.state_dict().values()} == {torch.bfloat16}
    for part in (network.text_encoder, network.audio_encoder, network.enc_to_dec_proj):
        assert {tensor.dtype for tensor in part.parameters()} == {torch.float32}
    (clip,) = back_end.generate(["rain"], seconds=[0.2], seeds=[0])
    assert clip.dtype == np.float32
    assert back_end.about.parameters["precision"] == "bfloat16"


def test_weights_in_half_precision_compute_in_single(opened: Opened, checkpoint: Path) -> None:
    def halve(tensors: dict[str, Tensor], _: object) -> None:
        tensors.update({name: tensor.half() for name, tensor in tensors.items()})

    change(checkpoint / LANGUAGE_MODEL, halve)
    network = opened(checkpoint)._networks.network
    assert {tensor.dtype for tensor in network.decoder.parameters()} == {torch.float32}


FILES = pytest.mark.parametrize(
    ("file", "tensor"),
    [
        (LANGUAGE_MODEL, "transformer.layers.1.self_attn.in_proj_weight"),
        (LANGUAGE_MODEL, "condition_provider.conditioners.description.output_proj.bias"),
        (LANGUAGE_MODEL, "linears.3.weight"),
        (CODEC, "decoder.model.3.convtr.convtr.weight_g"),
        (CODEC, "quantizer.vq.layers.2._codebook.embed"),
        (CODEC, "encoder.model.13.lstm.weight_ih_l0"),
    ],
)


@FILES
def test_a_missing_tensor_is_named(opened: Opened, checkpoint: Path, file: str, tensor: str) -> None:
    change(checkpoint / file, lambda tensors, _: tensors.pop(tensor))
    with pytest.raises(ModelError, match=f"^{file} does not fit its own xp.cfg: {tensor} is missing.$"):
        opened(checkpoint)


@FILES
def test_an_extra_tensor_is_named(opened: Opened, checkpoint: Path, file: str, tensor: str) -> None:
    change(checkpoint / file, lambda tensors, _: tensors.update({f"{tensor}.more": torch.zeros(1)}))
    with pytest.raises(ModelError, match=f"^{file} does not fit its own xp.cfg: {tensor}.more has no place.$"):
        opened(checkpoint)


@FILES
def test_a_tensor_of_another_shape_is_named(opened: Opened, checkpoint: Path, file: str, tensor: str) -> None:
    change(checkpoint / file, lambda tensors, _: tensors.update({tensor: torch.zeros(3, 5)}))
    with pytest.raises(ModelError, match=rf"{tensor} is \(3, 5\) where \(\d+,.*\) is needed"):
        opened(checkpoint)


@pytest.mark.parametrize(
    ("file", "path", "value", "wanted"),
    [
        (LANGUAGE_MODEL, "transformer_lm.norm_first", False, r"transformer_lm.norm_first is False \(input should be T"),
        (LANGUAGE_MODEL, "transformer_lm.positional_embedding", "rope", "positional_embedding is 'rope'"),
        (LANGUAGE_MODEL, "transformer_lm.n_q", 3, r"delays is \(0, 1, 2, 3\) for 3 codebooks"),
        (LANGUAGE_MODEL, "transformer_lm.dim", None, "transformer_lm.dim is None"),
        (LANGUAGE_MODEL, "codebooks_pattern.modeling", "parallel", "codebooks_pattern.modeling is 'parallel'"),
        (LANGUAGE_MODEL, "conditioners.self_wav", {"model": "chroma_stem"}, "conditioners has self_wav besides"),
        (LANGUAGE_MODEL, "fuser.cross", [], "fuser.cross.0 is missing"),
        (LANGUAGE_MODEL, "fuser.prepend", ["description"], "fuser.prepend is"),
        (LANGUAGE_MODEL, "dataset", {}, "dataset.segment_duration is missing"),
        (CODEC, "seanet.norm", "time_group_norm", "seanet.norm is 'time_group_norm'"),
        (CODEC, "encodec.channels", 2, "encodec.channels is 2"),
    ],
)
def test_another_kind_of_model_is_refused(
    opened: Opened, checkpoint: Path, file: str, path: str, value: object, wanted: str
) -> None:
    def edit(_: object, configuration: dict[str, Any]) -> None:
        *parts, key = path.split(".")
        for part in parts:
            configuration = configuration[part]
        configuration[key] = value

    change(checkpoint / file, edit)
    with pytest.raises(ModelError, match=f"^{file} is not of an AudioGen: in its xp.cfg .*{wanted}"):
        opened(checkpoint)


def test_sizes_that_do_not_go_together_are_refused(opened: Opened, checkpoint: Path) -> None:
    change(checkpoint / LANGUAGE_MODEL, lambda _, configuration: configuration["transformer_lm"].update(num_heads=5))
    with pytest.raises(ModelError, match=r"The sizes in the xp\.cfg of changed do not go together: .*divisible"):
        opened(checkpoint)


def test_files_of_two_checkpoints_are_refused(opened: Opened, checkpoint: Path) -> None:
    change(checkpoint / CODEC, lambda _, configuration: configuration["rvq"].update(n_q=8))
    with pytest.raises(ModelError, match=r"writes 4 codebooks of 2048 tokens, .* reads 8 of 2048\. Take both"):
        opened(checkpoint)


def test_references_in_the_configuration_are_followed(opened: Opened, checkpoint: Path) -> None:
    def refer(_: object, configuration: dict[str, Any]) -> None:
        configuration["encodec"].update(sample_rate="${sample_rate}", channels="${seanet.channels}")

    change(checkpoint / CODEC, refer)
    assert opened(checkpoint).sample_rate == RATE


def test_a_configuration_of_omegaconf_is_read_without_omegaconf(tmp_path: Path) -> None:
    (tmp_path / "stored.bin").write_bytes(OMEGACONF)
    codec = {"rate": 16000, "ratios": [8, 5], "norm": None}
    assert read_package(tmp_path / "stored.bin").configuration == {
        "rate": 16000,
        "codec": codec,
        "home": "${oc.env:HOME}",
    }


class Code:
    """A pickle of this would make a folder while it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("file", [LANGUAGE_MODEL, CODEC])
def test_a_pickle_that_holds_code_is_refused_and_not_run(opened: Opened, checkpoint: Path, file: str) -> None:
    content = torch.load(checkpoint / file, weights_only=True)
    torch.save({**content, "version": Code(checkpoint / "made")}, checkpoint / file)
    with pytest.raises(ModelError, match=f"{file} wants to build posix.mkdir while it is read, which could run code"):
        opened(checkpoint)
    assert not (checkpoint / "made").exists()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ({"pretrained": "facebook/encodec_32khz"}, "holds no best_state with its xp.cfg"),
        ([1, 2], "holds no best_state with its xp.cfg"),
        ({"best_state": {"a": 1}, "xp.cfg": ""}, "holds more than named tensors"),
        ({"best_state": {}, "xp.cfg": "a: [1"}, "xp.cfg of state_dict.bin cannot be read"),
        ({"best_state": {}, "xp.cfg": "just words"}, "xp.cfg of state_dict.bin cannot be read"),
        ({"best_state": {}, "xp.cfg": "a: ${a}"}, "xp.cfg of state_dict.bin cannot be read"),
    ],
)
def test_what_is_not_exported_by_audiocraft_is_refused(tmp_path: Path, content: object, wanted: str) -> None:
    torch.save(content, tmp_path / LANGUAGE_MODEL)
    with pytest.raises(ModelError, match=wanted):
        read_package(tmp_path / LANGUAGE_MODEL)


@pytest.mark.parametrize("damage", [lambda whole: whole[:-1000], lambda _: b"", lambda _: b"no weights\n"])
def test_a_damaged_file_is_told(opened: Opened, checkpoint: Path, damage: Callable[[bytes], bytes]) -> None:
    file = checkpoint / LANGUAGE_MODEL
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ModelError, match=r"^state_dict.bin is damaged or not a checkpoint. Fetch it again.$"):
        opened(checkpoint)


def test_a_folder_without_its_files_is_told(opened: Opened, checkpoint: Path) -> None:
    (checkpoint / CODEC).unlink()
    with pytest.raises(ModelError, match=f"changed holds no {CODEC}"):
        opened(checkpoint)


def test_a_text_encoder_that_is_none_is_told(shared: Path, tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_text("{}")
    options = AudioGenOptions(model=str(shared / "audiogen-tiny"), text_encoder=str(tmp_path))
    with pytest.raises(ModelError, match=f"{tmp_path.name} cannot be loaded as a T5"):
        AUDIOGEN.open("", options)


def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.snapshot_download", failing(FileNotFoundError("not in the cache")))
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", failing(ConnectionError("no route to host")))


@pytest.mark.parametrize("name", ["facebook/audiogen-medium", "/no/such/folder", "not a name"])
def test_a_name_that_cannot_be_had_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    unreachable(monkeypatch)
    wanted = f"'{name}' is neither a folder nor in the cache of the Hugging Face hub, .* could not be had"
    with pytest.raises(ModelError, match=wanted) as refused:
        AUDIOGEN.open("", AudioGenOptions(model=name))
    assert "\n" not in str(refused.value)


def test_what_is_in_the_cache_of_the_hub_is_used_offline(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cached(name: str, *, allow_patterns: list[str], local_files_only: bool) -> str:
        assert local_files_only
        assert allow_patterns
        return str(tmp_path / "cafe42" if name == "someone/audiogen" else shared / name)

    (tmp_path / "cafe42").symlink_to(shared / "audiogen-tiny")
    unreachable(monkeypatch)
    monkeypatch.setattr("huggingface_hub.snapshot_download", cached)
    about = AUDIOGEN.open("", AudioGenOptions(model="someone/audiogen")).about
    assert (about.model, about.revision) == ("someone/audiogen", "cafe42")
    assert about.parameters["text_encoder"] == "t5-large"


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"stride_seconds": 10.0}, "stride_seconds must be below window_seconds"),
        ({"top_k": 0}, "top_k: input should be greater than or equal to 1"),
        ({"temperature": 0}, "temperature: input should be greater than 0"),
        ({"gudance": 1}, "gudance: no such setting. Did you mean 'guidance'"),
    ],
)
def test_settings_that_cannot_be_are_refused(options: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted):
        validate(AUDIOGEN.options, options, source="the back end audiogen")


def test_windows_longer_than_what_was_learned_are_refused(opened: Opened) -> None:
    with pytest.raises(ConfigError, match="window_seconds is 20, but audiogen-tiny learned from sounds of 10 s"):
        opened(window_seconds=20.0)


def test_importing_the_back_end_loads_no_torch() -> None:
    code = "import sys, auricle.generation.audiogen.back_end; print({'torch', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
