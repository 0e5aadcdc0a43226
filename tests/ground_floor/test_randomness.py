"""Streams belong to purposes."""

import subprocess
import sys

from auricle.randomness import derive_seed, stream


def test_purposes_and_seeds_do_not_share_streams() -> None:
    seeds = {derive_seed(seed, purpose, number) for seed in (0, 1) for purpose in ("a", "b") for number in (0, 1)}
    assert len(seeds) == 8
    assert stream(0, "a").integers(1 << 30) != stream(0, "b").integers(1 << 30)


def test_another_process_with_another_string_hash_draws_the_same() -> None:
    script = "from auricle.randomness import derive_seed; print(derive_seed(7, 'caption', 3, 'rain.wav'))"
    drawn = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": number}, capture_output=True, check=True
        ).stdout
        for number in ("0", "1")
    }
    assert drawn == {f"{derive_seed(7, 'caption', 3, 'rain.wav')}\n".encode()}
