"""audiocraft's tensors in transformers' MusicGen, one to one.

Every tensor of the files has one place there and every place one tensor; what is missing, left over or of another
shape is refused by the name it has in the file. audiocraft stacks queries, keys and values of an attention in one
matrix, in this order; transformers has three.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from auricle.encoders.quiet import quiet
from auricle.errors import ModelError
from auricle.generation.audiogen.checkpoint import (
    CODEC,
    LANGUAGE_MODEL,
    Codec,
    LanguageModel,
    Package,
    Place,
    configuration_of,
    locate,
    read_package,
    reason_of,
)

if TYPE_CHECKING:
    from transformers import EncodecConfig, MusicgenDecoderConfig

TEXT_ENCODER_FILES = ("*.json", "*.safetensors")

_DECODER_NAMES = (
    (r"^decoder\.lm_heads\.", "linears."),
    (r"^decoder\.model\.decoder\.embed_tokens\.", "emb."),
    (r"^decoder\.model\.decoder\.layer_norm\.", "out_norm."),
    (r"^decoder\.model\.decoder\.layers\.", "transformer.layers."),
    (r"^enc_to_dec_proj\.", "condition_provider.conditioners.description.output_proj."),
    (r"\.self_attn_layer_norm\.", ".norm1."),
    (r"\.final_layer_norm\.", ".norm2."),
    (r"\.encoder_attn_layer_norm\.", ".norm_cross."),
    (r"\.encoder_attn\.", ".cross_attention."),
    (r"\.fc([12])\.", r".linear\1."),
    (r"\.[qkv]_proj\.weight$", ".in_proj_weight"),
)
_CODEC_NAMES = (
    (r"^audio_encoder\.", ""),
    (r"^(encoder|decoder)\.layers\.", r"\1.model."),
    (r"^quantizer\.layers\.(\d+)\.codebook\.", r"quantizer.vq.layers.\1._codebook."),
    (r"\.conv\.", ".conv.conv."),
    (r"\.parametrizations\.weight\.original0$", ".weight_g"),
    (r"\.parametrizations\.weight\.original1$", ".weight_v"),
)
"""From names in transformers to names in audiocraft's files, one rule after the other."""


@dataclass(frozen=True)
class Loaded:
    """An AudioGen that is ready to compute.

    Attributes:
        network: A ``MusicgenForConditionalGeneration``; T5 and codec in float32, the decoder as it was asked for.
        tokenizer: From a caption to its tokens.
        decoder, codec: What they are.
        device: Where they compute.
        place: Where the weights of decoder and codec are from.
        text_encoder: Where those of T5 are from.
    """

    network: Any
    tokenizer: Callable[[str], Sequence[int]]
    decoder: LanguageModel
    codec: Codec
    device: torch.device
    place: Place
    text_encoder: Place


def load(model: str, *, text_encoder: str | None, device: torch.device, precision: torch.dtype) -> Loaded:
    """Load an AudioGen.

    Args:
        model: Folder of audiocraft's two files, or a name on the Hugging Face hub.
        text_encoder: Folder or name of a T5; by default the name that the checkpoint gives.
        device: Where it computes.
        precision: Of the decoder.

    Raises:
        ModelError: If a file is missing, damaged or does not fit.
    """
    place = locate(model, (LANGUAGE_MODEL, CODEC))
    written, spoken = read_package(place.folder / LANGUAGE_MODEL), read_package(place.folder / CODEC)
    decoder, codec = configuration_of(written, LanguageModel), configuration_of(spoken, Codec)
    if (decoder.codebooks, decoder.tokens) != (codec.codebooks, codec.tokens):
        raise ModelError(
            f"{LANGUAGE_MODEL} writes {decoder.codebooks} codebooks of {decoder.tokens} tokens, {CODEC} reads "
            f"{codec.codebooks} of {codec.tokens}. Take both from the same checkpoint."
        )
    t5 = locate(text_encoder or decoder.text_encoder, TEXT_ENCODER_FILES)
    with quiet():
        reader, tokenizer = _text_encoder(t5)
        try:
            network = _assemble(reader, decoder, codec)
        except (ValueError, RuntimeError, ArithmeticError) as error:
            raise ModelError(
                f"The sizes in the xp.cfg of {place.name} do not go together: {reason_of(error)}."
            ) from None
    _fill(network, written, _decoder_name, {"decoder.": precision, "enc_to_dec_proj.": torch.float32}, device)
    _fill(network, spoken, _codec_names(network), {"audio_encoder.": torch.float32}, device)
    network.decoder.to(precision)  # what is computed, not stored: the positions
    network.to(device).eval()
    return Loaded(network, tokenizer, decoder, codec, device, place, t5)


def _text_encoder(place: Place) -> tuple[Any, Callable[[str], Sequence[int]]]:
    from transformers import AutoTokenizer, T5EncoderModel

    encoder: Any = T5EncoderModel
    try:
        reader, found = encoder.from_pretrained(
            place.folder, dtype=torch.float32, use_safetensors=True, local_files_only=True, output_loading_info=True
        )
        tokenizer: Any = AutoTokenizer.from_pretrained(place.folder, local_files_only=True)
    except Exception as error:  # of many kinds
        raise ModelError(f"{place.name} cannot be loaded as a T5 ({reason_of(error)}).") from error
    if missing := sorted(found["missing_keys"]):
        raise ModelError(f"{place.name} is no T5 encoder: {missing[0]} is missing.")
    return reader, lambda caption: tokenizer(caption, verbose=False)["input_ids"]


