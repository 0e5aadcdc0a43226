"""The back end `diffusers:NAME_OR_PATH`: loads a pipeline, and makes clips with it."""

import gc
import hashlib
import json
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import yaml
from pydantic import Field

from auricle.audio import Samples
from auricle.config import Section
from auricle.encoders.quiet import quiet
from auricle.errors import BackEndError, ConfigError, ModelError
from auricle.generation.contract import About, BackEnd, check_request
from auricle.generation.diffusers_pipelines.families import FAMILIES, Family
from auricle.progress import say

if TYPE_CHECKING:
    import torch

INDEX = "model_index.json"


class DiffusersOptions(Section):
    """How a pipeline is loaded and asked.

    Attributes:
        steps: Of denoising; by default as many as the pipeline takes if nothing is said, from 8 to 200.
        guidance: How far the caption pulls, 1 is not at all; by default what the pipeline takes.
        negative_prompt: What the clips shall not sound like; needs guidance above 1.
        device: Of torch, as in ``cuda:1``; ``auto`` takes cuda, else mps, else cpu.
        precision: Of all networks; ``auto`` is float16 on cuda, else float32.
        revision: Branch, tag or commit of a name on the hub; its main branch by default.
        max_seconds: The longest clip, instead of what the pipeline's configuration says; only AudioLDM2 can exceed
            that.
    """

    steps: int | None = Field(None, ge=1)
    guidance: float | None = Field(None, ge=0)
    negative_prompt: str = ""
    device: str = "auto"
    precision: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    revision: str | None = None
    max_seconds: float | None = Field(None, gt=0)


class DiffusersTextToAudio:
    """A pipeline of diffusers; see `auricle.generation.contract.TextToAudio`.

    Args:
        family: The pipeline, on its device.
        about: What its clips are made with; `steps`, `guidance` and `negative_prompt` are taken from its parameters.
        max_seconds: The longest clip it makes.
    """

    def __init__(self, family: Family, about: About, *, max_seconds: float) -> None:
        self._family: Family | None = family
        self.sample_rate = family.sample_rate
        self.max_seconds = max_seconds
        self.about = about

    def generate(self, captions: Sequence[str], *, seconds: Sequence[float], seeds: Sequence[int]) -> list[Samples]:
        """Make one clip per caption; see `auricle.generation.contract.TextToAudio`."""
        check_request(captions, seconds, seeds, longest=self.max_seconds)
        if self._family is None:
            raise ValueError("the pipeline is closed")
        family = self._family
        samples = [max(1, round(length * self.sample_rate)) for length in seconds]
        calls: dict[tuple[float, int], list[int]] = defaultdict(list)
        for place, caption in enumerate(captions):
            tokens = family.tokens(caption)
            calls[family.seconds(samples[place]), tokens if family.alike else 0].append(place)
        clips: dict[int, Samples] = {}
        for (length_s, _), places in calls.items():
            made = self._call(family, [captions[i] for i in places], length_s, [seeds[i] for i in places])
            clips |= {i: _mono(clip)[: samples[i]].copy() for i, clip in zip(places, made, strict=True)}
        return [clips[i] for i in range(len(captions))]

    def close(self) -> None:
        """Let go of the pipeline and of the memory of its device."""
        import torch

        self._family = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _call(self, family: Family, captions: list[str], length_s: float, seeds: list[int]) -> Any:
        """Return what one call of the pipeline makes: float32 (clips, samples) or (clips, channels, samples)."""
        import torch

        asked = self.about.parameters
        try:
            with torch.no_grad(), _known_warnings_ignored():
                return family.pipeline(
                    **family.words(captions, negative=asked["negative_prompt"]),
                    **{family.length: length_s},
                    num_inference_steps=asked["steps"],
                    guidance_scale=asked["guidance"],
                    generator=[torch.Generator().manual_seed(seed) for seed in seeds],
                    output_type="np",
                ).audios
        except RuntimeError as error:
            if not _out_of_memory(error):
                raise
            said = str(error)
        # Here and not above, where the tensors of the batch hang on to the error.
        raise MemoryError(said)


