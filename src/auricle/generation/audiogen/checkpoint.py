"""audiocraft's checkpoint: where it is, opened without running code, and what its configuration says.

It is two pickles, ``state_dict.bin`` of the language model and ``compression_state_dict.bin`` of the codec, each with
tensors by name (``best_state``) and the configuration they were trained with (``xp.cfg``): YAML, or an object of
omegaconf. Such an object is read through an inert stand-in, so omegaconf is not needed and nothing of it is run.
"""

import math
import pickle
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import torch
import yaml
from pydantic import AliasPath, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from torch import Tensor

from auricle.errors import ModelError
from auricle.storage import digest_file, fingerprint

LANGUAGE_MODEL = "state_dict.bin"
CODEC = "compression_state_dict.bin"


@dataclass(frozen=True)
class Place:
    """Where files are, and what to call them.

    Attributes:
        folder: Their folder.
        name: On the Hugging Face hub, or of the folder.
        revision: The hub's commit; of a folder a digest of the files.
    """

    folder: Path
    name: str
    revision: str


def locate(name: str, files: tuple[str, ...]) -> Place:
    """Return where the files of a model are; what is on the hub and not in its cache is fetched.

    Args:
        name: A folder, or a name on the Hugging Face hub.
        files: The files that are needed, as patterns.

    Raises:
        ModelError: If it is neither, or the files are not there.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _from_hub(name, files)
        return Place(folder, name, revision=folder.name)
    if absent := [pattern for pattern in files if not any(folder.glob(pattern))]:
        raise ModelError(f"{folder} holds no {' and no '.join(absent)}. Name the folder that does.")
    found = sorted(path for pattern in files for path in folder.glob(pattern))
    return Place(folder, folder.resolve().name, fingerprint({path.name: digest_file(path) for path in found}))


def _from_hub(name: str, files: tuple[str, ...]) -> Path:
    """Return the folder of a model in the hub's cache, whose name is the commit; it is filled if need be."""
    from huggingface_hub import HfApi, snapshot_download

    try:
        folder = Path(snapshot_download(name, allow_patterns=list(files), local_files_only=True))
        if all(any(folder.glob(pattern)) for pattern in files):
            return folder
    except Exception:  # of many kinds: it is not in the cache
        pass
    try:
        HfApi().model_info(name, timeout=30)  # fails at once where fetching would try for minutes
        return Path(snapshot_download(name, allow_patterns=list(files)))
    except Exception as error:
        raise ModelError(
            f"{name!r} is neither a folder nor in the cache of the Hugging Face hub, and could not be had from there "
            f"({reason_of(error)}). Check the name and the network, or give the folder of {' and '.join(files)}."
        ) from error


def reason_of(error: Exception) -> str:
    """Return the first line of what another library says went wrong."""
    return next(iter(str(error).splitlines()), type(error).__name__)


@dataclass(frozen=True)
class Package:
    """What one file of a checkpoint holds.

    Attributes:
        source: The file's name, for messages.
        tensors: By audiocraft's names.
        configuration: What they were trained with, plain values with all references followed.
    """

    source: str
    tensors: Mapping[str, Tensor]
    configuration: dict[str, Any]


class _Node:
    """Stands in for whatever omegaconf's configuration consists of; it holds what was pickled and does nothing."""


_ALLOWED: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (_Node, "omegaconf.dictconfig.DictConfig"),
    (_Node, "omegaconf.listconfig.ListConfig"),
    (_Node, "omegaconf.nodes.AnyNode"),
    (_Node, "omegaconf.base.ContainerMetadata"),
    (_Node, "omegaconf.base.Metadata"),
    (_Node, "typing.Any"),
    defaultdict,
    dict,
    list,
    int,
]
"""What a pickle may build beyond tensors and containers; the last ones are how omegaconf notes types."""

_REFUSED = re.compile(r"Unsupported global: GLOBAL (\S+)|unsupported GLOBAL (\S+)|Can only|unrecognized function")
_REFERENCE = re.compile(r"\$\{([\w.]+)\}")


