"""Weight files are read without running code, and loaded whole or refused by name."""

import collections
import os
import pickle
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from auricle.encoders.checkpoints import digest_weights, load_strictly, read_weights
from auricle.errors import ModelError

TENSORS = {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}


def same(found: dict[str, Tensor]) -> bool:
    return found.keys() == TENSORS.keys() and all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)


@pytest.mark.parametrize(
    "content",
    [
        TENSORS,
        collections.OrderedDict(TENSORS),
        {"model": TENSORS, "iteration": 600_000},
        {"state_dict": TENSORS},
        (TENSORS, {"a data set": (np.int64(0), 78)}),
    ],
    ids=["plain", "ordered", "panns", "lightning", "aisfx"],
)
def test_pickles_of_tensors_are_read(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "weights.pth")
    assert same(read_weights(tmp_path / "weights.pth"))


def test_safetensors_are_read(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "weights.safetensors")
    assert same(read_weights(tmp_path / "weights.safetensors"))


class Evil:
    """Creates a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("content", [PurePosixPath("x"), np.zeros(2), np.float64(1.5)])
def test_a_pickle_of_anything_else_is_refused(tmp_path: Path, content: object) -> None:
    torch.save({"model": TENSORS, "more": content}, tmp_path / "weights.pth")
    with pytest.raises(ModelError, match=r"weights.pth wants to build more than tensors .* and is refused"):
        read_weights(tmp_path / "weights.pth")


def test_a_pickle_cannot_run_code(tmp_path: Path) -> None:
    torch.save({"model": TENSORS, "more": Evil(tmp_path / "owned")}, tmp_path / "new.pth")
    (tmp_path / "old.pth").write_bytes(pickle.dumps(Evil(tmp_path / "owned")))
    for name in ("new.pth", "old.pth"):
        with pytest.raises(ModelError, match=name):
            read_weights(tmp_path / name)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize("damage", ["empty", "text", "cut"])
def test_a_damaged_file_is_said_as_such(tmp_path: Path, suffix: str, damage: str) -> None:
    path = tmp_path / f"weights.{suffix}"
    if suffix == "pth":
        torch.save(TENSORS, path)
    else:
        save_file(TENSORS, path)
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "text": b"<html>not found</html>", "cut": whole[: len(whole) // 2]}[damage])
    with pytest.raises(ModelError, match=rf"weights.{suffix} is damaged or not a checkpoint"):
        read_weights(path)


@pytest.mark.parametrize("content", [{}, [1, 2], {"epoch": 3}, {"model": {"a": 1}}])
def test_a_file_without_tensors_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(ModelError, match=r"weights.pth holds no named tensors"):
        read_weights(tmp_path / "weights.pth")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no weight file .*nowhere.pth"):
        read_weights(tmp_path / "nowhere.pth")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bias": None}, "mine does not fit Linear: bias is missing."),
        ({"extra": torch.zeros(1)}, "mine does not fit Linear: extra has no place."),
        ({"weight": torch.zeros(1, 3)}, r"weight is \(1, 3\) where \(1, 2\) is needed."),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_changed(change: dict[str, Tensor | None], message: str) -> None:
    module = nn.Linear(2, 1)
    before = digest_weights(module)
    tensors = {name: tensor for name, tensor in {**TENSORS, **change}.items() if tensor is not None}
    with pytest.raises(ModelError, match=message):
        load_strictly(module, tensors, source="mine")
    assert digest_weights(module) == before


def test_chosen_parts_are_filled_and_others_are_not() -> None:
    module = nn.Sequential(collections.OrderedDict[str, nn.Module](first=nn.Linear(2, 1), second=nn.Linear(1, 1)))
    second = module.get_parameter("second.weight").clone()
    load_strictly(module, {f"first.{name}": tensor for name, tensor in TENSORS.items()}, source="mine", only=("first",))
    assert same(module.get_submodule("first").state_dict())
    assert torch.equal(module.get_parameter("second.weight"), second)
    with pytest.raises(ModelError, match=r"first.bias is missing"):
        load_strictly(module, {"first.weight": TENSORS["weight"]}, source="mine", only=("first",))


def test_the_digest_sees_values_names_and_shapes() -> None:
    one = nn.Linear(2, 2)
    digests = {digest_weights(one)}
    with torch.no_grad():
        one.bias[0] += 1e-6
    digests |= {
        digest_weights(one),
        digest_weights(nn.ModuleDict({"a": one})),
        digest_weights(nn.ModuleDict({"b": one})),
    }
    assert len(digests) == 4