def open_diffusers(name: str, options: DiffusersOptions) -> DiffusersTextToAudio:
    """Load a pipeline.

    Args:
        name: A folder, or a name on the Hugging Face hub.
        options: How it is loaded and asked.

    Raises:
        ConfigError: If an option does not fit the pipeline, or there is no such device.
        BackEndError: If a package is missing, or the pipeline is too large for the device.
        ModelError: If there is no such pipeline, it is damaged, or makes no sounds from captions.
    """
    with _needed_packages(), quiet("diffusers"):
        from auricle.models.retrieval import pick_device

        device = pick_device(options.device)
        precision = options.precision
        if precision == "auto":
            precision = "float16" if device.type == "cuda" else "float32"
        pipeline, folder, revision = _find(name, options.revision, precision=precision, device=device)
    family = FAMILIES.get(type(pipeline).__name__)(pipeline)
    family.tokens(options.negative_prompt)
    about = About(
        model=name,
        revision=revision,
        licence=_licence(folder / "README.md"),
        parameters={
            "steps": family.steps if options.steps is None else options.steps,
            "guidance": family.guidance if options.guidance is None else options.guidance,
            "negative_prompt": options.negative_prompt,
            "precision": precision,
            "pipeline": type(pipeline).__name__,
            "scheduler": type(pipeline.scheduler).__name__,
        },
    )
    if options.negative_prompt and about.parameters["guidance"] <= 1:
        raise ConfigError(
            f"A negative_prompt needs guidance above 1; it is {about.parameters['guidance']}. Set guidance as well."
        )
    return DiffusersTextToAudio(family, about, max_seconds=_longest(family, options.max_seconds))


DIFFUSERS = BackEnd(
    name="diffusers",
    summary="any text-to-audio pipeline of diffusers: AudioLDM 2, Stable Audio Open, Stable Audio 3, LongCat-AudioDiT",
    options=DiffusersOptions,
    open=open_diffusers,
    argument="NAME_OR_PATH",
)


def _longest(family: Family, wanted: float | None) -> float:
    configured = family.longest
    if wanted is None and configured is None:
        raise ConfigError("The pipeline does not say how long its clips may be. Set max_seconds.")
    if wanted and configured and wanted > configured and not family.extensible:
        raise ConfigError(f"max_seconds is {wanted:g}; the longest clip of the pipeline is {configured:g} s.")
    return float(wanted or configured or 0)


def _find(name: str, revision: str | None, *, precision: str, device: "torch.device") -> tuple[Any, Path, str]:
    """Return a pipeline, the folder it was loaded from, and its revision.

    Only what is not complete in the hub's cache touches the network.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if revision is not None:
            raise ConfigError(f"{name} is a folder; only a name on the hub has revisions. Leave revision out.")
        return _load(folder, name, precision=precision, device=device), folder, _digest(folder)
    if cached := _cached(name, revision):
        with suppress(ModelError):  # as after a download that was interrupted
            return _load(cached, name, precision=precision, device=device), cached, cached.name
    fetched = _fetch(name, revision)
    return _load(fetched, name, precision=precision, device=device), fetched, fetched.name


def _cached(name: str, revision: str | None) -> Path | None:
    """Return the folder of a name in the hub's cache, if there is any."""
    with suppress(Exception):  # of many kinds, all of which mean that there is none
        return _download(name, revision, offline=True)
    return None


def _fetch(name: str, revision: str | None) -> Path:
    """Return the folder of a name on the hub, with its model card."""
    from huggingface_hub import HfApi, hf_hub_download

    try:
        HfApi().model_info(name, revision=revision, timeout=30)  # fails at once where loading would try for minutes
        say(f"Fetching {name} from the Hugging Face hub.")
        fetched = _download(name, revision, offline=False)
        with suppress(Exception):  # not every repository has one
            hf_hub_download(name, "README.md", revision=fetched.name)
    except Exception as error:
        raise ModelError(
            f"The pipeline {name!r} is neither a folder nor complete in the cache, and could not be had from the "
            "Hugging Face hub. Check the name and the network, and whether its licence has to be accepted there first."
        ) from error
    return fetched