def read_package(path: Path) -> Package:
    """Read one file of a checkpoint.

    Raises:
        ModelError: If it is missing, damaged, wants to run code, or is not what audiocraft exports.
    """
    if not path.is_file():
        raise ModelError(f"There is no weight file {path}.")
    content = _open(path)
    if not isinstance(content, Mapping) or not {"best_state", "xp.cfg"} <= content.keys():
        raise ModelError(f"{path.name} holds no best_state with its xp.cfg, as audiocraft exports them.")
    tensors = content["best_state"]
    if not isinstance(tensors, Mapping) or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise ModelError(f"The best_state of {path.name} holds more than named tensors.")
    try:
        stored = content["xp.cfg"]
        plain = yaml.safe_load(stored) if isinstance(stored, str) else _plain(stored)
        configuration = _follow(plain, plain)
    except (yaml.YAMLError, RecursionError):
        configuration = None
    if not isinstance(configuration, dict):
        raise ModelError(f"The xp.cfg of {path.name} cannot be read as a configuration; the file is damaged.")
    return Package(path.name, tensors, configuration)


def _open(path: Path) -> object:
    try:
        with torch.serialization.safe_globals(_ALLOWED):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if refused := _REFUSED.search(str(error)):
            what = refused[1] or refused[2] or "more than tensors"
            raise ModelError(
                f"{path.name} wants to build {what} while it is read, which could run code, and is refused. "
                "Fetch it again from where AudioGen is published."
            ) from None
    except (RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError):
        pass
    raise ModelError(f"{path.name} is damaged or not a checkpoint. Fetch it again.") from None


def _plain(node: object) -> object:
    """Return what omegaconf's nodes hold."""
    if isinstance(node, _Node):
        held = vars(node)
        return _plain(held.get("_content", held.get("_val")))
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node


def _follow(value: Any, root: Any) -> Any:
    """Replace references such as ``${sample_rate}`` by what they refer to, as far as it is there."""
    if isinstance(value, dict):
        return {key: _follow(inner, root) for key, inner in value.items()}
    if isinstance(value, list):
        return [_follow(inner, root) for inner in value]
    if isinstance(value, str) and (reference := _REFERENCE.fullmatch(value)):
        target = root
        for key in reference[1].split("."):
            if not isinstance(target, dict) or key not in target:
                return value
            target = target[key]
        return _follow(target, root)
    return value


def _at(path: str, default: Any = ...) -> Any:
    """Declare what stands at a dotted path of the configuration."""
    return Field(default, validation_alias=AliasPath(*path.split(".")))


