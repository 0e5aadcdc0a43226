"""YAMNet: MobileNetV1 over patches of 0.96 s, trained to name the 521 classes of AudioSet.

Fourteen blocks: a 3x3 convolution, then thirteen pairs of a depthwise 3x3 and a pointwise convolution, each followed by
ReLU; batch norm is folded into weights and biases. A patch is 96 frames, the next one starts 48 frames later, and a
clip's embedding is the mean over its whole patches; what is left at the end is dropped.

Source: M. Plakal and D. Ellis, YAMNet, TensorFlow models, 2019; A. Howard et al., MobileNets, 2017. The weights come
from an ONNX graph with Quantize/Dequantize nodes, whose initialisers are still the float weights.
"""

import csv
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auricle.encoders.cache import locate
from auricle.encoders.contract import AudioEncoder
from auricle.errors import ModelError

PATCH_FRAMES = 96
PATCH_HOP = 48
N_CLASSES = 521
CLASS_NAMES = "classes.csv"
"""Name of the file with the class names beside the weights."""

_CHUNK_PATCHES = 32
"""Patches computed at once: some 40 MB of maps, however long the clip; more at once is not faster."""

_STEM_CHANNELS = 32
_SEPARABLE = (  # stride, channels of blocks 2 to 14
    *((1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512)),
    *((1, 512), (1, 512), (1, 512), (1, 512), (1, 512), (2, 1024), (1, 1024)),
)


class SameConv(nn.Conv2d):
    """3x3 convolution that pads as TensorFlow's SAME does for even sizes: with stride 2 only below and to the right.

    Args:
        inputs: Channels that come in.
        outputs: Channels that go out.
        stride: 1 or 2.
        groups: As many as channels for a depthwise convolution.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel_size=3, stride=stride, padding=2 - stride, groups=groups)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of 1/stride the size."""
        return super().forward(F.pad(maps, (0, 1, 0, 1)) if self.stride == (2, 2) else maps)


class YAMNet(AudioEncoder):
    """Frozen or fine-tuned description of sound; 1024-d.

    `classifier` names what is heard and takes no part in the embedding, so it is never trained.
    """

    name = "yamnet"
    front_end = "yamnet"
    n_blocks = 1 + len(_SEPARABLE)
    min_frames = PATCH_FRAMES
    weights: ClassVar[tuple[str, ...]] = ("yamnet",)
    settings: ClassVar[frozenset[str]] = frozenset()
    dim = _SEPARABLE[-1][1]

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleDict({"1": _block(conv=SameConv(1, _STEM_CHANNELS, stride=2))})
        inputs = _STEM_CHANNELS
        for number, (stride, outputs) in enumerate(_SEPARABLE, start=2):
            self.blocks[str(number)] = _block(
                depthwise=SameConv(inputs, inputs, stride=stride, groups=inputs),
                pointwise=nn.Conv2d(inputs, outputs, kernel_size=1),
            )
            inputs = outputs
        self.classifier = nn.Linear(self.dim, N_CLASSES).requires_grad_(False)

    def modules_before(self, block: int) -> list[nn.Module]:
        """Return the blocks before one, and the classifier."""
        return [self.classifier, *(self.blocks[str(number)] for number in range(1, block))]

    def forward(self, features: Tensor, n_frames: Tensor) -> Tensor:
        """Return embeddings (batch, 1024), not negative; see `AudioEncoder.forward`."""
        return torch.stack([patches.mean(dim=0) for patches in self._embed_clips(features, n_frames)])

    def embed_patches(self, patches: Tensor) -> Tensor:
        """Return one embedding (patches, 1024) per patch (patches, 96, mels)."""
        maps = patches[:, None].contiguous()
        for number in range(1, self.n_blocks + 1):
            with self.gradients_of(number):
                maps = self.blocks[str(number)](maps)
            if number == 1:
                maps = maps.contiguous(memory_format=torch.channels_last)  # the rest follows: 1.2 times faster on a CPU
        return maps.mean(dim=(2, 3))

    def logits(self, features: Tensor, n_frames: Tensor) -> Tensor:
        """Return the mean logit per class over a clip's patches, (batch, 521); `class_names` names them."""
        logits: Tensor = self.classifier(self(features, n_frames))
        return logits

    def probabilities(self, features: Tensor, n_frames: Tensor) -> Tensor:
        """Return how probable each class is in a clip, the mean over its patches, (batch, 521)."""
        clips = self._embed_clips(features, n_frames)
        return torch.stack([self.classifier(patches).sigmoid().mean(dim=0) for patches in clips])

    def _embed_clips(self, features: Tensor, n_frames: Tensor) -> tuple[Tensor, ...]:
        """Return the embeddings (patches, 1024) of each clip's whole patches."""
        counts = [1 + (length - PATCH_FRAMES) // PATCH_HOP for length in self.lengths(features, n_frames)]
        windows = features.unfold(1, PATCH_FRAMES, PATCH_HOP)  # (batch, patches, mels, frames), a view
        patches = torch.cat([clip[:count] for clip, count in zip(windows, counts, strict=True)])
        chunks = [self.embed_patches(chunk.transpose(1, 2)) for chunk in torch.split(patches, _CHUNK_PATCHES)]
        return torch.split(torch.cat(chunks), counts)


def class_names() -> list[str]:
    """Return the names of YAMNet's 521 classes in the order of its logits.

    Raises:
        ModelError: If yamnet has not been fetched, or its folder is damaged.
    """
    path = locate("yamnet") / CLASS_NAMES
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            names = [row["display_name"] for row in csv.DictReader(opened)]
    except (OSError, KeyError, UnicodeDecodeError):
        names = []
    if len(names) != N_CLASSES:
        raise ModelError(f"{path} is damaged. Remove the folder and fetch yamnet again.")
    return names


def weights_from_onnx(path: Path) -> dict[str, Tensor]:
    """Return the weights of a YAMNet that is stored as a quantised ONNX graph, under the names of `YAMNet`.

    Args:
        path: The graph; its external data lies beside it.

    Raises:
        ModelError: If the file cannot be read or the graph is not YAMNet's.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        graph = onnx.load(path).graph
    except (DecodeError, ValueError, OSError) as error:
        raise ModelError(f"{path.name} is damaged: {error}. Fetch yamnet again.") from None
    behind = {
        node.output[0]: node.input[0] for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")
    }
    stored = {tensor.name: tensor for tensor in graph.initializer}

    def read(name: str) -> Tensor:
        while name in behind:
            name = behind[name]
        return torch.tensor(onnx.numpy_helper.to_array(stored[name]))

    layers = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    names = [name.removesuffix(".weight") for name in YAMNet().state_dict() if name.endswith(".weight")]
    if len(layers) != len(names):
        raise ModelError(f"{path.name} is not YAMNet: it has {len(layers)} layers with weights, not {len(names)}.")
    return {
        f"{name}.{part}": read(layer.input[position])
        for name, layer in zip(names, layers, strict=True)
        for position, part in ((1, "weight"), (2, "bias"))
    }


def _block(**convolutions: nn.Module) -> nn.Sequential:
    """Return named convolutions, each followed by ReLU."""
    block = nn.Sequential()
    for name, convolution in convolutions.items():
        block.add_module(name, convolution)
        block.add_module(f"{name}_relu", nn.ReLU(inplace=True))
    return block
