"""The loop without a model: columns worked by hand, drawing against brute force, windows against a naive loop."""

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from auricle.errors import GenerationError
from auricle.generation.audiogen.sampling import Windows, delay, draw, fill, undelay, write

BLANK = 9
CODEBOOKS = 4


def test_columns_of_four_codebooks_by_hand() -> None:
    frames = torch.tensor([[[10, 11, 12], [20, 21, 22], [30, 31, 32], [40, 41, 42]]])
    b = BLANK
    columns = [
        [b, 10, 11, 12, b, b, b],
        [b, b, 20, 21, 22, b, b],
        [b, b, b, 30, 31, 32, b],
        [b, b, b, b, 40, 41, 42],
    ]
    assert delay(frames, blank=BLANK).tolist() == [columns]
    assert torch.equal(undelay(torch.tensor([columns])), frames)


@pytest.mark.parametrize("top_k", [1, 3, 40, 64, 1000])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
def test_drawing_is_the_largest_noisy_logit_among_the_best(top_k: int, temperature: float) -> None:
    randomness = torch.Generator().manual_seed(top_k)
    logits = torch.randn(50, CODEBOOKS, 64, generator=randomness)
    uniform = torch.rand(50, CODEBOOKS, 64, generator=randomness)
    drawn = draw(logits, uniform, top_k=top_k, temperature=temperature)
    for clip in range(50):
        for codebook in range(CODEBOOKS):
            row, noise = logits[clip, codebook].tolist(), uniform[clip, codebook].tolist()
            best = sorted(range(64), key=lambda token, row=row: -row[token])[:top_k]  # type: ignore[misc]
            noisy = {token: row[token] / temperature - math.log(-math.log(noise[token])) for token in best}
            assert drawn[clip, codebook] == max(noisy, key=lambda token, noisy=noisy: noisy[token])  # type: ignore[misc]


def test_tokens_are_drawn_as_often_as_softmax_says() -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, -0.5, 1.5])
    uniform = torch.rand(40_000, 5, generator=torch.Generator().manual_seed(0))
    drawn = draw(logits.expand(40_000, 5), uniform, top_k=3, temperature=0.8)
    shares = torch.bincount(drawn, minlength=5) / 40_000
    expected = torch.zeros(5)
    expected[[0, 4, 1]] = (logits[[0, 4, 1]] / 0.8).softmax(0)
    torch.testing.assert_close(shares, expected, atol=0.01, rtol=0)


def test_candidates_that_change_places_by_rounding_keep_their_randomness() -> None:
    uniform = torch.rand(500, 64, generator=torch.Generator().manual_seed(1))
    logits = torch.zeros(500, 64)
    nudged = logits + 1e-6 * torch.rand(500, 64, generator=torch.Generator().manual_seed(2))
    assert torch.equal(
        draw(logits, uniform, top_k=64, temperature=1.0), draw(nudged, uniform, top_k=64, temperature=1.0)
    )


class Fake:
    """A decoder whose next token is a sum over all it has read, and which notes what it was given.

    Args:
        clips: What leads it, a number per clip.
    """

    tokens = 9

    def __init__(self, clips: Sequence[int]) -> None:
        self.clips = clips
        self.read = torch.zeros(len(clips), CODEBOOKS, 0, dtype=torch.long)

    def __call__(self, columns: Tensor) -> Tensor:
        self.read = torch.cat([self.read, columns], dim=-1)
        logits = torch.zeros(len(self.clips), CODEBOOKS, self.tokens)
        for row, clip in enumerate(self.clips):
            for codebook in range(CODEBOOKS):
                logits[row, codebook, following(self.read[row].tolist(), clip, codebook)] = 1.0
        return logits


def following(columns: list[list[int]], clip: int, codebook: int) -> int:
    """Return the token that `Fake` finds most likely."""
    weighed = sum((place + 1) * (k + 2) * token for k, row in enumerate(columns) for place, token in enumerate(row))
    return (weighed + 5 * clip + codebook) % Fake.tokens


def naive(clip: int, length: int, windows: Windows) -> list[list[int]]:
    """Write one clip as `write` does, token by token and without anything to be remembered."""
    done: dict[tuple[int, int], int] = {}
    start = 0
    while len(done) < CODEBOOKS * length:
        end = min(length, start + windows.length)
        for column in range(end - start + CODEBOOKS):
            for codebook in range(CODEBOOKS):
                frame = start + column - 1 - codebook
                if start <= frame < end and (codebook, frame) not in done:
                    before = [
                        [
                            done[k, start + c - 1 - k] if start <= start + c - 1 - k < end else BLANK
                            for c in range(column)
                        ]
                        for k in range(CODEBOOKS)
                    ]
                    done[codebook, frame] = following(before, clip, codebook)
        start += windows.stride
    return [[done[codebook, frame] for frame in range(length)] for codebook in range(CODEBOOKS)]


def greedily(_clips: Sequence[int], logits: Tensor) -> Tensor:
    return logits.argmax(dim=-1)


def written(frames: Sequence[int], windows: Windows, clips: Sequence[int]) -> list[Tensor]:
    return write(
        lambda numbers: Fake([clips[number] for number in numbers]),
        greedily,
        frames=frames,
        windows=windows,
        nothing=torch.empty(len(frames), CODEBOOKS, 0, dtype=torch.long),
        blank=BLANK,
    )


@pytest.mark.parametrize("windows", [Windows(6, 2), Windows(6, 5), Windows(3, 1), Windows(100, 7)])
def test_clips_of_all_lengths_at_once_are_those_of_a_naive_loop(windows: Windows) -> None:
    frames = [7, 1, 13, 6, 12, 8, 3]
    tokens = written(frames, windows, clips=range(7))
    assert [clip.tolist() for clip in tokens] == [naive(n, length, windows) for n, length in enumerate(frames)]


def test_no_clips_are_no_tokens() -> None:
    assert written([], Windows(6, 2), clips=[]) == []


def test_every_column_is_read_once_and_the_prompt_at_once() -> None:
    given: list[int] = []
    fake = Fake([3, 4])

    def predict(columns: Tensor) -> Tensor:
        given.append(columns.shape[-1])
        return fake(columns)

    prompt = torch.tensor([[[1, 2, 3]] * CODEBOOKS, [[4, 5, 6]] * CODEBOOKS])
    tokens = fill(predict, lambda logits: logits.argmax(dim=-1), prompt=prompt, lengths=[8, 5], blank=BLANK)
    assert given == [4] + [1] * 7  # blanks and three frames; what follows the last column is of no interest
    assert torch.equal(tokens[..., :3], prompt)
    assert (tokens[1, :, 5:] == BLANK).all()
    assert torch.equal(delay(tokens, blank=BLANK)[..., :-1], fake.read)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_numbers_that_overflow_are_told(bad: float) -> None:
    logits = torch.zeros(2, CODEBOOKS, 9)
    logits[1, 2, 3] = bad
    nothing = torch.empty(2, CODEBOOKS, 0, dtype=torch.long)
    with pytest.raises(GenerationError, match=r"overflow in this precision\. Use bfloat16 or float32"):
        fill(lambda _: logits, lambda numbers: numbers.argmax(-1), prompt=nothing, lengths=[2, 1], blank=BLANK)
