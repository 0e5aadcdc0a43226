"""Several processes: loss, gradients and statistics are those of one process with the whole batch.

The oracle is one process that maps the whole batch, and the loss as a sum over pairs, worked out here. Everything is
computed in float64, so that a difference is a mistake and no rounding.
"""

import copy
import multiprocessing
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from auricle.encoders.masking import MaskedBatchNorm2d, synchronise_batch_norm
from auricle.errors import AuricleError, DataError
from auricle.models import AudioTowerConfig, DualEncoder, ModelsConfig, TextTowerConfig
from auricle.training.objective import Objective
from auricle.training.pairs import Batch, Part
from auricle.training.ranks import Ranks, random_state

CPU = torch.device("cpu")
SEED = 7


@pytest.fixture
def together(tmp_path: Path) -> Callable[..., list[Any]]:
    """Call a function in so many processes that are connected: ``together(3, function)`` calls ``function(ranks)``."""

    def run(size: int, function: Callable[[Ranks], Any]) -> list[Any]:
        place = tmp_path / f"met-{size}"
        forked = multiprocessing.get_context("fork")
        processes = [forked.Process(target=_call, args=(function, rank, size, place)) for rank in range(size)]
        with warnings.catch_warnings(action="ignore"):  # of later Pythons: forking beside threads
            for process in processes:
                process.start()
        for process in processes:
            process.join(60)
            process.kill()
        assert [process.exitcode for process in processes] == [0] * size
        place.unlink()
        return [torch.load(f"{place}.{rank}") for rank in range(size)]

    return run


def _call(function: Callable[[Ranks], Any], rank: int, size: int, place: Path) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{place}", rank=rank, world_size=size)
    ranks = Ranks(Part(rank, size), local_rank=rank, told=torch.distributed.new_group(backend="gloo"))
    torch.save(function(ranks), f"{place}.{rank}")


def network(tiny_bert: Path, *, frozen: bool, text_learns: bool = False, dropout: float = 0.0) -> DualEncoder:
    audio = AudioTowerConfig(
        encoder="cnn10",
        weights="random",
        fc_units=8,
        frozen=frozen,
        conv_dropout=0,
        fc_dropout=0,
        hidden=20,
        dropout=dropout,
    )
    text = TextTowerConfig(encoder=str(tiny_bert), frozen=not text_learns, dropout=dropout)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return DualEncoder(ModelsConfig(dim=6, audio=audio, text=text)).double()


def whole_batch(n_rows: int, *, log_mels: bool, sentences: bool = False) -> Batch:
    random = torch.Generator().manual_seed(n_rows)
    audio = torch.randn((n_rows, 24, 64) if log_mels else (n_rows, 8), generator=random, dtype=torch.float64)
    text: Tensor | list[str] = torch.randn((n_rows, 16), generator=random, dtype=torch.float64)
    if sentences:
        text = ["a dog barks", "the bird falls", "rain", "bell rings and stops", "far away a bell"][:n_rows]
    related = torch.eye(n_rows, dtype=torch.bool)
    if n_rows > 3:
        related[0, 3] = related[3, 0] = True  # in the parts of different processes
    n_frames = torch.tensor([24 - 3 * (row % 3) for row in range(n_rows)]) if log_mels else None
    return Batch(audio, n_frames, text, related)


def part_of(batch: Batch, part: Part) -> Batch:
    rows = part.rows(len(batch.related))
    n_frames = None if batch.n_frames is None else batch.n_frames[rows]
    longest = None if n_frames is None else int(n_frames.max())  # as padding goes with the longest of a part
    audio = batch.audio[rows] if longest is None else batch.audio[rows, :longest]
    return Batch(audio, n_frames, batch.text[rows], batch.related)


def stepped(objective: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Return loss, gradients and buffers after a step's forward and backward."""
    with random_state(SEED, CPU):
        loss = objective(batch)
    loss.backward()
    inner = objective.module if isinstance(objective, DistributedDataParallel) else objective
    gradients = {name: p.grad for name, p in inner.named_parameters() if p.grad is not None}
    return {"loss": loss.detach(), **gradients, **dict(inner.named_buffers())}


class OneByOne(Objective):
    """The whole batch in one process, and the loss pair by pair."""

    def forward(self, batch: Batch) -> Tensor:
        audio, text = self.embed_audio(batch.audio, batch.n_frames), self.embed_text(batch.text)
        total = audio.new_zeros(())
        n_rows = len(audio)
        for own in range(n_rows):
            against = [other for other in range(n_rows) if other == own or not batch.related[own, other]]
            for asking, asked in ((audio[own], text), (text[own], audio)):
                cosines = torch.stack([asking @ asked[other] for other in against]) / self.temperature
                total = total - (asking @ asked[own] / self.temperature - cosines.exp().sum().log())
        return total / (2 * n_rows)


def check_equal(
    together: Callable[..., list[Any]], towers: DualEncoder, batch: Batch, *, size: int, unused: bool = False
) -> None:
    oracle = OneByOne(copy.deepcopy(towers), temperature=0.2, learnable=True).double().train()
    expected = stepped(oracle, batch)

    def work(ranks: Ranks) -> dict[str, Tensor]:
        synchronise_batch_norm(towers)
        objective = Objective(towers, temperature=0.2, learnable=True, ranks=ranks).double().train()
        shared = DistributedDataParallel(objective, find_unused_parameters=unused)
        return stepped(shared, part_of(batch, ranks.part))

    for found in together(size, work):
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-12)
        assert found["log_temperature"].abs() > 1e-3  # there is something to be equal to