def _assemble(reader: Any, decoder: LanguageModel, codec: Codec) -> Any:
    """Return a network whose decoder and codec hold no weights yet."""
    from transformers import MusicgenConfig, MusicgenForConditionalGeneration
    from transformers.initialization import no_init_weights

    config = MusicgenConfig(
        text_encoder=reader.config.to_dict(),
        audio_encoder=_codec_config(codec).to_dict(),
        decoder=_decoder_config(decoder).to_dict(),
    )
    with no_init_weights():
        # From one configuration: put together of parts, it forgets how attention is computed, and all masks with it.
        network = MusicgenForConditionalGeneration(config)
    network.text_encoder = reader
    return network


def _decoder_config(decoder: LanguageModel) -> "MusicgenDecoderConfig":
    from transformers import MusicgenDecoderConfig

    return MusicgenDecoderConfig(
        vocab_size=decoder.tokens,
        hidden_size=decoder.dim,
        num_hidden_layers=decoder.layers,
        num_attention_heads=decoder.heads,
        ffn_dim=decoder.dim * decoder.hidden_scale,
        num_codebooks=decoder.codebooks,
        pad_token_id=decoder.tokens,
        bos_token_id=decoder.tokens,
        dropout=0.0,
    )


def _codec_config(codec: Codec) -> "EncodecConfig":
    from transformers import EncodecConfig

    frame_rate = codec.sample_rate / codec.samples_per_frame
    bits_per_token = math.ceil(math.log2(codec.tokens))
    return EncodecConfig(
        # transformers counts the codebooks by dividing this, rounding down: half a codebook more is on the safe side
        target_bandwidths=[frame_rate * bits_per_token * (codec.codebooks + 0.5) / 1000],
        sampling_rate=codec.sample_rate,
        hidden_size=codec.dimension,
        num_filters=codec.filters,
        num_residual_layers=codec.residual_layers,
        upsampling_ratios=codec.ratios,
        norm_type="weight_norm",
        kernel_size=codec.kernel_size,
        last_kernel_size=codec.last_kernel_size,
        residual_kernel_size=codec.residual_kernel_size,
        dilation_growth_rate=codec.dilation_base,
        use_causal_conv=codec.causal,
        pad_mode=codec.pad_mode,
        compress=codec.compress,
        num_lstm_layers=codec.lstm_layers,
        trim_right_ratio=codec.trim_right_ratio,
        codebook_size=codec.tokens,
        use_conv_shortcut=not codec.plain_skip,
    )


def _decoder_name(name: str) -> str:
    return _renamed(name, _DECODER_NAMES)


def _codec_names(network: nn.Module) -> Callable[[str], str]:
    """Return how tensors of the codec are called in its file; its transposed convolutions have a name of their own."""
    transposed = tuple(f"{name}." for name, module in network.named_modules() if isinstance(module, nn.ConvTranspose1d))

    def renamed(name: str) -> str:
        there = _renamed(name, _CODEC_NAMES)
        return there.replace(".conv.conv.", ".convtr.convtr.") if name.startswith(transposed) else there

    return renamed


def _renamed(name: str, rules: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def _fill(
    network: nn.Module,
    package: Package,
    name_there: Callable[[str], str],
    parts: Mapping[str, torch.dtype],
    device: torch.device,
) -> None:
    """Put the tensors of a file into parts of a network, each in its precision; refuse what is not one to one."""
    places: dict[str, list[str]] = {}
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items() if name.startswith(tuple(parts))}
    for name in sorted(shapes, key=_stacked):
        places.setdefault(name_there(name), []).append(name)
    wanted = {there: (len(names) * shapes[names[0]][0], *shapes[names[0]][1:]) for there, names in places.items()}
    _check(package, wanted)
    network.load_state_dict(
        {
            name: tensor.to(device, next(dtype for part, dtype in parts.items() if name.startswith(part)))
            for there, names in places.items()
            for name, tensor in zip(names, package.tensors[there].chunk(len(names)), strict=True)
        },
        strict=False,
        assign=True,
    )


def _stacked(name: str) -> int:
    """Return where a matrix of an attention stands among those it is stacked with."""
    found = re.search(r"\.([qkv])_proj\.", name)
    return "qkv".index(found[1]) if found else 0


def _check(package: Package, wanted: Mapping[str, tuple[int, ...]]) -> None:
    found = {name: tuple(tensor.shape) for name, tensor in package.tensors.items()}
    faults = [f"{name} is missing" for name in wanted if name not in found]
    faults += [f"{name} has no place" for name in found if name not in wanted]
    faults += [
        f"{name} is {found[name]} where {shape} is needed"
        for name, shape in wanted.items()
        if found.get(name, shape) != shape
    ]
    if faults:
        more = f", and {len(faults) - 4} more" if len(faults) > 4 else ""
        raise ModelError(f"{package.source} does not fit its own xp.cfg: {'; '.join(faults[:4])}{more}.")
