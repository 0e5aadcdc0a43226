"""InfoNCE against the double loop, the prior system's stored numbers, and its invariances."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from auricle.training import info_nce

GOLDEN = Path(__file__).parents[3] / "shared" / "data" / "golden" / "prior_system.json"


def batch(n: int, dim: int) -> tuple[Tensor, Tensor]:
    audio, text = (np.random.default_rng(seed).standard_normal((n, dim)) for seed in (0, 1))
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (audio, text)]
    return torch.from_numpy(unit[0]), torch.from_numpy(unit[1])


def same(groups: list[int]) -> Tensor:
    numbers = torch.tensor(groups)
    return numbers[:, None] == numbers[None, :]


def double_loop(audio: Tensor, text: Tensor, temperature: float, groups: list[int]) -> float:
    """The definition, pair by pair."""
    total = 0.0
    for i in range(len(audio)):
        for queries, items in ((audio, text), (text, audio)):
            own = math.exp(float(queries[i] @ items[i]) / temperature)
            others = [
                math.exp(float(queries[i] @ items[j]) / temperature)
                for j in range(len(audio))
                if groups[j] != groups[i]
            ]
            total -= math.log(own / (own + sum(others)))
    return total / (2 * len(audio))


@pytest.mark.parametrize("groups", [[0, 1, 2, 3, 4, 5], [0, 0, 1, 2, 2, 2], [0, 0, 0, 0, 0, 0]])
@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_the_double_loop(groups: list[int], temperature: float) -> None:
    audio, text = batch(6, 8)
    found = info_nce(audio, text, temperature=temperature, related=same(groups))
    assert found.item() == pytest.approx(double_loop(audio, text, temperature, groups), abs=1e-12)


@pytest.mark.skipif(not GOLDEN.exists(), reason="needs ../shared/data/golden, which is not part of the repository")
@pytest.mark.parametrize("name", ["groups", "all_same_fid", "best_temperature"])
def test_the_prior_systems_loss_is_twice_this_one_with_its_gradients(name: str) -> None:
    case = json.loads(GOLDEN.read_text())["loss"]["cases"][name]
    golden = case["dot_product"]
    audio, text = (rows.requires_grad_() for rows in batch(case["N"], case["E"]))
    loss = 2 * info_nce(audio, text, temperature=case["temperature"], related=same(case["fid"]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert audio.grad is not None
    assert text.grad is not None
    assert loss.item() == pytest.approx(golden["loss_float64"], abs=1e-9)
    assert audio.grad.norm().item() == pytest.approx(golden["grad_audio_norm"], abs=1e-9)
    assert text.grad.norm().item() == pytest.approx(golden["grad_text_norm"], abs=1e-9)
    assert audio.grad[0, :4].tolist() == pytest.approx(golden["grad_audio_0_first4"], abs=1e-9)
    low = 2 * info_nce(audio.float(), text.float(), temperature=case["temperature"], related=same(case["fid"]))
    assert low.item() == pytest.approx(golden["loss_float32"], abs=1e-5)


def test_the_order_of_a_batch_does_not_matter() -> None:
    audio, text = batch(6, 8)
    groups = [0, 0, 1, 2, 3, 3]
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    one = info_nce(audio, text, temperature=0.1, related=same(groups))
    other = info_nce(audio[order], text[order], temperature=0.1, related=same(groups)[order][:, order])
    assert one.item() == pytest.approx(other.item(), abs=1e-12)


def test_a_perfect_batch_without_negatives_costs_nothing() -> None:
    audio, text = batch(3, 8)
    assert info_nce(audio, text, temperature=0.1, related=torch.ones(3, 3, dtype=torch.bool)).item() == 0