@pytest.mark.parametrize(("n_rows", "size"), [(4, 2), (7, 2), (7, 3), (2, 3)])
def test_heads_learn_what_one_process_would(
    together: Callable[..., list[Any]], tiny_bert: Path, n_rows: int, size: int
) -> None:
    check_equal(together, network(tiny_bert, frozen=True), whole_batch(n_rows, log_mels=False), size=size)


def test_dropout_of_heads_is_that_of_one_process(together: Callable[..., list[Any]], tiny_bert: Path) -> None:
    towers = network(tiny_bert, frozen=True, dropout=0.4)
    check_equal(together, towers, whole_batch(5, log_mels=False), size=2)


@pytest.mark.parametrize(("n_rows", "size"), [(4, 2), (5, 3)])
def test_a_cnn_with_synchronised_batch_norm_learns_what_one_process_would(
    together: Callable[..., list[Any]], tiny_bert: Path, n_rows: int, size: int
) -> None:
    check_equal(together, network(tiny_bert, frozen=False), whole_batch(n_rows, log_mels=True), size=size)


def test_a_sentence_encoder_that_learns_may_have_unused_parameters(
    together: Callable[..., list[Any]], tiny_bert: Path
) -> None:
    towers = network(tiny_bert, frozen=True, text_learns=True).train()
    for module in towers.text.encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # what an encoder drops is drawn per process
    check_equal(together, towers, whole_batch(5, log_mels=False, sentences=True), size=2, unused=True)


def test_torchs_own_batch_norm_is_synchronised_too(together: Callable[..., list[Any]]) -> None:
    values = torch.randn(5, 3, 4, 2, generator=torch.Generator().manual_seed(1)) * 3 + 7
    oracle = nn.Sequential(nn.BatchNorm2d(3, eps=1e-3, momentum=0.3))
    ours = copy.deepcopy(oracle)
    expected = oracle(values)

    def work(ranks: Ranks) -> tuple[Tensor, dict[str, Tensor]]:
        synchronise_batch_norm(ours)
        assert isinstance(ours[0], MaskedBatchNorm2d)
        return ours(values[ranks.part.rows(5)]).detach(), ours.state_dict()

    for rank, (found, state) in enumerate(together(2, work)):
        torch.testing.assert_close(found, expected[rank::2])
        for name, value in oracle.state_dict().items():
            torch.testing.assert_close(state[name], value)


def test_encoders_draw_for_themselves_and_heads_alike(together: Callable[..., list[Any]]) -> None:
    def work(ranks: Ranks) -> list[Tensor]:
        with random_state(SEED, CPU):
            with ranks.own_randomness(CPU):
                own = torch.rand(3)
            return [own, torch.rand(3)]

    (own, shared), (others_own, others_shared) = together(2, work)
    assert not torch.equal(own, others_own)
    assert torch.equal(shared, others_shared)
    with random_state(SEED, CPU):
        assert torch.equal(shared, torch.rand(3))


def test_what_one_process_knows_all_come_to_know(together: Callable[..., list[Any]]) -> None:
    def work(ranks: Ranks) -> list[object]:
        rank = ranks.part.rank
        known: list[object] = [ranks.any(rank == 1), ranks.any(False), ranks.tell({"from": rank})]
        try:
            with ranks.agreeing():
                if rank:
                    raise DataError(f"Process {rank} has no sounds.")
        except AuricleError as error:
            known.append(f"{type(error).__name__}: {error}")
        except SystemExit as end:
            known.append(end.code)
        return known

    told = [True, False, {"from": 0}]
    assert together(3, work) == [[*told, "DataError: Process 1 has no sounds."], [*told, 0], [*told, 0]]


def test_every_row_is_somebodys() -> None:
    for size in range(1, 6):
        for n_rows in range(size, 20):
            taken = [row for rank in range(size) for row in range(n_rows)[Part(rank, size).rows(n_rows)]]
            assert sorted(taken) == list(range(n_rows))