def _download(name: str, revision: str | None, *, offline: bool) -> Path:
    from diffusers import DiffusionPipeline

    return Path(DiffusionPipeline.download(name, revision=revision, use_safetensors=True, local_files_only=offline))


def _load(folder: Path, name: str, *, precision: str, device: "torch.device") -> Any:
    """Load a pipeline from safetensors alone, trusting no code that comes with it."""
    kind = _kind(folder, name)
    if kind not in FAMILIES:
        raise ModelError(
            f"{name} is {kind or 'nothing of diffusers'}; a pipeline from text to audio is needed: "
            f"{', '.join(FAMILIES)}."
        )
    import torch
    from diffusers import AutoPipelineForText2Audio

    auto: Any = AutoPipelineForText2Audio
    try:
        pipeline = auto.from_pretrained(folder, dtype=getattr(torch, precision), use_safetensors=True).to(device)
    except ImportError:
        raise
    except Exception as error:
        if _out_of_memory(error):
            raise BackEndError(f"{name} is too large for the memory of {device}.") from None
        raise ModelError(
            f"{name} cannot be loaded ({' '.join(str(error).split())[:200]}). It is damaged, or its weights are "
            "not in safetensors."
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _kind(folder: Path, name: str) -> str:
    """Return the class that a folder says its pipeline is of; empty if it says none."""
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError):
        raise ModelError(f"{INDEX} of {name} cannot be read. Copy or fetch the folder again.") from None
    kind = index.get("_class_name") if isinstance(index, dict) else None
    return kind if isinstance(kind, str) else ""


def _licence(card: Path) -> str:
    """Return the licence that the front matter of a model card names; empty if there is none."""
    try:
        _, front, _ = card.read_text(encoding="utf-8").split("---\n", 2)
        said = yaml.safe_load(front)
    except (OSError, ValueError, yaml.YAMLError):
        return ""
    if not isinstance(said, dict):
        return ""
    licence = said.get("license", "")
    return str(said.get("license_name", licence) if licence == "other" else licence)


def _digest(folder: Path) -> str:
    """Return a digest over the names and sizes of all files of a folder but hidden ones."""
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    lines = [f"{name} {path.stat().st_size}\n" for name, path in files if "/." not in f"/{name}"]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _mono(clip: Any) -> Samples:
    """Return a clip (samples,) or (channels, samples) as (samples,)."""
    return np.asarray(clip if clip.ndim == 1 else clip.mean(axis=0), dtype=np.float32)


def _out_of_memory(error: Exception) -> bool:
    """Return whether memory was too little, for which torch has an error of its own only on some devices."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or any(
        words in said for words in ("out of memory", "can't allocate memory", "alloc_failed")
    )


@contextmanager
def _needed_packages() -> Iterator[None]:
    """Say how packages are installed that are not there; torchsde is one that some schedulers need."""
    try:
        yield
    except ImportError as error:
        raise BackEndError(
            f"The back end diffusers needs a package that is not installed ({str(error).split('.')[0].strip()}). Run: "
            "pip install 'auricle[generate]'"
        ) from error


@contextmanager
def _known_warnings_ignored() -> Iterator[None]:
    """Ignore warnings about how diffusers is written, about which whoever uses a pipeline can do nothing."""
    with warnings.catch_warnings():
        # Autoencoders are built with what torch has a successor of.
        warnings.filterwarnings("ignore", r".*torch\.nn\.utils\.weight_norm", FutureWarning)
        # Some schedulers turn tensors into arrays in a way that NumPy 2 wants to be done otherwise.
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning)
        # The scheduler of Stable Audio Open asks torchsde for float32 next to the float64 ends of its interval.
        warnings.filterwarnings("ignore", "Should have t[ab]", UserWarning)
        yield