class _Configuration(BaseModel):
    """What a sound depends on; the rest, such as the optimiser, is not read. What is `Literal` cannot be otherwise."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_default=True)


class LanguageModel(_Configuration):
    """What the configuration of ``state_dict.bin`` says of the decoder.

    Attributes:
        dim, heads, layers, hidden_scale: Sizes of the transformer.
        codebooks: Tokens per frame. tokens: Of each codebook. segment_s: Length of the sounds it learned from.
        text_encoder: Name of the T5 that reads captions. conditioners: What leads the decoder, by name.
        delays: How many steps each codebook is behind.
    """

    dim: int = _at("transformer_lm.dim")
    heads: int = _at("transformer_lm.num_heads")
    layers: int = _at("transformer_lm.num_layers")
    hidden_scale: int = _at("transformer_lm.hidden_scale")
    codebooks: int = _at("transformer_lm.n_q")
    tokens: int = _at("transformer_lm.card")
    segment_s: float = _at("dataset.segment_duration")
    text_encoder: str = _at("conditioners.description.t5.name")
    conditioners: dict[str, Any] = _at("conditioners")
    delays: tuple[int, ...] = _at("codebooks_pattern.delay.delays")

    activation: Literal["gelu"] = _at("transformer_lm.activation")
    norm: Literal["layer_norm"] = _at("transformer_lm.norm", "layer_norm")
    norm_first: Literal[True] = _at("transformer_lm.norm_first")
    causal: Literal[True] = _at("transformer_lm.causal")
    positions: Literal["sin"] = _at("transformer_lm.positional_embedding")
    past_context: None = _at("transformer_lm.past_context", None)
    layer_scale: None = _at("transformer_lm.layer_scale", None)
    query_norm: Literal[False] = _at("transformer_lm.qk_layer_norm", False)
    cross_query_norm: Literal[False] = _at("transformer_lm.qk_layer_norm_cross", False)
    shared_keys: Literal[1] = _at("transformer_lm.kv_repeat", 1)
    conditioner: Literal["t5"] = _at("conditioners.description.model")
    normalized_text: Literal[False] = _at("conditioners.description.t5.normalize_text", False)
    attended: tuple[Literal["description"]] = _at("fuser.cross")
    added: tuple[()] = _at("fuser.sum", ())
    prepended: tuple[()] = _at("fuser.prepend", ())
    interpolated: tuple[()] = _at("fuser.input_interpolate", ())
    attended_positions: Literal[False] = _at("fuser.cross_attention_pos_emb", False)
    pattern: Literal["delay"] = _at("codebooks_pattern.modeling")
    flatten_first: Literal[0] = _at("codebooks_pattern.delay.flatten_first", 0)
    empty_initial: Literal[0] = _at("codebooks_pattern.delay.empty_initial", 0)

    @model_validator(mode="after")
    def _led_by_a_caption_alone(self) -> Self:
        if others := self.conditioners.keys() - {"description", "args"}:
            raise ValueError(f"conditioners has {', '.join(sorted(others))} besides a description")
        return self

    @model_validator(mode="after")
    def _each_codebook_a_step_behind(self) -> Self:
        if self.delays != tuple(range(self.codebooks)):
            raise ValueError(f"codebooks_pattern.delay.delays is {self.delays} for {self.codebooks} codebooks")
        return self


class Codec(_Configuration):
    """What the configuration of ``compression_state_dict.bin`` says.

    Attributes:
        sample_rate: In Hz. codebooks: Tokens per frame. tokens: Of each codebook. ratios: By which each layer of the
            decoder lengthens; their product is the number of samples per frame.
    """

    sample_rate: int = _at("encodec.sample_rate")
    codebooks: int = _at("rvq.n_q")
    tokens: int = _at("rvq.bins")
    ratios: tuple[int, ...] = _at("seanet.ratios")
    dimension: int = _at("seanet.dimension")
    filters: int = _at("seanet.n_filters")
    residual_layers: int = _at("seanet.n_residual_layers")
    kernel_size: int = _at("seanet.kernel_size")
    last_kernel_size: int = _at("seanet.last_kernel_size")
    residual_kernel_size: int = _at("seanet.residual_kernel_size")
    dilation_base: int = _at("seanet.dilation_base")
    compress: int = _at("seanet.compress")
    lstm_layers: int = _at("seanet.lstm")
    pad_mode: Literal["constant", "reflect", "replicate"] = _at("seanet.pad_mode")
    plain_skip: bool = _at("seanet.true_skip")
    causal: bool = _at("seanet.causal")
    trim_right_ratio: float = _at("seanet.decoder.trim_right_ratio", 1.0)

    kind: Literal["encodec"] = _at("compression_model")
    autoencoder: Literal["seanet"] = _at("encodec.autoencoder")
    quantizer: Literal["rvq"] = _at("encodec.quantizer")
    channels: Literal[1] = _at("encodec.channels")
    renormalized: Literal[False] = _at("encodec.renormalize", False)
    activation: Literal["ELU"] = _at("seanet.activation")
    norm: Literal["weight_norm"] = _at("seanet.norm")
    outer_blocks_without_norm: Literal[0] = _at("seanet.disable_norm_outer_blocks", 0)
    final_activation: None = _at("seanet.decoder.final_activation", None)

    @property
    def samples_per_frame(self) -> int:
        """How many samples a frame of tokens stands for."""
        return math.prod(self.ratios)


C = TypeVar("C", LanguageModel, Codec)


def configuration_of(package: Package, schema: type[C]) -> C:
    """Return what the configuration of a file says.

    Raises:
        ModelError: If it describes something else than AudioGen; the message names what.
    """
    try:
        return schema.model_validate(package.configuration)
    except ValidationError as error:
        faults = "; ".join(_fault(detail) for detail in error.errors()[:4])
        raise ModelError(f"{package.source} is not of an AudioGen: in its xp.cfg {faults}.") from None


def _fault(detail: ErrorDetails) -> str:
    where, message = ".".join(map(str, detail["loc"])), detail["msg"].removeprefix("Value error, ")
    if not where:
        return message
    if detail["type"] == "missing":
        return f"{where} is missing"
    return f"{where} is {detail['input']!r} ({message[0].lower()}{message[1:]})"
